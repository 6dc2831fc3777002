/*
 * asker.c: see asker.h.
 */
#include "cli/asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "cli/patience.h"
#include "probe/members.h"

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
	if (timeout != NULL)
		target->timeout_ms = timeout_ms;
	return true;
}

struct round {
	probe_done done;
	void *to;
	struct prober *prober;
	uint64_t asked, answered;
	/* Those who are members of the target; of one that stands for itself, none. */
	struct target *members;
	size_t count;
	/* Of the one that is being looked up. */
	const struct target *group;
	bool is_found;
};

static void answered(void *self, const struct probe_record *record)
{
	struct round *round = self;
	round->answered++;
	round->done(round->to, record);
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

bool asker_ask(const struct target *target, uint64_t count, probe_done done, void *to)
{
	struct round round = { .done = done, .to = to, .prober = prober_new() };
	if (round.prober == NULL)
		return false;
	patience_begin();
	if (target->members == MEMBERS_NONE)
		ask_all(&round, target, 1, count);
	else
		ask_members(&round, target, count);
	patience_end();
	prober_free(round.prober);
	for (size_t i = 0; i < round.count; i++)
		target_free(&round.members[i]);
	free(round.members);
	return true;
}

void asker_print_json(const struct probe_record *record)
{
	struct buf line = { 0 };
	record_json(&line, RECORD_probe, record);
	printf("%s\n", buf_cstr(&line));
	fflush(stdout);
	buf_free(&line);
}
