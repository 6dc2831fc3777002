/*
 * exhibit.h: what a query of evidence gave: a table of texts and numbers.  Private to
 * the room.
 *
 * Its CSV (RFC 4180) is what is hashed, kept in a bundle, and compared when somebody
 * asks again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/store.h"

enum {
	EXHIBIT_COLUMNS_MAX = 32,
	EXHIBIT_ROWS_MAX = 1000000,
	EXHIBIT_BYTES_MAX = 64 << 20
};

struct cell {
	uint32_t at, len; /* in text, a NUL behind it */
	bool is_known, is_number;
};

struct exhibit {
	char *names[EXHIBIT_COLUMNS_MAX]; /* owned */
	size_t column_count;
	struct cell *cells; /* owned; column_count for each row */
	size_t row_count, row_room;
	struct buf text;
	bool is_cut, failed; /* there were more; without memory, or too many columns */
};

/* Of store_sql: self is a struct exhibit that is all zero. */
bool exhibit_columns(void *self, const char *const *names, size_t count);
bool exhibit_take(void *self, const struct store_value *values, size_t count);
void exhibit_free(struct exhibit *exhibit);

/* The cell's text, borrowed; NULL: it is unknown. */
const char *exhibit_cell(const struct exhibit *exhibit, size_t row, size_t column);
const struct cell *exhibit_cell_at(const struct exhibit *exhibit, size_t row,
				   size_t column);

/* The column of that name; -1: there is none. */
int exhibit_column(const struct exhibit *exhibit, const char *name);

/* All of it, with its head; one row. */
void exhibit_csv(const struct exhibit *exhibit, struct buf *out);
void exhibit_csv_row(const struct exhibit *exhibit, size_t row, struct buf *out);
