/*
 * respond.c: see respond.h.  Rules, time, and what comes back from the firewall.
 */
#include <stdlib.h>
#include <string.h>

#include "respond/keep.h"

static bool open_tables(struct respond *respond)
{
	bool has_all = blocks_open(&respond->blocks);
	has_all &= roster_open(&respond->known, sizeof(struct known), KNOWN_MAX);
	has_all &= roster_open(&respond->watched, sizeof(struct watched), WATCHED_MAX);
	has_all &= roster_open(&respond->served, sizeof(struct served), SERVED_MAX);
	has_all &= roster_open(&respond->asked, sizeof(struct asked), ASKED_MAX);
	has_all &= roster_open(&respond->told, sizeof(struct told), TOLD_MAX);
	respond->served.gone = served_gone;
	respond->served.to = respond;
	return has_all;
}

struct respond *respond_new(const struct respond_sink *sink)
{
	struct respond *respond = calloc(1, sizeof(*respond));
	if (respond == NULL)
		return NULL;
	respond->sink = *sink;
	respond->begun.unit_us = respond->vetoes.unit_us = SECOND_US;
	respond->cut.unit_us = respond->served_minutes.unit_us = MINUTE_US;
	respond->wanted.unit_us = MINUTE_US;
	respond->served_days.unit_us = DAY_US;
	respond->is_observing = true;
	if (open_tables(respond))
		return respond;
	respond_free(respond);
	return NULL;
}

void respond_free(struct respond *respond)
{
	if (respond == NULL)
		return;
	keep_close(respond);
	blocks_close(&respond->blocks);
	roster_close(&respond->known);
	roster_close(&respond->watched);
	roster_close(&respond->served);
	roster_close(&respond->asked);
	roster_close(&respond->told);
	free(respond);
}

int64_t respond_time(struct respond *respond, int64_t record_us)
{
	int64_t at_us = record_us == UNKNOWN_TIME ? respond->now_us
						  : record_us - respond->ahead_us;
	if (at_us > respond->now_us)
		respond->now_us = at_us;
	return at_us;
}

void respond_shift(struct respond *respond, int64_t by_us)
{
	respond->ahead_us += by_us;
	keep_shifted(respond);
}

void respond_set_never(struct respond *respond, const struct never *never)
{
	respond->never = never;
}

/* What was decided under the other mode is void; what a person asked for is not. */
static void end_automatic(struct respond *respond)
{
	struct blocks *blocks = &respond->blocks;
	for (uint32_t i = blocks->in_force.oldest; i != ORDER_NONE;) {
		uint32_t next = blocks->links[i].newer;
		if (!blocks->at[i].by_hand)
			life_end(respond, &blocks->at[i], "removed", "breakwater");
		i = next;
	}
}

void respond_set_rules(struct respond *respond, const struct config *config,
		       int64_t now_us)
{
	respond_time(respond, now_us);
	bool is_observing = !is_word("on", config->block_mode);
	bool is_change = respond->has_rules && is_observing != respond->is_observing;
	int severity = record_severity(config->block_severity);
	respond->rules = *config;
	respond->severity = severity < 0 ? SEVERITIES : (unsigned)severity;
	if (is_change) {
		end_automatic(respond);
		life_audit(respond, "block_mode", "breakwater", NULL,
			   respond->is_observing ? "observe" : "on",
			   config->block_mode);
	}
	respond->is_observing = is_observing;
	respond->has_rules = true;
}

void respond_tick(struct respond *respond, int64_t now_us)
{
	struct deadline *next;
	respond_time(respond, now_us);
	while ((next = deadlines_next(&respond->blocks.due)) != NULL &&
	       next->at_us <= respond->now_us) {
		struct block *block =
			(struct block *)((char *)next - offsetof(struct block, due));
		life_expire(respond, block);
	}
	veto_tick(respond);
	keep_tick(respond);
}

/* Each process that holds it counts from 0 on; sessions are told once. */
static void take_count(uint64_t *count, uint64_t before, uint64_t told)
{
	if (*count == UNKNOWN_U64 || before + told > *count)
		*count = before + told;
}

static void take_counts(struct respond *respond, struct block *block,
			const struct respond_result *result)
{
	const uint64_t packets = block->packets, sessions = block->sessions;
	take_count(&block->packets, block->before_packets, result->packets);
	take_count(&block->bytes, block->before_bytes, result->bytes);
	take_count(&block->sessions, block->before_sessions, result->sessions);
	if (packets != block->packets || sessions != block->sessions)
		keep_counts(respond, block);
}

/* Of one that is only given again, and was said to be active, there is no news. */
static void note_active(struct respond *respond, struct block *block)
{
	if (!is_word(block->state, "asked"))
		return;
	bool is_unconfirmed = block->wanted_us > block->until_us;
	bool is_said = block->is_again && block->latency_us != UNKNOWN_U64;
	int64_t took_us = respond->now_us - block->decided_us;
	block->state = is_unconfirmed ? "unconfirmed" : "active";
	if (!block->is_again && block->latency_us == UNKNOWN_U64 && took_us >= 0)
		block->latency_us = (uint64_t)took_us;
	if (is_said)
		return;
	keep_block(respond, block);
	life_say(respond, block);
}

static void say_gone(struct respond *respond, struct block *block, const char *state)
{
	block->state = state;
	life_say(respond, block);
}

/* Of one that was to be removed, whatever else it may have ended by meanwhile. */
static void note_gone(struct respond *respond, struct block *block,
		      const struct respond_result *result)
{
	bool is_failed = is_word(result->state, "failed");
	if (!is_word(block->state, "removing") || is_word(result->state, "active"))
		return;
	if (is_failed)
		block->error = result->error;
	say_gone(respond, block, is_failed ? "failed" : "removed");
}

/* A process that is another one never held them. */
static void note_all_gone(struct respond *respond)
{
	const struct blocks *blocks = &respond->blocks;
	for (uint32_t i = blocks->ended.oldest; i != ORDER_NONE;
	     i = blocks->links[i].newer)
		if (is_word(blocks->at[i].state, "removing"))
			say_gone(respond, &blocks->at[i], "removed");
}

bool respond_result(struct respond *respond, const struct respond_result *result,
		    int64_t now_us)
{
	static const char *const ends[] = { "vetoed", "expired", "removed", "failed" };
	respond_time(respond, now_us);
	struct block *block = blocks_find(&respond->blocks, result->id);
	if (block == NULL || is_word(block->state, "observed"))
		return false;
	take_counts(respond, block, result);
	if (!block->in_force) {
		note_gone(respond, block, result);
		return false;
	}
	if (is_word(result->state, "active"))
		note_active(respond, block);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (!is_word(result->state, ends[i]))
			continue;
		block->vetoed_by = i == 0 ? result->vetoed_by : block->vetoed_by;
		block->error = result->error;
		/* The kernel has it no more: there is nothing to remove. */
		if (is_word(ends[i], "expired"))
			life_expire(respond, block);
		else
			life_end(respond, block, ends[i], "breakwater");
		break;
	}
	return true;
}

static void begin_again(struct block *block)
{
	block->is_again = true;
	block->before_packets = known_or_none(block->packets);
	block->before_bytes = known_or_none(block->bytes);
	block->before_sessions = known_or_none(block->sessions);
	if (is_word(block->state, "active") || is_word(block->state, "unconfirmed"))
		block->state = "asked";
}

void respond_again(struct respond *respond, int64_t now_us)
{
	const struct blocks *blocks = &respond->blocks;
	respond_time(respond, now_us);
	note_all_gone(respond);
	for (uint32_t i = blocks->in_force.oldest; i != ORDER_NONE;
	     i = blocks->links[i].newer) {
		struct block *block = &blocks->at[i];
		begin_again(block);
		if (block->until_us > respond->now_us)
			life_order(respond, block, RESPOND_ADD, true);
	}
}

bool respond_is_frozen(const struct respond *respond)
{
	return respond->frozen_by != NULL;
}

void respond_thaw(struct respond *respond, const char *actor, int64_t now_us)
{
	respond_time(respond, now_us);
	if (respond->frozen_by == NULL)
		return;
	life_audit(respond, "block_thaw", actor, NULL, respond->frozen_by, "");
	respond->frozen_by = NULL;
	keep_state(respond);
}

static uint64_t count_watched(const struct respond *respond)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < respond->watched.used; i++) {
		const struct watched *w = roster_at(&respond->watched, i);
		count += w->until_us >= respond->now_us;
	}
	return count;
}

struct respond_state respond_state(const struct respond *respond)
{
	const struct blocks *blocks = &respond->blocks;
	return (struct respond_state){
		.in_force = blocks->force_count - blocks->observed,
		.observed = blocks->observed,
		.watched = count_watched(respond),
		.served = served_count(respond),
		.served_left_out = respond->served_left_out,
		.vetoes_left_out = respond->vetoes_left_out,
		.refused = respond->refused,
		.frozen_by = respond->frozen_by,
		.keep_error = respond->keep_error,
	};
}

static void each_of(const struct respond *respond, const struct order *order,
		    void (*take)(void *to, const struct block_record *block), void *to)
{
	const struct blocks *blocks = &respond->blocks;
	struct block_record record;
	for (uint32_t i = order->newest; i != ORDER_NONE; i = blocks->links[i].older) {
		life_record(respond, &blocks->at[i], &record);
		take(to, &record);
	}
}

void respond_each(const struct respond *respond,
		  void (*take)(void *to, const struct block_record *block), void *to)
{
	each_of(respond, &respond->blocks.in_force, take, to);
	each_of(respond, &respond->blocks.ended, take, to);
}
