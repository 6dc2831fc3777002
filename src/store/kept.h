/*
 * kept.h: how long each kind of record is kept: the one place that says it.  Private to
 * the room.
 */
#pragma once

#include "record/record.h"
#include "store/store.h"

struct kept {
	enum record_kind kind;
	size_t limit;     /* offset in struct store_limits, in seconds */
	const char *time; /* column by which it ages */
	const char *over; /* condition of rows that may go; "1": all; "$" is the time
			     before which */
};

/* Of kinds that have a row for each record; the rest: prune.c. */
extern const struct kept kept[];
extern const size_t kept_count;

/* Of that kind, in seconds. */
uint32_t kept_seconds(const struct kept *of, const struct store_limits *limits);
