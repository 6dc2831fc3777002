/*
 * evidence.h: files of what attacks were judged by, one per UTC day.  Private to the
 * room.
 *
 * Of each file the table `evidence` has a row for each block of records (pack.h), in
 * the order in which they came; the last one is written again until it is full.
 * `left_out` has times in which more came than is kept.
 */
#pragma once

#include <sqlite3.h>

#include "store/alike.h"
#include "store/file.h"
#include "store/pack.h"
#include "store/ration.h"
#include "store/wal.h"

/* A file open for writing. */
struct evidence_file {
	sqlite3 *db;
	int64_t day;
	sqlite3_stmt *put, *put_left_out;
	struct pack pack; /* of the row that is not full */
	int64_t row;
	bool is_changed;
	int64_t left_out_us; /* begin of the time that goes on; UNKNOWN_TIME: none */
	int64_t left_out_last_us;
	uint64_t left_out;
	struct wal wal;
};

/* What is remembered beside files, to choose by. */
struct evidence_choice {
	struct ration ration;
	struct alike alike;
};

/* The time by which a record belongs to a day. */
int64_t evidence_time(enum record_kind kind, const void *record);

/* False with the trouble. */
bool evidence_open(struct evidence_file *file, const char *folder, int64_t day,
		   struct trouble *trouble);
void evidence_close(struct evidence_file *file);

/*
 * SQLite's codes.  A transaction is the caller's; what is added is in it after
 * evidence_end().
 */
int evidence_add(struct evidence_file *file, struct evidence_choice *choice,
		 enum record_kind kind, const void *record);
int evidence_end(struct evidence_file *file);
