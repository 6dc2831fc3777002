/*
 * decide.c: whether a candidate is blocked, where, and for how long.
 */
#include <stdio.h>
#include <string.h>

#include "base/words.h"
#include "respond/decision.h"

enum {
	STRIKE_TIMES = 4, /* each block of a source lasts so many times as long */
	STRIKES_MOST = 16,
	VETOES_A_MINUTE = 60, /* strangers fill no audit chain */
	MINUTE_SECONDS = 60,
	SENTENCE_MAX = 150, /* what it costs follows */
};

/* What is about one service; scans are about the host. */
static const char *const of_one_port[] = { "brute_force",
					   "password_spray",
					   "login_after_failures",
					   "connection_flood",
					   "syn_flood",
					   "udp_flood",
					   NULL };
static const char *const usual_kinds[] = {
	"port_scan",        "host_sweep",     "distributed_scan",
	"brute_force",      "password_spray", "login_after_failures",
	"connection_flood", "trap_hit",       NULL
};

bool decide_is_answered(const struct respond *respond, const char *kind)
{
	const struct config_texts *chosen = &respond->rules.block_findings;
	for (size_t i = 0; i < chosen->count; i++)
		if (is_word(kind, chosen->at[i]))
			return true;
	return chosen->count == 0 && words_hold(usual_kinds, kind);
}

static uint32_t scope_of(const struct finding_record *finding)
{
	bool is_one = finding->ports == UNKNOWN_U64 || finding->ports <= 1;
	bool has_port = finding->port != UNKNOWN_U32 && finding->port != 0;
	return words_hold(of_one_port, finding->kind) && is_one && has_port
		       ? finding->port
		       : UNKNOWN_U32;
}

/* Of the 128; a finding that doesn't say means one source. */
static uint8_t prefix_of(const struct finding_record *finding)
{
	bool is_v4 = addr_is_v4(&finding->client_ip);
	unsigned one = is_v4 ? 32 : 64, len = finding->client_prefix;
	if (len > one)
		len = one;
	return (uint8_t)(is_v4 ? len + 96 : len);
}

void respond_finding(struct respond *respond, const struct finding_record *finding)
{
	int64_t now_us = respond_time(respond, finding->at);
	int severity = record_severity(finding->severity);
	if (!respond->has_rules || is_word(finding->state, "closed") ||
	    !decide_is_answered(respond, finding->kind) ||
	    severity < (int)respond->severity || addr_is_unset(&finding->client_ip))
		return;
	int64_t last_us = finding->last == UNKNOWN_TIME
				  ? now_us
				  : finding->last - respond->ahead_us;
	struct candidate candidate = {
		.source = addr_source(&finding->client_ip),
		.server = finding->server_ip,
		.first_us = finding->first == UNKNOWN_TIME
				    ? last_us
				    : finding->first - respond->ahead_us,
		.last_us = last_us,
		.port = scope_of(finding),
		.prefix_len = prefix_of(finding),
		.proof = finding->proof,
		.ports = finding->ports,
		.finding_port = finding->port,
	};
	if (candidate.port != UNKNOWN_U32)
		candidate.transport =
			is_word(finding->transport, "udp") ? "udp" : "tcp";
	record_text(candidate.finding, sizeof(candidate.finding), finding->id);
	record_text(candidate.kind, sizeof(candidate.kind), finding->kind);
	record_text(candidate.severity, sizeof(candidate.severity), finding->severity);
	snprintf(candidate.reason, sizeof(candidate.reason), "%.32s: %.200s",
		 finding->kind, finding->summary);
	decide(respond, &candidate);
}

/* One in force that holds the candidate; several: one about another port is there. */
static struct block *holder_of(struct respond *respond, const struct candidate *c,
			       bool *several)
{
	struct block *held = NULL;
	*several = false;
	for (struct block *b = blocks_of(&respond->blocks, &c->source, NULL); b != NULL;
	     b = blocks_of(&respond->blocks, &c->source, b)) {
		if (!b->in_force || b->prefix_len > c->prefix_len ||
		    is_word(b->action, "reset"))
			continue;
		if (b->port == UNKNOWN_U32 ||
		    (b->port == c->port && is_word(b->transport, c->transport)))
			held = b;
		else
			*several = true;
	}
	return held;
}

/* Said before, or forgiven by a person. */
static bool is_old(struct respond *respond, const struct candidate *c)
{
	const struct roster_key key = key_of(&c->source);
	const struct known *known = roster_peek(&respond->known, &key);
	if (known == NULL)
		return false;
	bool is_forgiven_one = strcmp(known->forgiven, c->finding) == 0;
	int64_t from_us = known->forgiven_us + (is_forgiven_one ? FORGIVEN_US : 0);
	return (known->forgiven_us != 0 && c->last_us <= from_us) ||
	       (known->blocked_us != 0 && c->last_us <= known->blocked_us);
}

static uint32_t strike(struct respond *respond, const struct candidate *c, bool is_more)
{
	const struct roster_key key = key_of(&c->source);
	struct known *known = roster_take(&respond->known, &key);
	uint32_t *strikes = &known->strikes[respond->is_observing];
	int64_t forget_us = (int64_t)respond->rules.block_forget * SECOND_US;
	if (known->blocked_us != 0 && respond->now_us - known->blocked_us > forget_us)
		known->strikes[0] = known->strikes[1] = 0;
	if (*strikes == 0 || (!is_more && *strikes < STRIKES_MOST))
		++*strikes;
	roster_rank(&respond->known, known, 1);
	keep_known(respond, known);
	return *strikes;
}

static int64_t span_of(const struct respond *respond, uint32_t strikes)
{
	int64_t longest_us = (int64_t)respond->rules.block_longest * SECOND_US;
	int64_t span_us = (int64_t)respond->rules.block_time * SECOND_US;
	for (uint32_t i = 1; i < strikes && span_us < longest_us; i++)
		span_us *= STRIKE_TIMES;
	return span_us < longest_us ? span_us : longest_us;
}

bool decide_is_news(struct respond *respond, const struct candidate *c,
		    const char *vetoed_by)
{
	const struct roster_key key = {
		.first = c->source,
		.rest = hash_sum(c->finding, sizeof(c->finding)),
	};
	struct told *told = roster_take(&respond->told, &key);
	if (told->vetoed_by != NULL && strcmp(told->vetoed_by, vetoed_by) == 0)
		return false;
	told->vetoed_by = vetoed_by;
	if (recent_sum(&respond->vetoes, respond->now_us, MINUTE_SECONDS) >=
	    VETOES_A_MINUTE) {
		respond->vetoes_left_out++;
		return false;
	}
	recent_add(&respond->vetoes, respond->now_us, 1);
	return true;
}

static struct block block_of(struct respond *respond, const struct candidate *c,
			     const struct prefix *prefix, uint32_t port)
{
	const struct respond_served served =
		respond_served(respond, prefix, port, respond->now_us);
	struct block block = {
		.start_us = respond->now_us,
		.until_us = respond->now_us,
		.at_us = respond->now_us,
		.decided_us = c->last_us,
		.address = prefix->addr,
		.prefix_len = prefix->len,
		.port = port,
		.transport = port != UNKNOWN_U32 ? c->transport : NULL,
		.action = "drop",
		.state = "vetoed",
		.proof = c->proof,
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

static const char *does(const struct respond *respond, const struct block *block)
{
	bool limits = is_word(block->action, "limit");
	if (respond->is_observing)
		return limits ? "would have slowed down" : "would have cut";
	return limits ? "slows down" : "cuts";
}

static void begin(struct respond *respond, const struct candidate *c,
		  struct block *block, struct decision_record *decision)
{
	char reason[REASON_MAX];
	size_t sentence = strlen(c->reason);
	if (sentence > 0 && c->reason[sentence - 1] == '.')
		sentence--;
	/* What the finding lacks, a handshake of the source has shown. */
	if (!is_word(c->proof, "dialogue"))
		block->proof = "handshake";
	block->strike = strike(respond, c, decision->several == 1);
	block->span_us = span_of(respond, block->strike);
	block->until_us = respond->now_us + block->span_us;
	block->in_force = true;
	block->state = respond->is_observing ? "observed" : "asked";
	if (respond->is_observing && block->vetoed_by == NULL)
		block->vetoed_by = "mode";
	snprintf(reason, sizeof(reason),
		 "%.*s; %s %llu of %llu clients of the last "
		 "30 days",
		 (int)(sentence < SENTENCE_MAX ? sentence : SENTENCE_MAX), c->reason,
		 does(respond, block), (unsigned long long)block->cut,
		 (unsigned long long)block->clients);
	life_begin(respond, block, "breakwater", reason, decision);
}

void decide(struct respond *respond, const struct candidate *candidate)
{
	bool several;
	struct decision_record decision;
	struct block *held = holder_of(respond, candidate, &several);
	if (held != NULL) {
		if (candidate->last_us > held->decided_us)
			life_prolong(respond, held);
		return;
	}
	if (is_old(respond, candidate))
		return;
	struct prefix prefix = { candidate->source, candidate->prefix_len };
	uint32_t port = several ? UNKNOWN_U32 : candidate->port;
	decision_facts(respond, candidate, several, &decision);
	struct veto veto = veto_of(respond, candidate, &prefix, port);
	if (veto.word != NULL && !decide_is_news(respond, candidate, veto.word))
		return;
	struct block block = block_of(respond, candidate, &prefix, port);
	if (veto.word != NULL) {
		veto_note(respond, veto.word);
		block.vetoed_by = veto.word;
		life_begin(respond, &block, "breakwater", candidate->reason, &decision);
		return;
	}
	if (veto.limits) {
		block.action = "limit";
		block.rate = respond->rules.block_limit;
		block.vetoed_by = "nat";
	}
	begin(respond, candidate, &block, &decision);
}
