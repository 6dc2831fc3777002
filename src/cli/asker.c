/*
 * asker.c: see asker.h.
 */
#include "cli/asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "cli/json.h"
#include "cli/patience.h"
#include "probe/members.h"
#include "probe/recorder.h"

enum { BETWEEN_US = 1000000 };

bool asker_target(struct target *target, const char *text, const char *timeout,
		  char why[TARGET_WHY_MAX])
{
	uint32_t timeout_ms = 0;
	if (timeout != NULL && !target_timeout_parse(timeout, &timeout_ms)) {
		snprintf(why, TARGET_WHY_MAX,
			 "--timeout %.64s: allowed are " TARGET_TIMEOUT_ALLOWED,
			 timeout);
		return false;
	}
	if (!target_parse(target, text, why))
		return false;
	if (target->kind == TARGET_HEARTBEAT) {
		target_free(target);
		snprintf(why, TARGET_WHY_MAX,
			 "a heartbeat is not asked: it is said, by \"breakwater "
			 "heartbeat NAME\" or over HTTP");
		return false;
	}
	if (timeout != NULL)
		target->timeout_ms = timeout_ms;
	return true;
}

struct round {
	const struct asker *asker;
	struct prober *prober;
	struct remembered last_up; /* of one that stands for itself */
	uint64_t asked, answered;
	/* Those who are members of the target; of one that stands for itself, none. */
	struct target *members;
	size_t count;
	/* Of the one that is being looked up. */
	const struct target *group;
	bool is_found;
};

static void tell_recorded(struct round *round, const struct probe_record *record)
{
	struct failure *failure =
		round->asker->recorded != NULL ? prober_failure(round->prober) : NULL;
	if (failure == NULL)
		return;
	bool is_up = record->reason == NULL, is_one = round->count == 0;
	if (!is_up && round->last_up.at_us != 0)
		failure_compare(failure, &round->last_up, record);
	if (is_up && is_one)
		remember(&round->last_up, record);
	round->asker->recorded(round->asker->to, failure);
}

static void answered(void *self, const struct probe_record *record)
{
	struct round *round = self;
	round->answered++;
	tell_recorded(round, record);
	round->asker->done(round->asker->to, record);
}

/* ---- who is meant ---- */

static void keep_member(void *self, struct target *member)
{
	struct round *round = self;
	struct target *grown =
		realloc(round->members, (round->count + 1) * sizeof(*grown));
	if (grown == NULL) {
		target_free(member);
		return;
	}
	round->members = grown;
	grown[round->count++] = *member;
}

static void found(void *self, const struct probe_record *record)
{
	struct round *round = self;
	round->is_found = true;
	if (probe_state_of(record->state) != PROBE_up)
		answered(round, record);
	else
		prober_members(round->prober, round->group, keep_member, round);
}

static void look_up(struct round *round, const struct target *group)
{
	round->group = group;
	round->is_found = false;
	if (!prober_ask(round->prober, group, clock_us(CLOCK_MONOTONIC), found, round))
		return;
	while (!round->is_found && !patience_has_ended())
		prober_turn(round->prober, 100);
}

/* Members may stand for several, too. */
static void find_members(struct round *round, const struct target *target)
{
	look_up(round, target);
	for (size_t i = 0; i < round->count;) {
		struct target member = round->members[i];
		if (member.members == MEMBERS_NONE) {
			i++;
			continue;
		}
		round->members[i] = round->members[--round->count];
		look_up(round, &member);
		target_free(&member);
	}
}

/* ---- asking ---- */

static bool ask_each(struct round *round, const struct target *targets, size_t count,
		     int64_t meant_us)
{
	bool ok = true;
	for (size_t i = 0; i < count && ok; i++) {
		ok = prober_ask(round->prober, &targets[i], meant_us, answered, round);
		round->asked += ok;
	}
	return ok;
}

static void ask_all(struct round *round, const struct target *targets, size_t count,
		    uint64_t rounds)
{
	int64_t meant_us = clock_us(CLOCK_MONOTONIC);
	round->asked = round->answered;
	while ((rounds > 0 || round->asked != round->answered) &&
	       !patience_has_ended()) {
		int64_t now_us = clock_us(CLOCK_MONOTONIC);
		bool is_due = round->asked == round->answered && rounds > 0;
		if (is_due && now_us >= meant_us) {
			if (!ask_each(round, targets, count, meant_us))
				return;
			rounds--;
			meant_us += BETWEEN_US;
		}
		int wait_ms = is_due && now_us < meant_us
				      ? (int)((meant_us - now_us) / 1000) + 1
				      : 100;
		prober_turn(round->prober, wait_ms);
	}
}

static void ask_members(struct round *round, const struct target *target,
			uint64_t count)
{
	find_members(round, target);
	if (round->count > 0)
		ask_all(round, round->members, round->count, count);
}

static void free_round(struct round *round)
{
	prober_free(round->prober);
	for (size_t i = 0; i < round->count; i++)
		target_free(&round->members[i]);
	free(round->members);
	remembered_free(&round->last_up);
}

bool asker_ask(const struct asker *asker)
{
	struct round round = { .asker = asker, .prober = prober_new() };
	struct recorder *recorder = NULL;
	char why[RECORDER_WHY_MAX] = "";
	if (round.prober == NULL)
		return false;
	if (asker->recorded != NULL) {
		recorder = recorder_open(why);
		prober_record(round.prober, recorder, why);
	}
	patience_begin();
	if (asker->target->members == MEMBERS_NONE)
		ask_all(&round, asker->target, 1, asker->count);
	else
		ask_members(&round, asker->target, asker->count);
	patience_end();
	free_round(&round);
	recorder_close(recorder);
	return true;
}

void asker_print_json(const struct probe_record *record)
{
	record_print(RECORD_probe, record);
	fflush(stdout);
}
