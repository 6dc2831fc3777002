/*
 * decision.c: what is written down of a decision, so that others can decide it again.
 */
#include <string.h>

#include "record/digest.h"
#include "respond/decision.h"

enum { MINUTE_SECONDS = 60, HOUR_MINUTES = 60, IPV4_BITS_BEFORE = 96 };

static uint16_t prefix_len(const struct addr *addr, uint8_t len_of_128)
{
	return addr_is_v4(addr) ? (uint16_t)(len_of_128 - IPV4_BITS_BEFORE)
				: len_of_128;
}

/* Its own kind first: of a list that does not fit, the rest is of no interest here. */
static void put_kinds(const struct config_texts *chosen, const char *own,
		      field_text256 out)
{
	size_t len = 0, most = sizeof(field_text256);
	for (size_t i = 0; i < chosen->count; i++)
		if (strcmp(chosen->at[i], own) == 0)
			len = strlen(own);
	memcpy(out, own, len);
	for (size_t i = 0; i < chosen->count; i++) {
		size_t more = strlen(chosen->at[i]);
		if (strcmp(chosen->at[i], own) == 0 || len + more + 2 > most)
			continue;
		if (len > 0)
			out[len++] = ',';
		memcpy(out + len, chosen->at[i], more);
		len += more;
	}
	out[len] = '\0';
}

static void put_finding(const struct respond *respond, const struct candidate *c,
			struct decision_record *decision)
{
	record_text(decision->finding, sizeof(decision->finding), c->finding);
	decision->kind = record_word(c->kind);
	decision->severity = record_word(c->severity);
	decision->client_ip = c->source;
	decision->client_prefix = prefix_len(&c->source, c->prefix_len);
	decision->server_ip = c->server;
	decision->server_port = c->finding_port;
	decision->transport = c->transport;
	decision->ports = c->ports;
	decision->first = c->first_us + respond->ahead_us;
	decision->last = c->last_us + respond->ahead_us;
	decision->proof = c->proof;
	record_text(decision->summary, sizeof(decision->summary), c->reason);
}

static void put_rules(const struct respond *respond, struct decision_record *decision)
{
	const struct config *rules = &respond->rules;
	decision->mode = respond->is_observing ? "observe" : "on";
	decision->least = record_word(rules->block_severity);
	put_kinds(&rules->block_findings, decision->kind != NULL ? decision->kind : "",
		  decision->kinds);
	decision->time_s = rules->block_time;
	decision->longest_s = rules->block_longest;
	decision->limit = rules->block_limit;
	decision->new_per_minute = rules->block_new;
	decision->total = rules->block_total;
}

static void put_known(struct respond *respond, const struct candidate *c,
		      struct decision_record *decision)
{
	const struct roster_key key = key_of(&c->source);
	const struct known *known = roster_peek(&respond->known, &key);
	const struct prefix prefix = { c->source, c->prefix_len };
	const struct never_entry *never =
		respond->never == NULL
			? NULL
			: never_find(respond->never, &prefix,
				     respond->now_us + respond->ahead_us);
	if (never != NULL)
		decision->never = never_reason_name(never->reason);
	int64_t handshake_us = known != NULL ? proof_of_known(known, c) : 0;
	if (handshake_us != 0)
		decision->handshake = handshake_us + respond->ahead_us;
	decision->client = veto_is_client(respond, c);
	decision->served = served_find(respond, &c->source) != NULL;
	decision->here = proof_was_here(respond, c);
	decision->shared = nat_is_shared(respond, c);
}

static void put_bounds(struct respond *respond, const struct candidate *c,
		       struct decision_record *decision)
{
	const struct site_use use =
		site_use(&respond->blocks.sites, &c->source, respond->now_us);
	decision->frozen = respond->frozen_by;
	decision->begun = recent_sum(&respond->begun, respond->now_us, MINUTE_SECONDS);
	decision->in_force = respond->blocks.force_count;
	decision->clients =
		recent_sum(&respond->served_minutes, respond->now_us, HOUR_MINUTES);
	decision->cut = recent_sum(&respond->cut, respond->now_us, HOUR_MINUTES);
	if (addr_is_v4(&c->source))
		return;
	decision->site_begun = use.begun;
	decision->site_in_force = use.in_force;
}

void decision_facts(struct respond *respond, const struct candidate *candidate,
		    bool several, struct decision_record *decision)
{
	record_init(RECORD_decision, decision);
	decision->at = respond->now_us + respond->ahead_us;
	put_finding(respond, candidate, decision);
	put_rules(respond, decision);
	put_known(respond, candidate, decision);
	put_bounds(respond, candidate, decision);
	decision->several = several;
}

void decision_end(struct respond *respond, const struct block *block,
		  struct decision_record *decision, field_text64 digest)
{
	struct block_record record;
	life_record(respond, block, &record);
	memcpy(decision->block, record.id, sizeof(decision->block));
	decision->strike = record.strike;
	decision->address = record.address;
	decision->prefix_len = record.prefix_len;
	decision->port = record.port;
	decision->action = record.action;
	decision->state = record.state;
	decision->vetoed_by = record_word(record.vetoed_by);
	decision->until = record.until;
	if (!digest_record("", RECORD_decision, decision, digest))
		digest[0] = '\0';
	if (respond->sink.decision != NULL)
		respond->sink.decision(respond->sink.self, decision);
}
