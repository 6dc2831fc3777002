/*
 * rows.h: the records an answer consists of: those wanted, the first `limit` in order.
 *
 * Costs memory for `limit` records, however many come: a heap keeps the worst of the
 * chosen on top, to be replaced.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "web/query.h"

struct rows {
	const struct query *query;
	uint8_t *records;  /* owned, `room` records */
	uint32_t *order;   /* owned, indices into records */
	uint64_t *arrival; /* owned, by index: equal rows stay as they came */
	size_t count, room;
	uint64_t total; /* how many were wanted */
	bool failed;    /* out of memory */
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
void rows_write(const struct rows *rows, struct buf *out);
void rows_free(struct rows *rows);
