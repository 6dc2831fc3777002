/*
 * wal.h: SQLite's write-ahead log goes back into its file in a thread of its own, so
 * that who commits does not wait for the disk meanwhile.  Private to the room.
 *
 * SQLite calls that a checkpoint; it copies the log's pages into the file and waits for
 * the disk twice, which on a busy machine takes seconds.  Beside it the writer only
 * appends; once all is copied and nobody reads in it, its next commit begins the log
 * anew.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>

enum {
	WAL_PAGES = 2000,      /* of a log that is carried over ... */
	WAL_PAGES_AGAIN = 250, /* ... and again, while it has not begun anew */
	/* So many the thread can't cope with: who commits does it, and waits. */
	WAL_PAGES_MAX = 8192,
};

struct wals;

/* A log; all zero: none.  It stays where it is as long as it is watched. */
struct wal {
	struct wals *wals;
	struct wal *next;
	sqlite3 *db;    /* the writer's */
	sqlite3 *own;   /* the thread's, from the first time on */
	int pages, due; /* after the last commit; when it is to be carried over */
	bool is_wanted;
};

/* With the thread; NULL if that can't be. */
struct wals *wals_new(void);
/* None is watched any more. */
void wals_free(struct wals *wals);

/* From now on, of a database that its caller writes to. */
void wal_watch(struct wal *wal, struct wals *wals, sqlite3 *db);

/* Waits until the thread does nothing with it; that is so until the next commit. */
void wal_rest(struct wal *wal);

/* Before the database is closed, so that nobody has it open when it is moved away. */
void wal_leave(struct wal *wal);
