/*
 * prune.h: rows of breakwater.db that are too old or too many are deleted, a few at a
 * time.  Private to the room.
 */
#pragma once

#include "store/trunk.h"

/* A walk over all services that deletes the old rows of one level. */
struct sweep {
	int64_t before_us; /* rows that begin earlier go; of the last or running walk */
	int64_t *services; /* owned; those still to be visited */
	size_t count;
};

struct prune {
	struct sweep sweeps[LEVELS];
	int64_t events_us;   /* when events were last looked at */
	int64_t services_us; /* and services */
};

void prune_free(struct prune *prune);

/*
 * Deletes some of what is older than the limits at that time, in a transaction of its
 * own.  True if more is left.
 */
bool prune_age(struct prune *prune, struct trunk *trunk,
	       const struct store_limits *limits, int64_t now_us);

/* Deletes some of the finest and oldest there is, at that time. False if there is
 * nothing left. */
bool prune_oldest(struct trunk *trunk, int64_t now_us);
