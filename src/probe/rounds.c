/*
 * rounds.c: see rounds.h.
 */
#include "probe/rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probe/watched.h"

#define SECOND_US 1000000LL

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

static void forget_renewed(struct watched *w)
{
	if (w->renewed != NULL)
		target_free(w->renewed);
	free(w->renewed);
	w->renewed = NULL;
}

static void free_watched(struct watched *w)
{
	target_free(&w->target);
	forget_renewed(w);
	free(w->members);
	remembered_free(&w->recording.last_up);
	free(w->beat);
	free(w);
}

void rounds_free(struct rounds *rounds)
{
	if (rounds == NULL)
		return;
	prober_free(rounds->prober);
	for (uint32_t i = 0; i < rounds->count; i++)
		free_watched(rounds->all[i]);
	free(rounds->all);
	deadlines_free(&rounds->due);
	free(rounds);
}

int64_t round_due(const char *text, int64_t interval_us, int64_t after_us)
{
	int64_t phase_us = (int64_t)(target_hash(text) % (uint64_t)interval_us);
	if (after_us < phase_us)
		return phase_us;
	int64_t rounds = (after_us - phase_us) / interval_us;
	return (rounds + 1) * interval_us + phase_us;
}

/* ---- the set ---- */

struct watched *watched_find(const struct rounds *rounds, const char *text)
{
	uint32_t i = rounds->heads[target_hash(text) % HEADS];
	for (; i != 0; i = rounds->all[i - 1]->chain)
		if (strcmp(rounds->all[i - 1]->target.text, text) == 0)
			return rounds->all[i - 1];
	return NULL;
}

static void enter(struct rounds *rounds, uint32_t number)
{
	struct watched *w = rounds->all[number];
	uint32_t *head = &rounds->heads[target_hash(w->target.text) % HEADS];
	w->chain = *head;
	*head = number + 1;
}

static bool grow(struct rounds *rounds)
{
	if (rounds->count < rounds->size)
		return true;
	uint32_t size = rounds->size == 0 ? 64 : rounds->size * 2;
	struct watched **grown = realloc(rounds->all, size * sizeof(struct watched *));
	if (grown == NULL)
		return false;
	rounds->all = grown;
	rounds->size = size;
	return true;
}

void rounds_begin_set(struct rounds *rounds)
{
	for (uint32_t i = 0; i < rounds->count; i++)
		rounds->all[i]->is_wanted &= rounds->all[i]->is_own;
}

int64_t watched_interval_us(const struct watched *w)
{
	uint32_t every_s = w->target.every_s;
	return (every_s != 0 ? every_s : w->rules.interval_s) * SECOND_US;
}

/* Its rules may be others now. */
static void want(struct watched *w, const struct round_rules *rules)
{
	bool is_slower = w->rules.interval_s != rules->interval_s;
	w->rules = *rules;
	w->is_wanted = true;
	if (is_slower && !w->in_flight && !watched_is_heartbeat(w))
		deadlines_move(&w->rounds->due, &w->due,
			       round_due(w->target.text, watched_interval_us(w),
					 clock_us(CLOCK_MONOTONIC)));
}

static void replace(struct watched *w, const struct target *target)
{
	target_free(&w->target);
	w->target = *target;
}

bool watched_renew(struct watched *w, struct target *target)
{
	forget_renewed(w);
	if (!w->in_flight) {
		replace(w, target);
		return true;
	}
	w->renewed = malloc(sizeof(*w->renewed));
	if (w->renewed != NULL)
		*w->renewed = *target;
	else
		target_free(target);
	return w->renewed != NULL;
}

/* A heartbeat is looked at at once: it is there, and nothing is known of it. */
static int64_t first_due_us(const struct watched *w, int64_t now_us)
{
	return watched_is_heartbeat(w)
		       ? now_us
		       : round_due(w->target.text, watched_interval_us(w), now_us);
}

struct watched *watched_add(struct rounds *rounds, struct target *target,
			    const struct round_rules *rules)
{
	struct watched *w = calloc(1, sizeof(*w));
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	limits_fill(&target->limits, &rules->limits);
	if (w == NULL || !grow(rounds)) {
		free(w);
		target_free(target);
		return NULL;
	}
	w->target = *target;
	w->rules = *rules;
	w->rounds = rounds;
	w->is_wanted = true;
	w->ip = addr_unset();
	if (!heartbeat_begin(w, now_us) ||
	    !deadlines_add(&rounds->due, &w->due, first_due_us(w, now_us))) {
		free_watched(w);
		return NULL;
	}
	rounds->all[rounds->count] = w;
	enter(rounds, rounds->count++);
	return w;
}

bool rounds_add(struct rounds *rounds, struct target *target,
		const struct round_rules *rules)
{
	struct watched *w = watched_find(rounds, target->text);
	if (w == NULL)
		return watched_add(rounds, target, rules) != NULL;
	w->is_own = false;
	limits_fill(&target->limits, &rules->limits);
	want(w, rules);
	return watched_renew(w, target);
}

bool rounds_add_own(struct rounds *rounds, struct target *target,
		    const struct round_rules *rules)
{
	struct watched *w = watched_find(rounds, target->text);
	if (w != NULL) {
		if (w->is_own)
			want(w, rules);
		target_free(target);
		return true;
	}
	w = watched_add(rounds, target, rules);
	if (w == NULL)
		return false;
	w->is_own = true;
	rounds_end_set(rounds);
	return true;
}

void rounds_drop_own(struct rounds *rounds, const char *text)
{
	struct watched *w = watched_find(rounds, text);
	if (w == NULL || !w->is_own)
		return;
	w->is_wanted = false;
	rounds_end_set(rounds);
}

/* ---- the end of the set ---- */

static void tell_gone(struct watched *w)
{
	struct probe_record gone;
	record_init(RECORD_probe, &gone);
	record_text(gone.target, sizeof(gone.target), w->target.text);
	gone.at = clock_us(CLOCK_REALTIME);
	/* That one of ours is not asked any more is no word of how it is. */
	if (!w->is_own)
		gone.reason = reason_word(REASON_removed);
	w->rounds->done(w->rounds->to, &gone);
}

/* What is in flight goes when its answer has come. */
static void remove_unwanted(struct rounds *rounds)
{
	uint32_t kept = 0;
	groups_release(rounds);
	rounds->has_unwanted = false;
	memset(rounds->heads, 0, sizeof(rounds->heads));
	for (uint32_t i = 0; i < rounds->count; i++) {
		struct watched *w = rounds->all[i];
		if (watched_is_kept(w)) {
			rounds->all[kept] = w;
			enter(rounds, kept++);
			continue;
		}
		deadlines_remove(&rounds->due, &w->due);
		tell_gone(w);
		free_watched(w);
	}
	rounds->count = rounds->stats.targets = kept;
}

static bool is_reached_through(const struct watched *w, const struct watched *other)
{
	for (; w != NULL; w = w->parent)
		if (w == other)
			return true;
	return false;
}

/* Those that are each other's would excuse each other for ever. */
static void find_parents(struct rounds *rounds)
{
	for (uint32_t i = 0; i < rounds->count; i++)
		rounds->all[i]->parent = NULL;
	for (uint32_t i = 0; i < rounds->count; i++) {
		struct watched *w = rounds->all[i];
		struct watched *parent = watched_find(rounds, w->rules.parent);
		if (!is_reached_through(parent, w))
			w->parent = parent;
	}
}

void rounds_end_set(struct rounds *rounds)
{
	remove_unwanted(rounds);
	find_parents(rounds);
}

void rounds_missed_since(struct rounds *rounds, int64_t since_us)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	for (uint32_t i = 0; i < rounds->count; i++) {
		struct watched *w = rounds->all[i];
		int64_t interval = watched_interval_us(w);
		int64_t due_us = round_due(w->target.text, interval, since_us);
		if (due_us > now_us || watched_is_heartbeat(w))
			continue;
		uint64_t missed = (uint64_t)((now_us - due_us) / interval) + 1;
		w->missed += missed;
		rounds->stats.missed += missed;
	}
}

/* ---- one round ---- */

static void plan_next(struct watched *w)
{
	int64_t after_us = w->meant_us, interval = watched_interval_us(w);
	int64_t due_us = round_due(w->target.text, interval, after_us);
	if (health_is_soft(&w->health) && w->rules.retry_s != 0 &&
	    after_us + w->rules.retry_s * SECOND_US < due_us)
		due_us = after_us + w->rules.retry_s * SECOND_US;
	/* Several intervals late: only the last of them is asked. */
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (due_us + interval <= now_us) {
		uint64_t behind = (uint64_t)((now_us - due_us) / interval);
		w->missed += behind;
		w->rounds->stats.missed += behind;
		due_us += (int64_t)behind * interval;
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

/* Behind what is down, down is not known. */
static bool blame_parent(const struct watched *w, struct probe_record *told)
{
	const struct watched *parent = w->parent;
	if (parent == NULL || probe_state_of(told->state) != PROBE_down ||
	    (parent->health.hard != PROBE_down && !parent->is_behind &&
	     !parent->is_out))
		return false;
	told->state = probe_state_word(PROBE_unknown);
	told->reason = reason_word(REASON_parent_down);
	snprintf(told->detail, sizeof(told->detail),
		 "%.200s, through which it is reached, is down%s", parent->target.text,
		 parent->is_out ? " in maintenance" : "");
	return true;
}

static bool is_in_maintenance(const struct watched *w, int64_t at_us)
{
	return maintenance_holds(&w->rounds->maintained, w->target.text, at_us) ||
	       windows_hold(&w->rounds->maintenance, at_us) ||
	       windows_hold(&w->rules.maintenance, at_us);
}

/* In maintenance its state gets no worse; that it is up again is seen. */
static void judge(struct watched *w, struct probe_record *told)
{
	static const struct health_rules at_once = { 1, 1, 1 };
	/* Members have been asked again before. */
	bool is_sure = w->member_count > 0;
	w->is_behind = blame_parent(w, told);
	enum probe_state state = probe_state_of(told->state);
	told->maintenance = is_in_maintenance(w, told->at);
	w->is_out = told->maintenance && state == PROBE_down;
	if (!told->maintenance || state == PROBE_up)
		health_take(&w->health, is_sure ? &at_once : &w->rules.health, state,
			    told->at);
	told->hard_state = probe_state_word(w->health.hard);
	if (w->health.since_us != 0)
		told->hard_since = w->health.since_us;
	told->flapping = w->health.is_flapping;
}

static void tell(struct watched *w, struct probe_record *told)
{
	told->missed = (uint32_t)w->missed;
	w->missed = 0;
	w->reason = told->reason;
	if (w->parent != NULL)
		record_text(told->parent, sizeof(told->parent), w->parent->target.text);
	w->rounds->done(w->rounds->to, told);
}

/* What it says goes into its history, and out. */
void watched_conclude(struct watched *w, struct probe_record *told)
{
	note_lag(w->rounds, told->late_us, clock_us(CLOCK_MONOTONIC));
	judge(w, told);
	if (watched_is_heartbeat(w))
		heartbeat_plan(w);
	else
		plan_next(w);
	tell(w, told);
}

/* A member's answer may change what they come to. */
static void member_answered(struct watched *group, int64_t at_us)
{
	struct probe_record told;
	probe_record_begin(&told, &group->target);
	told.by = "probe";
	told.at = at_us;
	if (!group_sum(group, &told) ||
	    (group->health.count > 0 &&
	     group->health.hard == probe_state_of(told.state)))
		return;
	judge(group, &told);
	tell(group, &told);
	if (group->group != NULL)
		member_answered(group->group, at_us);
}

/* It was asked who its members are. */
static void group_answered(struct watched *w, struct probe_record *told)
{
	enum probe_state state = probe_state_of(told->state);
	if (state != PROBE_unknown)
		group_renew(w, state == PROBE_up);
	if (state != PROBE_up || group_sum(w, told))
		watched_conclude(w, told);
	else
		plan_next(w);
}

/* ---- the flight recorder ---- */

/* As the prober has it, as long as the target is what was asked; NULL: not wanted. */
static struct failure *take_failure(struct watched *w,
				    const struct probe_record *record)
{
	struct rounds *rounds = w->rounds;
	enum reason reason = reason_named(record->reason);
	if (rounds->recorded == NULL)
		return NULL;
	if (reason == REASON_NONE)
		recording_is_up(&w->recording, record);
	return recording_wants(&w->recording, &rounds->budget, reason,
			       clock_us(CLOCK_MONOTONIC))
		       ? prober_failure(rounds->prober)
		       : NULL;
}

/* Behind a parent that is down there is nothing to be told. */
static void tell_failure(struct watched *w, const struct probe_record *told,
			 struct failure *failure)
{
	if (failure == NULL || reason_named(told->reason) == REASON_parent_down)
		return;
	failure_compare(failure, &w->recording.last_up, told);
	w->rounds->recorded(w->rounds->to, failure);
}

void rounds_record(struct rounds *rounds, round_recorded recorded)
{
	rounds->recorded = recorded;
}

static void answered(void *self, const struct probe_record *record)
{
	struct watched *w = self;
	struct probe_record told = *record;
	struct failure *failure = take_failure(w, record);
	w->in_flight = false;
	if (w->renewed != NULL)
		replace(w, w->renewed);
	free(w->renewed);
	w->renewed = NULL;
	w->rounds->has_unwanted |= !watched_is_kept(w);
	w->rounds->stats.answered++;
	w->ip = record->ip;
	w->proven = 0;
	if (w->target.members != MEMBERS_NONE && watched_is_kept(w))
		group_answered(w, &told);
	else
		watched_conclude(w, &told);
	tell_failure(w, &told, failure);
	if (w->group != NULL)
		member_answered(w->group, record->at);
}

/* ---- passive first ---- */

void rounds_prove(struct rounds *rounds, const char *text,
		  const struct round_proof *proof)
{
	struct watched *w = watched_find(rounds, text);
	if (w == NULL)
		return;
	w->proof.fails = proof->fails;
	if (!proof->is_well)
		return;
	w->proof.is_well = 1;
	w->proof.connect_us = proof->connect_us;
	w->proof.first_byte_us = proof->first_byte_us;
}

/* Only of one that is well do its clients say enough. */
static bool is_proven(const struct watched *w)
{
	return w->proof.is_well && !w->proof.fails &&
	       w->proven < w->rules.passive_max && w->health.hard == PROBE_up &&
	       !health_is_soft(&w->health);
}

static void answer_by_traffic(struct watched *w)
{
	struct probe_record told;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	probe_record_begin(&told, &w->target);
	told.by = "traffic";
	told.at = w->meant_us + clock_us(CLOCK_REALTIME) - now_us;
	told.late_us = now_us > w->meant_us ? (uint64_t)(now_us - w->meant_us) : 0;
	told.ip = w->ip;
	told.connect_us = w->proof.connect_us;
	told.first_byte_us = w->proof.first_byte_us;
	told.state = probe_state_word(PROBE_up);
	w->proven++;
	w->rounds->stats.by_traffic++;
	watched_conclude(w, &told);
}

/* ---- asking ---- */

/* The deadline stays in the past meanwhile: far away, so that nobody waits for it. */
static void ask(struct rounds *rounds, struct watched *w)
{
	w->meant_us = w->due.at_us;
	if (watched_is_heartbeat(w)) {
		heartbeat_tell(w);
		return;
	}
	bool proven = is_proven(w);
	w->proof.is_well = 0;
	if (proven) {
		answer_by_traffic(w);
		return;
	}
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
	for (struct deadline *next; !rounds->is_held &&
				    (next = deadlines_next(&rounds->due)) != NULL &&
				    next->at_us <= now_us;)
		ask(rounds, (struct watched *)(void *)next);
	prober_turn(rounds->prober, 0);
	if (rounds->has_unwanted)
		rounds_end_set(rounds); /* they may have been others' parents */
	note_lag(rounds, UNKNOWN_U64, now_us);
}

void rounds_maintain(struct rounds *rounds, const struct maintenance *maintenance)
{
	rounds->is_held = maintenance == NULL;
	if (maintenance != NULL)
		rounds->maintained = *maintenance;
}

void rounds_set_maintenance(struct rounds *rounds, const struct windows *windows)
{
	rounds->maintenance = *windows;
}

struct prober *rounds_prober(const struct rounds *rounds)
{
	return rounds->prober;
}

int rounds_fd(const struct rounds *rounds)
{
	return prober_fd(rounds->prober);
}

int rounds_timeout_ms(const struct rounds *rounds)
{
	int ms = prober_next_ms(rounds->prober);
	const struct deadline *next = deadlines_next(&rounds->due);
	if (rounds->is_held || next == NULL || next->at_us == INT64_MAX)
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
