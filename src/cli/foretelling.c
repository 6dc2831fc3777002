/*
 * foretelling.c: see foretelling.h.
 */
#include "cli/foretelling.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/hash.h"
#include "cli/cli.h"
#include "cli/store_look.h"

#define SECOND_US INT64_C(1000000)
#define HOUR_US   (3600 * SECOND_US)
#define DAY_US    (24 * HOUR_US)
enum { STEP_BACK = 19 /* the nicest */, READ_MS = 1000, LATER = 6 };

/* ---- when ---- */

static bool take_last(void *to, const void *record)
{
	*(int64_t *)to = ((const struct forecast_record *)record)->at;
	return false;
}

int64_t foretelling_last(const char *folder)
{
	int64_t last_us = UNKNOWN_TIME;
	store_look_back(folder, RECORD_forecast, READ_MS, take_last, &last_us);
	return last_us;
}

void foretelling_open(struct foretelling *f, const char *folder, int64_t last_us,
		      int64_t now_us)
{
	uint64_t chance = hash_key_random().k0;
	f->folder = folder;
	f->jitter_us = (int64_t)(chance % (uint64_t)HOUR_US);
	f->last_us = last_us;
	f->again_us = now_us + f->jitter_us / LATER;
}

bool foretelling_is_due(struct foretelling *f, int64_t history_us, int64_t now_us)
{
	/* The clock was set back. */
	if (f->last_us != UNKNOWN_TIME && f->last_us > now_us)
		f->last_us = now_us;
	if (f->again_us > now_us + HOUR_US)
		f->again_us = now_us + HOUR_US;
	int64_t since_us = f->last_us != UNKNOWN_TIME ? f->last_us : history_us;
	return since_us != UNKNOWN_TIME && now_us >= f->again_us &&
	       now_us - since_us >= DAY_US + f->jitter_us;
}

/* ---- the thread ---- */

static void *run(void *self)
{
	struct foretelling *f = self;
	const struct forecast_asked asked = { .port = UINT64_MAX,
					      .state = f->folder,
					      .limits = &f->limits,
					      .cancel = &f->is_cancelled };
	struct forecast_run run;
	/* On Linux it is this thread's alone. */
	(void)setpriority(PRIO_PROCESS, 0, STEP_BACK);
	f->status = forecast_run_open(&run, &asked);
	f->at_us = run.foresee.at_us;
	run.uses = &f->uses;
	run.foresee.emit = forecasts_keep;
	run.foresee.to = &f->told;
	if (f->status == STATUS_OK)
		f->status = forecast_run_all(&run);
	forecast_run_close(&run);
	atomic_store(&f->has_ended, true);
	return NULL;
}

static void forget(struct foretelling *f)
{
	free(f->told.rows);
	free(f->uses.rows);
	f->told = (struct forecasts){ 0 };
	f->uses = (struct capacities){ 0 };
	f->given = f->uses_given = 0;
	f->has_new = false;
}

void foretelling_begin(struct foretelling *f, const struct foresee_limits *limits,
		       int64_t now_us)
{
	if (f->is_running || f->has_new)
		return;
	f->limits = *limits;
	f->again_us = now_us + HOUR_US;
	atomic_store(&f->has_ended, false);
	f->is_running = pthread_create(&f->thread, NULL, run, f) == 0;
}

bool foretelling_has(struct foretelling *f, int64_t now_us)
{
	if (!f->is_running || !atomic_load(&f->has_ended))
		return f->has_new;
	pthread_join(f->thread, NULL);
	f->is_running = false;
	if (f->status != STATUS_OK || f->told.has_failed || f->uses.has_failed) {
		forget(f);
		return false;
	}
	/* Of a clock that was set back since. */
	f->last_us = f->at_us < now_us ? f->at_us : now_us;
	f->has_new = true;
	return true;
}

const struct capacity_record *foretelling_next_use(struct foretelling *f)
{
	return f->uses_given < f->uses.count ? &f->uses.rows[f->uses_given++] : NULL;
}

const struct forecast_record *foretelling_next(struct foretelling *f)
{
	if (f->given < f->told.count)
		return &f->told.rows[f->given++];
	forget(f);
	return NULL;
}

void foretelling_close(struct foretelling *f)
{
	if (f->is_running) {
		atomic_store(&f->is_cancelled, true);
		pthread_join(f->thread, NULL);
		f->is_running = false;
	}
	forget(f);
}
