/*
 * take_gap.c: what a sensor's records are missing, as a record of that sensor; see
 * take.h.
 */
#include "base/hash.h"
#include "fleet/take.h"

/* Of the same loss always the same, and no epoch that a sensor would choose. */
static uint64_t epoch_of(const struct batch_id *before)
{
	const uint64_t of[] = { before->epoch, (uint64_t)before->lane,
				UINT64_C(0x6761702e626174) };
	return hash_sum(of, sizeof(of));
}

bool take_gap_batch(const struct batch_id *before, int64_t start_us, int64_t end_us,
		    uint64_t count, struct batch_id *id, struct buf *bytes)
{
	struct gap_record gap;
	struct batch *batch = batch_new();
	if (batch == NULL)
		return false;
	*id = *before;
	id->lane = LANE_EVENT;
	id->epoch = epoch_of(before);
	record_init(RECORD_gap, &gap);
	gap.start = start_us < end_us ? start_us : end_us;
	gap.end = end_us;
	gap.reason = "spool";
	gap.count = count;
	struct batch_head head = { .id = *id,
				   .made_us = end_us,
				   .lost_us = UNKNOWN_TIME };
	bool is_made = batch_add(batch, RECORD_gap, &gap) &&
		       batch_finish(batch, &head, bytes) && buf_ok(bytes);
	batch_free(batch);
	return is_made;
}
