/*
 * days.h: files of one UTC day each, of flows (by their end) and of evidence of attacks
 * (evidence.h).  Private to the room.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"
#include "store/file.h"
#include "store/ranges.h"
#include "store/wal.h"

#define DAY_US 86400000000LL

/* Days since 1970. */
static inline int64_t day_of(int64_t at_us)
{
	return at_us >= 0 ? at_us / DAY_US : -((-at_us - 1) / DAY_US) - 1;
}

enum day_series { DAYS_FLOWS, DAYS_EVIDENCE, DAY_SERIES };

/* FOLDER/flows-YYYY-MM-DD.db; years 0000 to 9999. */
void day_path(const char *folder, enum day_series series, int64_t day, char *out,
	      size_t size);

/* The days that have a file, ascending, to be freed; their count, or -errno. */
long days_list(const char *folder, enum day_series series, int64_t **days);

/* Removes the file of that day, with -wal and -shm. 0 or -errno. */
int day_remove(const char *folder, enum day_series series, int64_t day);

/* The day a flow is kept under: that of its end; else of its start. */
int64_t day_of_flow(const struct flow_record *flow);

/*
 * A file of flows open for writing.  Beside the table `flow` it has `span`: one row
 * with the least start and the greatest end, so that readers leave out whole files; and
 * `flow_range`, so that they leave out parts of one.
 */
struct day_file {
	sqlite3 *db;
	int64_t day;
	sqlite3_stmt *insert, *put_span;
	int64_t least_start, greatest_end; /* of the file */
	bool span_changed;
	struct range_writer ranges;
	struct wal wal;
};

/* False with the trouble. */
bool day_open(struct day_file *file, const char *folder, int64_t day,
	      struct trouble *trouble);
void day_close(struct day_file *file);

/* SQLite's codes. A transaction is the caller's; day_end() writes what is known of its
 * rows. */
int day_insert(struct day_file *file, const struct flow_record *flow);
int day_end(struct day_file *file);
