/*
 * hours.h: what `self` says each second, as one row an hour, which is kept as long as
 * events: whoever asks in a year how well was watched has it from there.  Private to
 * the room.
 *
 * Counters of `self` run since the start; here they are what came within the hour.  Of
 * the first second after an opening nothing is known to compare with: its counts are
 * left out.
 */
#pragma once

#include <sqlite3.h>

#include "record/record.h"

struct hours {
	struct health_record hour;
	struct self_record before; /* at unknown: none */
};

void hours_init(struct hours *hours);

/*
 * Takes a second into its hour, hours->hour, which goes on from the row there is.
 * SQLite's code.
 */
int hours_take(struct hours *hours, sqlite3 *db, const struct self_record *self);
