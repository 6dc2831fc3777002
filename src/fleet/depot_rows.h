/*
 * depot_rows.h: batches as rows in a database's own binary form, by kind of record, so
 * that each kind is sent at once.  Private to depot*.c.
 */
#pragma once

#include "base/bytes.h"
#include "fleet/depot_driver.h"

/* Where a row belongs, beside what the record says. */
struct depot_place {
	int64_t kept_at, epoch, sequence, row;
};

/*
 * Writes a row, into room that is enough for whatever it holds (depot_rows.c); returns
 * its end.
 */
typedef char *(*depot_encode)(char *out, enum record_kind kind, const void *record,
			      const struct depot_place *place);

struct depot_rows {
	/* The caller's: */
	depot_encode encode;
	bool (*wants)(void *self, int64_t row); /* NULL: all */
	void *self;
	/* Told: */
	struct buf rows[RECORD_KINDS];
	size_t count;                   /* of batches */
	size_t (*begins)[RECORD_KINDS]; /* of each batch's rows, and behind the last */
	int64_t first_day;              /* that a row may be filed under, since 1970 */
	uint64_t days[RECORD_KINDS];    /* bit n: some are under first_day + n */
	/* Of the next row. */
	char *row; /* owned */
	struct depot_place place;
	int64_t now_us;
};

/*
 * Reads those whose result is 0; of what is no batch nothing stays, and -EBADMSG is its
 * result.  False without memory.
 */
bool depot_rows_read(struct depot_rows *rows, struct depot_batch *batches,
		     size_t count);
void depot_rows_free(struct depot_rows *rows);

/* The rows of one batch and kind. */
struct bytes depot_rows_of(const struct depot_rows *rows, size_t batch,
			   enum record_kind kind);
