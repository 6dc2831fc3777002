/*
 * evidence_erase.h: an address in a file of evidence gives way to another.  Private to
 * the room.
 */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "base/addr.h"
#include "record/record.h"

/* Whether it is one of the record's addresses. */
bool record_has_addr(enum record_kind kind, const void *record,
		     const struct addr *addr);

/*
 * Within a transaction, and no file of that name is being written to: in the blocks
 * [first, last].  *count grows by the records that had it.  SQLite's code.
 */
int evidence_erase(sqlite3 *db, const struct addr *addr, const struct addr *instead,
		   int64_t first, int64_t last, uint64_t *count);
