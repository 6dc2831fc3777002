/*
 * erasing_parts.h: where an address is erased, each a page at a time in a transaction
 * of its own, going on where `erasing` says.  Private to the room.
 *
 * *more: there is more of it.  SQLite's code; SQLITE_BUSY: somebody reads still what
 * should go.
 */
#pragma once

#include "store/erasing.h"
#include "store/veil.h"

struct erasing_part {
	struct erasing *erasing;
	struct store *store;
	struct veil *veil;
	int64_t now_us;
};

/* Rows of breakwater.db, table by table. */
int erasing_rows(const struct erasing_part *part, bool *more);
/* Files of flows, and then those of evidence, day by day. */
int erasing_days(const struct erasing_part *part, bool *more);

/* Appends "finding 2" to what was done, or is left, if it is any. */
void erasing_say(field_text256 text, const char *table, uint64_t count);
