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

bool take_gap_batch(const struct take_gap *gap, struct batch_id *id, struct buf *bytes)
{
	struct gap_record record;
	struct batch *batch = batch_new();
	if (batch == NULL)
		return false;
	*id = gap->before;
	id->lane = LANE_EVENT;
	id->epoch = epoch_of(&gap->before);
	record_init(RECORD_gap, &record);
	record.start = gap->start_us < gap->end_us ? gap->start_us : gap->end_us;
	record.end = gap->end_us;
	record.reason = gap->reason;
	record.count = gap->count;
	struct batch_head head = { .id = *id,
				   .made_us = gap->end_us,
				   .lost_us = UNKNOWN_TIME };
	bool is_made = batch_add(batch, RECORD_gap, &record) &&
		       batch_finish(batch, &head, bytes) && buf_ok(bytes);
	batch_free(batch);
	return is_made;
}
