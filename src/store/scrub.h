/*
 * scrub.h: nothing of what was changed or deleted is left in a database file, or in its
 * log.  Private to the room.
 *
 * SQLite overwrites what it deletes (secure_delete), but a row that was moved from one
 * page to another leaves its old copy where it was, a page that is free keeps what was
 * in it, and the log has pages as they were before.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>

/*
 * Writes all rows of a table again, in a transaction of its own, so that no page has
 * more than they are.  has_rowid: they have a number that is no column, which stays.
 * SQLite's code.
 */
int scrub_table(sqlite3 *db, const char *table, bool has_rowid);

/*
 * Gives back free pages, a part of them at a time, and then empties the log.  *more: it
 * is to be called again.  SQLITE_BUSY: somebody still reads the log.
 */
int scrub_file(sqlite3 *db, bool *more);
