/*
 * foretelling.h: forecasts of all that has a history, and how each service is used,
 * once a day, by a thread of its own: reading twelve weeks of hundreds of services
 * takes seconds, which the loop has not.
 *
 * It reads the store as `breakwater forecast --state` does, at the lowest priority, and
 * does nothing else.  Not all machines of a house do so at the same minute.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/forecast_run.h"

struct foretelling {
	const char *folder; /* of the store; borrowed */
	int64_t jitter_us;  /* this machine's, within an hour */
	int64_t last_us;    /* end of the history of the last ones; UNKNOWN_TIME */
	int64_t again_us;   /* not before, after a failure */
	bool is_running;
	pthread_t thread;
	/* The thread's, while it runs: */
	struct foresee_limits limits;
	struct forecasts told;
	struct capacities uses;
	int64_t at_us;
	int status;
	atomic_bool is_cancelled, has_ended;
	/* Afterwards: */
	bool has_new;
	size_t given, uses_given; /* of what is told */
};

/* When the last ones were made, as the store knows; UNKNOWN_TIME.  On any thread. */
int64_t foretelling_last(const char *folder);
/*
 * last_us: foretelling_last(), of before the store is written.  Within the first
 * minutes it makes none, as who starts has other things to do.
 */
void foretelling_open(struct foretelling *f, const char *folder, int64_t last_us,
		      int64_t now_us);
/* Waits for the thread, which ends soon. */
void foretelling_close(struct foretelling *f);

/*
 * A day after the last ones, or after the begin of history (UNKNOWN_TIME: there is
 * none).
 */
bool foretelling_is_due(struct foretelling *f, int64_t history_us, int64_t now_us);

/* Begins, unless they are being made. */
void foretelling_begin(struct foretelling *f, const struct foresee_limits *limits,
		       int64_t now_us);

/*
 * Whether new ones are there, to be taken one by one; NULL: that was all.  How services
 * are used is to be taken first: with the last forecast all of it is forgotten.
 */
bool foretelling_has(struct foretelling *f, int64_t now_us);
const struct capacity_record *foretelling_next_use(struct foretelling *f);
const struct forecast_record *foretelling_next(struct foretelling *f);
