/*
 * probing.c: see probing.h.
 */
#include "cli/probing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "probe/event.h"
#include "probe/rounds.h"

_Static_assert(sizeof(struct probe_event) <= GUARD_EVENT_MAX,
	       "one event is one message");

/* ---- in the process of its own ---- */

struct asking_process {
	const struct config *config;
	struct rounds *rounds;
};

static void tell(void *to, const struct probe_record *record)
{
	struct probe_event event;
	(void)to;
	probe_event_make(record, &event);
	guard_emit(&event, sizeof(event));
}

static bool open_rounds(void *self)
{
	struct asking_process *process = self;
	const struct config *config = process->config;
	const struct round_rules rules = {
		.interval_s = config->probe_interval,
		.retry_s = config->probe_retry,
		.health = { .fails = (uint8_t)config->probe_fails,
			    .of = (uint8_t)config->probe_of,
			    .recovers = (uint8_t)config->probe_recovers },
	};
	process->rounds = rounds_new(tell, NULL);
	for (size_t i = 0; i < config->probe_targets.count && process->rounds != NULL;
	     i++) {
		struct target target;
		char why[TARGET_WHY_MAX];
		if (target_parse(&target, config->probe_targets.at[i], why))
			rounds_add(process->rounds, &target, &rules);
	}
	return process->rounds != NULL;
}

static int rounds_wait_for(void *self)
{
	struct asking_process *process = self;
	return rounds_fd(process->rounds);
}

static int rounds_wait_ms(void *self)
{
	struct asking_process *process = self;
	return rounds_timeout_ms(process->rounds);
}

static void run_rounds(void *self)
{
	struct asking_process *process = self;
	rounds_run(process->rounds);
}

static void close_rounds(void *self)
{
	struct asking_process *process = self;
	rounds_free(process->rounds);
}

/* ---- in the daemon ---- */

static bool targets_are_good(const struct config_texts *targets)
{
	bool good = true;
	for (size_t i = 0; i < targets->count; i++) {
		struct target target;
		char why[TARGET_WHY_MAX];
		if (target_parse(&target, targets->at[i], why)) {
			target_free(&target);
			continue;
		}
		fprintf(stderr, "breakwater: probe.targets: %s\n", why);
		good = false;
	}
	return good;
}

int probing_fork(struct probing *p, const struct config *config)
{
	if (!targets_are_good(&config->probe_targets))
		return STATUS_USAGE;
	if (config->probe_targets.count == 0)
		return STATUS_OK;
	struct asking_process process = { .config = config };
	struct guard_task task = { .kind = GUARD_PROBER,
				   .user = config->user,
				   .self = &process,
				   .open = open_rounds,
				   .fd = rounds_wait_for,
				   .timeout_ms = rounds_wait_ms,
				   .run = run_rounds,
				   .close = close_rounds };
	p->last = calloc(config->probe_targets.count, sizeof(p->last[0]));
	p->process = p->last != NULL ? guard_fork(&task) : NULL;
	p->error = p->process == NULL ? errno : 0;
	return STATUS_OK;
}

void probing_close(struct probing *p)
{
	guard_close(p->process);
	free(p->last);
	*p = (struct probing){ 0 };
}

int probing_fd(const struct probing *p)
{
	return p->process != NULL ? guard_fd(p->process) : -1;
}

/* At its target's place; a new one at the end. */
static void keep(struct probing *p, const struct probe_record *record)
{
	size_t i = 0;
	while (i < p->count && strcmp(p->last[i].target, record->target) != 0)
		i++;
	p->last[i] = *record;
	p->count += i == p->count;
}

bool probing_next(struct probing *p, struct probe_record *out)
{
	struct probe_event event;
	int len = guard_next(p->process, &event, sizeof(event));
	if (len <= 0 || !probe_event_read(&event, (size_t)len, out))
		return false;
	keep(p, out);
	return true;
}

bool probing_has_ended(struct probing *p, char text[static GUARD_TEXT_MAX])
{
	if (p->process == NULL || guard_is_alive(p->process))
		return false;
	guard_describe(p->process, text);
	guard_close(p->process);
	p->process = NULL;
	p->error = ECHILD;
	return true;
}
