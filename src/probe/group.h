/*
 * group.h: the state of a target that stands for several, from those of its members.
 *
 * No clock, no I/O.  Up if all are, down if all are, else degraded; those of which
 * nothing is known count only where nothing is known of any.
 */
#pragma once

#include <stddef.h>

#include "record/reason.h"
#include "record/record.h"

enum { GROUP_NAME_MAX = 80 };

/* All zero: none was counted. */
struct group {
	unsigned count[PROBE_down + 1]; /* by state */
	/* The first reason of each, and who had it. */
	const char *reason[PROBE_down + 1];
	char names[PROBE_down + 1][128];
};

/* name: an address, or a host. */
void group_add(struct group *group, const char *name, enum probe_state state,
	       const char *reason);

/* State, reason and detail of all together into the record. */
void group_judge(const struct group *group, struct probe_record *told);
