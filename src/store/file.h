/*
 * file.h: one database file opened for writing: its settings, its version, and what to
 * do when it is damaged.  Private to the room.
 */
#pragma once

#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/store.h"

/* What stands in the way. */
struct trouble {
	enum store_state state;
	char message[STORE_ERROR_MAX];
};
__attribute__((format(printf, 3, 4))) void
trouble_say(struct trouble *trouble, enum store_state state, const char *format, ...);

/* What a failed call on that database means. */
void trouble_of(struct trouble *trouble, sqlite3 *db, int code, const char *path);

/* One step from a version to the next. */
struct file_step {
	int from;
	const char *sql;
};

/* What a file of a kind holds. */
struct file_kind {
	int version; /* PRAGMA user_version */
	const struct file_step *steps;
	size_t step_count;
	/* Creates what is missing, columns too. SQLite's code. */
	int (*define)(sqlite3 *db);
	bool keeps_pages; /* that are free: used again, not given back; writes faster */
};

/*
 * Opens or creates it.  An older version is copied to PATH.vN-backup first, then taken
 * up to this one; a newer one is left as it is.  NULL with the trouble.
 */
sqlite3 *file_open(const char *path, const struct file_kind *kind,
		   struct trouble *trouble);

/* Renames the file and its -wal and -shm to NAME.corrupt-TIME. 0 or -errno. */
int file_set_aside(const char *path, int64_t now_us, char *to, size_t to_size);

/* The newest that was set aside of that file, if there is one. */
bool file_find_aside(const char *path, char out[static PATH_MAX]);

/* Bytes on disk, with -wal. */
uint64_t file_bytes(const char *path);

/* ---- small helpers over SQLite; its codes ---- */

/* Runs statements that give nothing. */
int db_run(sqlite3 *db, const char *sql);

/* The same of a buffer, which is then freed. */
int db_run_buf(sqlite3 *db, struct buf *sql);

/* Prepares for repeated use, and frees the buffer. */
int db_prepare(sqlite3 *db, struct buf *sql, sqlite3_stmt **stmt);

/* Runs it to its end and makes it ready for the next time. */
int db_finish(sqlite3_stmt *stmt);

/* Runs within a transaction of its own, which stays if that gives SQLITE_OK. */
int db_transact(sqlite3 *db, int (*run)(void *self), void *self);

/* The number a statement gives; other, if none or NULL. */
int64_t db_number(sqlite3 *db, const char *sql, int64_t other);

/* Adds the columns of a table that it lacks. */
int db_add_columns(sqlite3 *db, const char *table, enum record_kind kind,
		   uint64_t fields);
