/*
 * rows.h: the records an answer consists of: those wanted, the first `limit` in order.
 *
 * Costs memory for `limit` records, however many come, and never more than
 * ROWS_BYTES_MAX: a heap keeps the worst of the chosen on top, to be replaced.  What is
 * written of them is bounded by as much.  `total` tells how many there are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "web/query.h"

enum { ROWS_BYTES_MAX = 128 << 20 };

struct rows {
	const struct query *query;
	size_t most;       /* the limit, or what there is memory for */
	uint8_t *records;  /* owned, `room` records */
	uint32_t *order;   /* owned, indices into records */
	uint64_t *arrival; /* owned, by index: equal rows stay as they came */
	size_t count, room;
	uint64_t total; /* how many were wanted */
	bool failed;    /* out of memory */
	bool cut;       /* not all that the limit allows: ROWS_BYTES_MAX */
};

void rows_init(struct rows *rows, const struct query *query);
/* A web_emit: to is a struct rows. */
void rows_take(void *to, const void *record);
/* Puts them in order; then rows_at(rows, 0) is the first. */
void rows_sort(struct rows *rows);
const void *rows_at(const struct rows *rows, size_t i);
/* True if the limit is reached and the record would not be among the chosen. */
bool rows_are_past(const struct rows *rows, const void *record);
/* Appends them in the form that the query asks for. */
void rows_write(struct rows *rows, struct buf *out);
void rows_free(struct rows *rows);
