/*
 * uptime.h: how each target was, hour by hour and day by day, counted as its probes
 * come. Private to the room.
 *
 * A thousand targets make millions of probes a day; whether they were well is asked by
 * the hour and by the day, and for longer than single probes are kept.
 */
#pragma once

#include <sqlite3.h>

#include "base/buf.h"
#include "record/record.h"
#include "store/store.h"

/*
 * Behind the tables of events: marks the probes that a store of before already has, if
 * is_new, for uptime_catch_up(). SQLite's code.
 */
int uptime_define(sqlite3 *db, bool is_new);

/* True if a store has no table of them yet. */
bool uptime_is_new(sqlite3 *db);

struct uptime {
	sqlite3_stmt *count;
	int64_t mark_us; /* probes of before are not counted yet; 0: all are */
};

/* SQLite's codes. */
int uptime_open(struct uptime *uptime, sqlite3 *db);
void uptime_close(struct uptime *uptime);
int uptime_count(struct uptime *uptime, const struct probe_record *probe);

/*
 * Counts an hour of the probes of before, in a transaction of its own; what is not
 * counted yet has no row.  Nothing to do when mark_us is 0.
 */
int uptime_catch_up(struct uptime *uptime, sqlite3 *db);
