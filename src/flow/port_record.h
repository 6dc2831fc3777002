/*
 * port_record.h: sums of one service over some seconds, as a port record.  Private to
 * the room.
 */
#pragma once

#include "flow/flow.h"

/* detail NULL: without distributions. The extremes are those of a single second. */
void port_record_make(const struct catalog *catalog, const struct port_sample *s,
		      const struct port_detail *detail, uint32_t interval_s,
		      struct port_record *out);

/*
 * The quietest and the busiest of several seconds.  A second without a sample had no
 * bytes, and as many connections open as the one before it.
 */
struct port_extremes {
	uint64_t count; /* seconds with a sample */
	bool has_active;
	uint64_t active_min, active_max, bytes_min, bytes_max;
};

/* This many connections were open before, or without, a sample. */
void extremes_carry(struct port_extremes *e, uint64_t active);
void extremes_add(struct port_extremes *e, const struct port_sample *second);
void extremes_merge(struct port_extremes *into, const struct port_extremes *from);

/* Into a record of some seconds, whose interval_s is set. */
void extremes_put(const struct port_extremes *e, struct port_record *out);
