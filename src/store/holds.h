/*
 * holds.h: legal holds: what belongs to an incident that is held stays as it is.
 * Private to the room.
 *
 * Beside the incident's own records these are the logins, and the whole files of
 * connections and of evidence, of the time from its begin to its end.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"

/* Whether any is in force at that time. */
bool holds_any(sqlite3 *db, int64_t now_us);

/*
 * Appends to a statement about the table of that kind " AND NOT ..": all but what is
 * held; or " AND ...": that alone, false of a kind that no hold is about.
 */
void holds_spare(struct buf *sql, enum record_kind kind, int64_t now_us);
bool holds_only(struct buf *sql, enum record_kind kind, int64_t now_us);

/*
 * Until when nobody knows what was held, as the file that said so can't be read
 * (holds_rescue.h): all days are held until then.  In meta.
 */
#define HOLDS_UNKNOWN "holds_unknown_until"
enum { HOLDS_UNKNOWN_DAYS = 30 };

/* Whether that day (days since 1970) is of the time of an incident that is held. */
bool holds_day(sqlite3 *db, int64_t day, int64_t now_us);
