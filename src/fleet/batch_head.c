/*
 * batch_head.c: which batch it is, in front of what is compressed.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/varint.h"
#include "fleet/batch_inside.h"

enum { LANE_NAME_MAX = 16 };

void batch_msgid(const struct batch_id *id, char out[static BATCH_MSGID_MAX])
{
	snprintf(out, BATCH_MSGID_MAX, "%s.%s.%016llx.%llu", id->sensor,
		 fleet_lane_name(id->lane), (unsigned long long)id->epoch,
		 (unsigned long long)id->sequence);
}

static void put_number(struct buf *out, uint64_t value)
{
	uint8_t bytes[VARINT_MAX];
	buf_add(out, bytes, varint_write(bytes, value));
}

static void put_text(struct buf *out, const char *text)
{
	size_t len = strlen(text);
	put_number(out, len);
	buf_add(out, text, len);
}

static void put_u64(struct buf *out, uint64_t value)
{
	uint64_t bytes = htole64(value);
	buf_add(out, &bytes, sizeof(bytes));
}

void batch_put_head(struct buf *out, const struct batch_head *head, uint64_t raw_len)
{
	struct buf inner = { 0 };
	put_text(&inner, head->id.sensor);
	put_text(&inner, fleet_lane_name(head->id.lane));
	put_u64(&inner, head->id.epoch);
	put_number(&inner, head->id.sequence);
	put_number(&inner, varint_fold(head->made_us));
	put_number(&inner, head->lost);
	/* 0: unknown. */
	put_number(&inner,
		   head->lost_us == UNKNOWN_TIME ? 0 : varint_fold(head->lost_us) + 1);
	put_number(&inner, head->records);
	put_number(&inner, raw_len);
	buf_add(out, BATCH_MAGIC, BATCH_MAGIC_LEN);
	put_number(out, inner.len);
	buf_add(out, inner.at, inner.len);
	out->failed |= inner.failed;
	buf_free(&inner);
}

void batch_put_sum(struct buf *out, size_t begin)
{
	if (buf_ok(out))
		put_u64(out, hash_sum(out->at + begin, out->len - begin));
}

/* False if it does not fit, or a NUL is in it. */
static bool take_text(struct bytes *from, char *out, size_t size)
{
	uint64_t len = varint_take(from);
	struct bytes text = bytes_take(from, len);
	if (!bytes_ok(&text) || len >= size || memchr(text.at, '\0', len) != NULL)
		return false;
	memcpy(out, text.at, len);
	out[len] = '\0';
	return true;
}

static bool take_id(struct bytes *from, struct batch_id *id,
		    char error[static BATCH_ERROR_MAX])
{
	char lane_name[LANE_NAME_MAX];
	if (!take_text(from, id->sensor, sizeof(id->sensor)) ||
	    !fleet_name_is_good(id->sensor)) {
		snprintf(error, BATCH_ERROR_MAX, "its sensor has no name");
		return false;
	}
	int lane = take_text(from, lane_name, sizeof(lane_name))
			   ? fleet_lane_named(lane_name)
			   : LANE_NONE;
	if (lane == LANE_NONE) {
		snprintf(error, BATCH_ERROR_MAX, "its lane is none of ours");
		return false;
	}
	id->lane = (enum fleet_lane)lane;
	id->epoch = bytes_le64(from);
	id->sequence = varint_take(from);
	return true;
}

static bool take_head(struct bytes *from, struct batch_head *head, uint64_t *raw_len,
		      char error[static BATCH_ERROR_MAX])
{
	if (!take_id(from, &head->id, error))
		return false;
	head->made_us = varint_unfold(varint_take(from));
	head->lost = varint_take(from);
	uint64_t lost_us = varint_take(from);
	head->lost_us = lost_us == 0 ? UNKNOWN_TIME : varint_unfold(lost_us - 1);
	uint64_t records = varint_take(from);
	*raw_len = varint_take(from);
	if (!bytes_ok(from) || head->id.sequence == 0 ||
	    head->id.sequence > INT64_MAX) {
		snprintf(error, BATCH_ERROR_MAX, "its head is cut off or wrong");
		return false;
	}
	if (records > BATCH_RECORDS_MAX || *raw_len > BATCH_RAW_MAX) {
		snprintf(error, BATCH_ERROR_MAX,
			 "it says that it holds %llu records in %llu bytes: at most %d "
			 "in %d",
			 (unsigned long long)records, (unsigned long long)*raw_len,
			 BATCH_RECORDS_MAX, BATCH_RAW_MAX);
		return false;
	}
	head->records = (uint32_t)records;
	return true;
}

/* Takes the sum off the end. */
static bool sum_is_right(struct bytes *message)
{
	if (message->len < BATCH_MAGIC_LEN + BATCH_SUM_LEN)
		return false;
	message->len -= BATCH_SUM_LEN;
	struct bytes sum = bytes_of(message->at + message->len, BATCH_SUM_LEN);
	return bytes_le64(&sum) == hash_sum(message->at, message->len);
}

bool batch_take_head(struct bytes *message, struct batch_head *head, uint64_t *raw_len,
		     char error[static BATCH_ERROR_MAX])
{
	const char *wrong = NULL;
	memset(head, 0, sizeof(*head));
	if (message->len > BATCH_BYTES_MAX)
		wrong = "it is longer than a batch may be";
	else if (message->len < BATCH_MAGIC_LEN ||
		 memcmp(message->at, BATCH_MAGIC, BATCH_MAGIC_LEN) != 0)
		wrong = "it does not begin as a batch of this version";
	else if (!sum_is_right(message))
		wrong = "its bytes are not those that were written";
	if (wrong != NULL) {
		snprintf(error, BATCH_ERROR_MAX, "%s", wrong);
		return false;
	}
	bytes_take(message, BATCH_MAGIC_LEN);
	struct bytes inner = bytes_take(message, varint_take(message));
	return take_head(&inner, head, raw_len, error);
}

bool batch_read_head(const void *bytes, size_t len, struct batch_head *head,
		     char error[static BATCH_ERROR_MAX])
{
	struct bytes message = bytes_of(bytes, len);
	uint64_t raw_len;
	return batch_take_head(&message, head, &raw_len, error);
}
