/*
 * trunk.h: FOLDER/breakwater.db open for writing: everything but flows.  Private to the
 * room.
 *
 * All that is in memory is a copy of the file plus the running transaction.  After a
 * failed one it is closed and opened again.
 */
#pragma once

#include "store/bucket.h"
#include "store/events.h"
#include "store/file.h"
#include "store/gaps.h"
#include "store/rollup.h"
#include "store/wal.h"

struct trunk {
	sqlite3 *db;
	struct level_access access;
	struct book *book;
	struct bucket *bucket;
	struct rollup rollup;
	struct events *events;
	int64_t heartbeat_us; /* gaps.watched_us on disk */
	struct wal wal;
};

/* What FOLDER/breakwater.db is made of, also for tests of migration. */
extern const struct file_kind trunk_kind;

void trunk_path(const char *folder, char *out, size_t size);

/* False with the trouble. */
bool trunk_open(struct trunk *trunk, const char *path, struct trouble *trouble);
void trunk_close(struct trunk *trunk);

/* One record within a transaction; port: see trunk_put_port(). SQLite's code. */
int trunk_put(struct trunk *trunk, struct gaps *gaps, enum record_kind kind,
	      const void *record);
int trunk_put_port(struct trunk *trunk, struct gaps *gaps,
		   const struct roll_part *second);

/*
 * Before the commit: rows of ports, roll-ups that are due, gaps that wait.  *more: some
 * roll-ups are left for the next time.  SQLite's code.
 */
int trunk_end(struct trunk *trunk, struct gaps *gaps, bool *more);
