/*
 * capacity.h: how a service is used by hour of the week: when it is busiest, whether
 * anybody uses it, and what its link has left.
 */
#pragma once

#include <stddef.h>

#include "record/record.h"

struct capacity_hours {
	const double *bytes, *flows; /* per second; per hour; NaN: unknown */
	size_t count;                /* the last one ends at at_us */
	int64_t at_us;
	double link_bytes; /* a second; NaN */
};

/* Fills all but the names. */
void capacity_tell(const struct capacity_hours *hours, struct capacity_record *out);
