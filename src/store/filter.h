/*
 * filter.h: what a store_filter asks of records, of the store on a machine and of a
 * fleet's depot alike.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "record/record.h"
#include "store/store.h"

/* Whether records of that kind last for a time; the others are of one moment. */
bool filter_lasts(enum record_kind kind);

/*
 * Appends a condition of SQL, SQLite's or another's: that a record overlaps a time.
 * since and until stand for its ends, at is the column of the record's own moment.
 */
void filter_time(struct buf *sql, enum record_kind kind, uint32_t step_s,
		 const char *since, const char *until, const char *at);

/* Whether one of its addresses is in the network; without one, it is not asked. */
bool filter_is_of_host(const struct store_filter *filter, enum record_kind kind,
		       const void *record);
