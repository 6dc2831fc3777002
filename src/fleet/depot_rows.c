/*
 * depot_rows.c: batches as rows; see depot_rows.h.
 */
#include "fleet/depot_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Texts may grow, a word is longer than the pointer to it, and each has a length. */
static size_t row_most(void)
{
	enum { OF_FIELD = 128, OF_PLACE = 128 };
	size_t most = 0;
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		const struct schema *schema = &schemas[kind];
		size_t size = DEPOT_UTF8_GROWS * schema->size +
			      OF_FIELD * schema->field_count + OF_PLACE;
		most = size > most ? size : most;
	}
	return most;
}

static bool take(void *to, enum record_kind kind, const void *record)
{
	struct depot_rows *rows = to;
	int64_t row = rows->place.row++;
	if (!depot_keeps(kind) ||
	    (rows->wants != NULL && !rows->wants(rows->self, row)))
		return true;
	struct depot_place place = rows->place;
	place.row = row;
	place.kept_at = depot_kept_at(kind, record, rows->now_us);
	rows->days[kind] |= UINT64_C(1)
			    << (place.kept_at / DEPOT_DAY_US - rows->first_day);
	struct buf *out = &rows->rows[kind];
	char *end = rows->encode(rows->row, kind, record, &place);
	buf_add(out, rows->row, (size_t)(end - rows->row));
	return buf_ok(out);
}

static void mark(struct depot_rows *rows, size_t batch)
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		rows->begins[batch][kind] = rows->rows[kind].len;
}

static void take_back(struct depot_rows *rows, size_t batch)
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		rows->rows[kind].len = rows->begins[batch][kind];
}

static bool has_failed(const struct depot_rows *rows)
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if (!buf_ok(&rows->rows[kind]))
			return true;
	return false;
}

bool depot_rows_read(struct depot_rows *rows, struct depot_batch *batches, size_t count)
{
	char error[BATCH_ERROR_MAX];
	rows->begins = calloc(count + 1, sizeof(rows->begins[0]));
	rows->row = malloc(row_most());
	rows->count = count;
	rows->now_us = clock_us(CLOCK_REALTIME);
	/* One more than is allowed at either end, as now need not be midnight. */
	rows->first_day = rows->now_us / DEPOT_DAY_US - DEPOT_LATE_DAYS - 1;
	if (rows->begins == NULL || rows->row == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct depot_batch *batch = &batches[i];
		mark(rows, i);
		rows->place =
			(struct depot_place){ .epoch = (int64_t)batch->id.epoch,
					      .sequence = (int64_t)batch->id.sequence };
		if (batch->result == 0 &&
		    !batch_read(batch->bytes, batch->len, take, rows, error)) {
			int why = errno;
			take_back(rows, i);
			batch->result = why == ENOMEM ? -EAGAIN : -EBADMSG;
		}
		if (has_failed(rows))
			return false;
	}
	mark(rows, count);
	return true;
}

void depot_rows_free(struct depot_rows *rows)
{
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		buf_free(&rows->rows[kind]);
	free(rows->begins);
	free(rows->row);
	rows->begins = NULL;
	rows->row = NULL;
}

struct bytes depot_rows_of(const struct depot_rows *rows, size_t batch,
			   enum record_kind kind)
{
	size_t from = rows->begins[batch][kind], to = rows->begins[batch + 1][kind];
	return bytes_of(rows->rows[kind].at + from, to - from);
}
