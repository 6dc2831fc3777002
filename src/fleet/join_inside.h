/*
 * join_inside.h: what join.c and join_work.c share.
 */
#pragma once

#include <pthread.h>

#include "fleet/join.h"

struct joining {
	struct joining_options o;
	struct keyring keys;
	struct link *system; /* the system account: where servers are told */
	struct link_listen *listen;
	pthread_t thread;
	pthread_mutex_t auditing; /* one at a time */
	pthread_mutex_t lock;     /* of all below */
	pthread_cond_t changed;
	bool ends;
	int64_t renew_at_us; /* by CLOCK_MONOTONIC; 0: nobody was revoked since */
	char trouble[JOINING_ERROR_MAX];
	/* The thread of answers' own: refusals that were not told one by one. */
	int64_t refused_us;
	uint64_t refused_more;
};

bool joining_tell(struct joining *joining, const struct note *note);
/* Somebody is not taken any more: servers are told after that time. */
void joining_renew_in(struct joining *joining, int64_t delay_us);

/* Until joining->ends. */
void *joining_work(void *self);
