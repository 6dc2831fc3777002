/*
 * rounds.c: see rounds.h.
 */
#include "probe/rounds.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/deadlines.h"

#define SECOND_US 1000000LL

struct watched {
	struct deadline due; /* first: what the deadlines point to */
	struct target target;
	struct round_rules rules;
	struct health health;
	int64_t meant_us;
	uint64_t missed; /* since the last one that was asked */
	bool in_flight;
	struct rounds *rounds;
	struct watched *next; /* in the list of all */
};

struct rounds {
	struct prober *prober;
	struct deadlines due;
	struct watched *all;
	round_done done;
	void *to;
	struct rounds_stats stats;
	int64_t lag_second; /* whose most is being found */
	uint64_t lag_us;
};

struct rounds *rounds_new(round_done done, void *to)
{
	struct rounds *rounds = calloc(1, sizeof(*rounds));
	if (rounds == NULL)
		return NULL;
	rounds->done = done;
	rounds->to = to;
	rounds->prober = prober_new();
	if (rounds->prober == NULL) {
		rounds_free(rounds);
		return NULL;
	}
	return rounds;
}

void rounds_free(struct rounds *rounds)
{
	if (rounds == NULL)
		return;
	prober_free(rounds->prober);
	for (struct watched *w; (w = rounds->all) != NULL;) {
		rounds->all = w->next;
		target_free(&w->target);
		free(w);
	}
	deadlines_free(&rounds->due);
	free(rounds);
}

int64_t round_due(const char *text, int64_t interval_us, int64_t after_us)
{
	static const struct hash_key same = { 0, 0 };
	uint64_t words[2] = { 0 };
	/* Unkeyed on purpose: the same after a restart. */
	for (size_t i = 0; text[i] != '\0'; i++) {
		words[0] = words[0] << 8 | words[0] >> 56;
		words[0] ^= (uint8_t)text[i];
		words[1] += words[0];
	}
	int64_t phase_us =
		(int64_t)(hash_words(&same, words, 2) % (uint64_t)interval_us);
	if (after_us < phase_us)
		return phase_us;
	int64_t rounds = (after_us - phase_us) / interval_us;
	return (rounds + 1) * interval_us + phase_us;
}

bool rounds_add(struct rounds *rounds, struct target *target,
		const struct round_rules *rules)
{
	struct watched *w = calloc(1, sizeof(*w));
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (w == NULL) {
		target_free(target);
		return false;
	}
	w->target = *target;
	w->rules = *rules;
	w->rounds = rounds;
	int64_t due_us =
		round_due(w->target.text, rules->interval_s * SECOND_US, now_us);
	if (!deadlines_add(&rounds->due, &w->due, due_us)) {
		target_free(&w->target);
		free(w);
		return false;
	}
	w->next = rounds->all;
	rounds->all = w;
	rounds->stats.targets++;
	return true;
}

/* ---- one round ---- */

static void plan_next(struct watched *w)
{
	int64_t after_us = w->meant_us, interval_us = w->rules.interval_s * SECOND_US;
	int64_t due_us = round_due(w->target.text, interval_us, after_us);
	if (health_is_soft(&w->health) && w->rules.retry_s != 0 &&
	    after_us + w->rules.retry_s * SECOND_US < due_us)
		due_us = after_us + w->rules.retry_s * SECOND_US;
	/* Several intervals late: only the last of them is asked. */
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (due_us + interval_us <= now_us) {
		uint64_t behind = (uint64_t)((now_us - due_us) / interval_us);
		w->missed += behind;
		w->rounds->stats.missed += behind;
		due_us += (int64_t)behind * interval_us;
	}
	deadlines_move(&w->rounds->due, &w->due, due_us);
}

static void note_lag(struct rounds *rounds, uint64_t late_us, int64_t now_us)
{
	if (now_us / SECOND_US != rounds->lag_second) {
		rounds->stats.lag_us = rounds->lag_us;
		rounds->lag_us = 0;
		rounds->lag_second = now_us / SECOND_US;
	}
	if (late_us != UNKNOWN_U64 && late_us > rounds->lag_us)
		rounds->lag_us = late_us;
}

static enum probe_state state_of(const char *word)
{
	for (enum probe_state s = PROBE_unknown; s <= PROBE_down; s++)
		if (strcmp(probe_state_word(s), word) == 0)
			return s;
	return PROBE_unknown;
}

static void answered(void *self, const struct probe_record *record)
{
	struct watched *w = self;
	struct rounds *rounds = w->rounds;
	struct probe_record told = *record;
	w->in_flight = false;
	rounds->stats.answered++;
	note_lag(rounds, record->late_us, clock_us(CLOCK_MONOTONIC));
	health_take(&w->health, &w->rules.health, state_of(record->state), record->at);
	told.hard_state = probe_state_word(w->health.hard);
	told.hard_since = w->health.since_us;
	told.flapping = w->health.is_flapping;
	told.missed = (uint32_t)w->missed;
	w->missed = 0;
	plan_next(w);
	rounds->done(rounds->to, &told);
}

/* The deadline stays in the past meanwhile: far away, so that nobody waits for it. */
static void ask(struct rounds *rounds, struct watched *w)
{
	w->meant_us = w->due.at_us;
	w->in_flight = true;
	deadlines_move(&rounds->due, &w->due, INT64_MAX);
	if (prober_ask(rounds->prober, &w->target, w->meant_us, answered, w)) {
		rounds->stats.asked++;
		return;
	}
	w->in_flight = false;
	w->missed++;
	rounds->stats.missed++;
	plan_next(w);
}

void rounds_run(struct rounds *rounds)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	for (struct deadline *next;
	     (next = deadlines_next(&rounds->due)) != NULL && next->at_us <= now_us;)
		ask(rounds, (struct watched *)(void *)next);
	prober_turn(rounds->prober, 0);
	note_lag(rounds, UNKNOWN_U64, now_us);
}

int rounds_fd(const struct rounds *rounds)
{
	return prober_fd(rounds->prober);
}

int rounds_timeout_ms(const struct rounds *rounds)
{
	int ms = prober_next_ms(rounds->prober);
	const struct deadline *next = deadlines_next(&rounds->due);
	if (next == NULL || next->at_us == INT64_MAX)
		return ms;
	int64_t us = next->at_us - clock_us(CLOCK_MONOTONIC);
	int64_t due_ms = us <= 0 ? 0 : (us + 999) / 1000;
	return ms < 0 || due_ms < ms ? (int)due_ms : ms;
}

void rounds_stats(const struct rounds *rounds, struct rounds_stats *out)
{
	*out = rounds->stats;
	out->in_flight = prober_in_flight(rounds->prober);
}
