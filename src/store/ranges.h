/*
 * ranges.h: which times the rows of a day's file are about, by block ranges of some
 * thousand rows, so that readers leave out most of a file; elsewhere that is BRIN, or
 * zone maps.  Private to the room.
 *
 * Rows of a day's file are only ever appended: a range that is full does not change.
 * Each says exactly which rows it covers, and rows of none are read: those of a file,
 * or of a time, when a version wrote that knew no ranges.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"
#include "store/store.h"

enum { RANGE_ROWS = 4096 };

/* Rows with a time that is unknown make all of them open: INT64_MIN, INT64_MAX. */
struct flow_range {
	int64_t first, last; /* rows */
	int64_t least_start, greatest_start, least_end, greatest_end;
};

/* ---- writing ---- */

/* Creates the table, and a number that tells this file from one of the same name. */
int ranges_define(sqlite3 *db);

/* The range that grows, a copy of the file's plus the running transaction. */
struct range_writer {
	sqlite3_stmt *put;
	struct flow_range open;
	bool is_changed;
};

/* Goes on where the file ends. SQLite's codes, as all below. */
int ranges_open(struct range_writer *writer, sqlite3 *db);
void ranges_close(struct range_writer *writer);

/* The flow is the file's last row; the range is written when full, or by ranges_end().
 */
int ranges_add(struct range_writer *writer, sqlite3 *db,
	       const struct flow_record *flow);
int ranges_end(struct range_writer *writer);

/* ---- reading ---- */

#define RANGES_CONTENT "content" /* in meta */

/* The ranges of a file, the newest first. */
struct range_list {
	struct flow_range *at; /* owned */
	size_t count;
	int64_t file;    /* the file's number; 0: a file without ranges */
	int64_t content; /* another one each time that its rows were changed */
};
int ranges_read(sqlite3 *db, struct range_list *out);
void ranges_free(struct range_list *list);

static inline bool range_overlaps(const struct flow_range *range, int64_t since_us,
				  int64_t until_us)
{
	return range->greatest_end >= since_us && range->least_start <= until_us;
}

/* All its flows do. */
static inline bool range_lies_within(const struct flow_range *range, int64_t since_us,
				     int64_t until_us)
{
	return range->least_end >= since_us && range->greatest_start <= until_us;
}

/* Rows one behind the other, the newest first. */
struct row_runs {
	struct row_run {
		int64_t first, last;
	} * at; /* owned */
	size_t count, room;
};
void runs_free(struct row_runs *runs);

/*
 * The rows of a file that are to be read for a filter: those that may overlap its time,
 * and of these the part that it asks for.
 */
int runs_choose(sqlite3 *db, int64_t day, const struct store_filter *filter,
		struct row_runs *out);
