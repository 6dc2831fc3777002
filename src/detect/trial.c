/*
 * trial.c: what a register would have raised, over records of the past.
 *
 * Nothing but the same detectors, run over the same records with another register:
 * time comes with the records.
 */
#include <stdlib.h>
#include <string.h>

#include "detect/inside.h"

struct detect_trial {
	struct detect *detect;
	struct detect_trial_sum sum;
	struct finding_record *findings; /* TRIAL_MAX, in order of first sight */
	size_t count;
	uint32_t
		of_id[DETECT_TRIAL_MAX * 2]; /* open addressing; 0: none, else from 1 */
};

static uint32_t *slot_of(struct detect_trial *trial, const char *id)
{
	size_t at = strtoull(id, NULL, 16) % (DETECT_TRIAL_MAX * 2);
	while (trial->of_id[at] != 0 &&
	       strcmp(trial->findings[trial->of_id[at] - 1].id, id) != 0)
		at = (at + 1) % (DETECT_TRIAL_MAX * 2);
	return &trial->of_id[at];
}

/* Only what the register has a say in: a replaced program is none of its doing. */
static bool is_of_register(const struct finding_record *f)
{
	return strcmp(f->kind, "unauthorized_port") == 0 ||
	       strcmp(f->kind, "unexpected_protocol") == 0;
}

static void add_up(struct detect_trial *trial, const struct finding_record *finding)
{
	const char *technique = finding->technique != NULL ? finding->technique : "";
	if (strcmp(technique, "listener") == 0)
		trial->sum.refused_listeners++;
	else if (strcmp(technique, "connection") == 0)
		trial->sum.refused_connections += finding->attempts;
}

/* Without room it is counted when it is first said, and not again. */
static void leave_out(struct detect_trial *trial, const struct finding_record *finding)
{
	if (strcmp(finding->state, "open") != 0 || finding->at != finding->first)
		return;
	trial->sum.left_out++;
	add_up(trial, finding);
}

static void keep(void *self, const struct finding_record *finding)
{
	struct detect_trial *trial = self;
	if (!is_of_register(finding))
		return;
	uint32_t *slot = slot_of(trial, finding->id);
	if (*slot == 0) {
		if (trial->count == DETECT_TRIAL_MAX) {
			leave_out(trial, finding);
			return;
		}
		*slot = (uint32_t)++trial->count;
	}
	trial->findings[*slot - 1] = *finding;
}

struct detect_trial *detect_trial_new(const struct policy *policy,
				      const struct home *own)
{
	struct detect_trial *trial = calloc(1, sizeof(*trial));
	if (trial == NULL)
		return NULL;
	struct detect_sink sink = { .self = trial, .finding = keep };
	trial->findings = calloc(DETECT_TRIAL_MAX, sizeof(*trial->findings));
	trial->detect = detect_new(&sink);
	if (trial->findings == NULL || trial->detect == NULL) {
		detect_trial_free(trial);
		return NULL;
	}
	detect_set_own(trial->detect, own);
	detect_set_policy(trial->detect, policy, INT64_MIN);
	return trial;
}

void detect_trial_free(struct detect_trial *trial)
{
	if (trial == NULL)
		return;
	detect_free(trial->detect);
	free(trial->findings);
	free(trial);
}

/* Ends what is due before the record: the live monitor is told the time each second. */
static void pass_time(struct detect_trial *trial, int64_t at_us)
{
	if (at_us == UNKNOWN_TIME)
		return;
	if (at_us - trial->sum.until_us >= SECOND_US || trial->sum.records == 0) {
		detect_tick(trial->detect, at_us);
		trial->sum.until_us = at_us;
	}
	trial->sum.records++;
}

void detect_trial_listener(struct detect_trial *trial, const struct listener_record *l)
{
	struct listener_record copy = *l;
	pass_time(trial, l->at);
	trial->sum.listeners++;
	detect_listener(trial->detect, &copy);
}

void detect_trial_flow(struct detect_trial *trial, const struct flow_record *flow)
{
	pass_time(trial, flow->end);
	trial->sum.flows++;
	detect_flow(trial->detect, flow);
}

static void add_open(void *to, const struct finding_record *finding)
{
	struct detect_trial *trial = to;
	if (*slot_of(trial, finding->id) != 0)
		keep(to, finding);
}

void detect_trial_finish(struct detect_trial *trial, struct detect_trial_sum *sum,
			 void (*emit)(void *to, const struct finding_record *f),
			 void *to)
{
	detect_each(trial->detect, add_open, trial); /* counts not yet said */
	for (size_t i = 0; i < trial->count; i++) {
		const struct finding_record *f = &trial->findings[i];
		trial->sum.findings++;
		add_up(trial, f);
		emit(to, f);
	}
	*sum = trial->sum;
}
