/*
 * prune_events.h: rows of what is not traffic that are too old or too many; but for
 * those that are held (holds.h).  Private to the room.
 */
#pragma once

#include <sqlite3.h>

#include "store/store.h"

/*
 * Within a transaction, as all of these: deletes some of what is older than the limits
 * at that time.  *more is set if some is left.  SQLite's code.
 */
int prune_events(sqlite3 *db, const struct store_limits *limits, int64_t now_us,
		 bool *more);

/* For want of room: some of those of which there are many. False: there are few. */
bool prune_oldest_events(sqlite3 *db, int64_t now_us, int *code);
bool prune_oldest_sockets(sqlite3 *db, int *code);
