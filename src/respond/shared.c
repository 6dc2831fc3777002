/*
 * shared.c: blocks for what others of a fleet have seen.
 *
 * Their word is judged as our own finding would be: kinds, severity, the list of those
 * never blocked, what shares an address, all bounds and the mode are this machine's. It
 * counts for less: it does not touch a block that is there, makes nobody's next block
 * longer, and does nothing to who was served here, or whom we connected to ourselves,
 * in 30 days.  So whoever has taken over another machine can't have us cut off our own
 * clients, nor ourselves from what we need.
 */
#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "respond/inside.h"

enum { HALF = 2, MINUTE_SECONDS = 60 };
#define ACTOR_BEFORE "fleet:"

static bool is_shared(const struct block *block)
{
	return block->actor != NULL &&
	       strncmp(block->actor, ACTOR_BEFORE, strlen(ACTOR_BEFORE)) == 0;
}

static bool is_held(struct respond *respond, const struct addr *source)
{
	for (struct block *b = blocks_of(&respond->blocks, source, NULL); b != NULL;
	     b = blocks_of(&respond->blocks, source, b))
		if (b->in_force)
			return true;
	return false;
}

/* A person has lifted it here since. */
static bool is_forgiven(struct respond *respond, const struct candidate *c)
{
	const struct roster_key key = key_of(&c->source);
	const struct known *known = roster_peek(&respond->known, &key);
	return known != NULL && known->forgiven_us != 0 &&
	       c->last_us <= known->forgiven_us;
}

static struct candidate candidate_of(const struct respond *respond,
				     const struct respond_shared *shared)
{
	int64_t seen_us = shared->seen_us - respond->ahead_us;
	struct candidate candidate = {
		.source = addr_source(&shared->address),
		.first_us = seen_us,
		.last_us = seen_us,
		.port = UNKNOWN_U32,
		.finding_port = UNKNOWN_U32,
		.ports = UNKNOWN_U64,
		.prefix_len = addr_is_v4(&shared->address) ? 128 : 64,
		/* A person stands for what he says. */
		.proof = shared->proof != NULL ? shared->proof : "handshake",
	};
	record_text(candidate.finding, sizeof(candidate.finding), shared->finding);
	record_text(candidate.kind, sizeof(candidate.kind),
		    shared->kind != NULL ? shared->kind : "");
	record_text(candidate.severity, sizeof(candidate.severity), shared->severity);
	snprintf(candidate.reason, sizeof(candidate.reason),
		 "%.32s seen by %.63s: %.120s",
		 shared->kind != NULL ? shared->kind : "a source", shared->sensor,
		 shared->why);
	return candidate;
}

static struct block block_of(struct respond *respond, const struct candidate *c,
			     const struct prefix *prefix)
{
	const struct respond_served served =
		respond_served(respond, prefix, UNKNOWN_U32, respond->now_us);
	struct block block = {
		.start_us = respond->now_us,
		.until_us = respond->now_us,
		.at_us = respond->now_us,
		.decided_us = respond->now_us,
		.address = prefix->addr,
		.prefix_len = prefix->len,
		.port = UNKNOWN_U32,
		.action = "drop",
		.state = "vetoed",
		.strike = UNKNOWN_U32,
		.rate = UNKNOWN_U32,
		.latency_us = UNKNOWN_U64,
		.packets = UNKNOWN_U64,
		.bytes = UNKNOWN_U64,
		.sessions = UNKNOWN_U64,
		.clients = served.clients,
		.cut = served.cut,
	};
	memcpy(block.finding, c->finding, sizeof(block.finding));
	return block;
}

/* Half of the bounds: others' word may neither use up ours nor freeze it. */
static const char *bound_of(const struct respond *respond)
{
	const struct config *rules = &respond->rules;
	if (recent_sum(&respond->begun, respond->now_us, MINUTE_SECONDS) >=
	    rules->block_new / HALF)
		return "new_per_minute";
	return respond->blocks.force_count >= rules->block_total / HALF ? "total"
									: NULL;
}

static const char *against(struct respond *respond, const struct candidate *c,
			   const struct prefix *prefix)
{
	if (served_find(respond, &c->source) != NULL)
		return "client";
	/* Of what machines are made to connect to, a person tells with good reason. */
	if (c->kind[0] != '\0' && asked_find(respond, &c->source))
		return "asked";
	const char *bound = bound_of(respond);
	return bound != NULL ? bound : veto_of(respond, c, prefix, UNKNOWN_U32).word;
}

static void begin(struct respond *respond, struct block *block, int64_t until_us)
{
	int64_t longest_us = (int64_t)respond->rules.block_longest * SECOND_US;
	int64_t left_us = until_us - respond->now_us;
	block->span_us = left_us < longest_us ? left_us : longest_us;
	block->until_us = respond->now_us + block->span_us;
	block->in_force = true;
	block->state = respond->is_observing ? "observed" : "asked";
	if (respond->is_observing)
		block->vetoed_by = "mode";
}

void respond_share(struct respond *respond, const struct respond_shared *shared,
		   int64_t now_us)
{
	respond_time(respond, now_us);
	const struct candidate c = candidate_of(respond, shared);
	const struct prefix prefix = { c.source, c.prefix_len };
	int64_t until_us = shared->until_us - respond->ahead_us;
	char actor[64];
	if (!respond->has_rules || until_us <= respond->now_us ||
	    (shared->kind != NULL && !decide_is_answered(respond, c.kind)) ||
	    record_severity(c.severity) < (int)respond->severity ||
	    is_held(respond, &c.source) || is_forgiven(respond, &c))
		return;
	const char *word = against(respond, &c, &prefix);
	if (word != NULL && !decide_is_news(respond, &c, word))
		return;
	struct block block = block_of(respond, &c, &prefix);
	block.proof = shared->proof;
	block.vetoed_by = word;
	if (word == NULL)
		begin(respond, &block, until_us);
	snprintf(actor, sizeof(actor), ACTOR_BEFORE "%.57s", shared->sensor);
	life_begin(respond, &block, actor, c.reason, NULL);
}

void respond_unshare(struct respond *respond, const struct addr *address,
		     const char *finding, int64_t now_us)
{
	const struct addr source = addr_source(address);
	respond_time(respond, now_us);
	for (struct block *b = blocks_of(&respond->blocks, &source, NULL); b != NULL;
	     b = blocks_of(&respond->blocks, &source, b))
		if (b->in_force && is_shared(b) && strcmp(b->finding, finding) == 0) {
			life_end(respond, b, "removed", b->actor);
			return;
		}
}
