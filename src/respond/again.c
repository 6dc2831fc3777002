/*
 * again.c: a decision made anew, in the state that was written down with it.
 *
 * What respond knew then is put where it would lie now, and the finding given: all that
 * follows is the same code as then.
 */
#include <stdlib.h>
#include <string.h>

#include "base/words.h"
#include "respond/inside.h"

enum { STRANGERS = 3 }; /* users at an address make it shared; proof.c */

struct again {
	struct respond *respond;
	struct config rules;
	struct never never;
	struct decision_record *out;
	bool is_decided;
};

static void take_decision(void *self, const struct decision_record *decision)
{
	struct again *again = self;
	*again->out = *decision;
	again->is_decided = true;
}

/* ---- the rules ---- */

static void read_kinds(const char *text, struct config_texts *out)
{
	while (*text != '\0' && out->count < CONFIG_LIST_MAX) {
		size_t len = strcspn(text, ",");
		if (len > 0 && len < CONFIG_TEXT_MAX) {
			memcpy(out->at[out->count], text, len);
			out->at[out->count++][len] = '\0';
		}
		text += len + (text[len] != '\0');
	}
}

static void put_word(char *out, size_t size, const char *word)
{
	if (word != NULL)
		record_text(out, size, word);
}

static void set_rules(struct again *again, const struct decision_record *then)
{
	struct config *rules = &again->rules;
	config_init(rules);
	put_word(rules->block_mode, sizeof(rules->block_mode), then->mode);
	put_word(rules->block_severity, sizeof(rules->block_severity), then->least);
	rules->block_findings.count = 0;
	read_kinds(then->kinds, &rules->block_findings);
	rules->block_time = then->time_s;
	rules->block_longest = then->longest_s;
	rules->block_limit = then->limit;
	rules->block_new = (uint32_t)then->new_per_minute;
	rules->block_total = (uint32_t)then->total;
	respond_set_rules(again->respond, rules, then->at);
}

/* ---- what was known ---- */

static void set_never(struct again *again, const struct decision_record *then)
{
	struct never_entry entry = {
		.prefix = { then->client_ip, 128 },
		.until_us = INT64_MAX,
	};
	never_init(&again->never);
	for (unsigned i = 0; i < NEVER_REASON_COUNT; i++) {
		entry.reason = (enum never_reason)i;
		if (is_word(then->never, never_reason_name(entry.reason)))
			never_add(&again->never, &entry);
	}
	respond_set_never(again->respond, &again->never);
}

/* Others of the same day at that address. */
static void set_shared(struct known *known, int64_t first_us)
{
	for (unsigned i = 0; i < STRANGERS; i++) {
		known->users[i] = i + 1;
		known->users_us[i] = first_us - 1;
	}
}

static void set_known(struct again *again, const struct decision_record *then)
{
	const struct addr source = addr_source(&then->client_ip);
	const struct roster_key key = key_of(&source);
	struct known *known = roster_take(&again->respond->known, &key);
	bool is_counted = then->strike != UNKNOWN_U32 && then->strike > 0;
	if (then->handshake != UNKNOWN_TIME)
		known->handshake_us = known->proof_us = then->handshake;
	if (then->here == 1)
		known->here_since_us = then->first - 1;
	if (then->shared == 1)
		set_shared(known, then->first);
	/* One about another port is no further strike. */
	if (is_counted)
		known->strikes[is_word(then->mode, "observe")] =
			then->several == 1 ? then->strike : then->strike - 1;
}

static void set_served(struct again *again, const struct decision_record *then)
{
	struct respond *respond = again->respond;
	const struct addr source = addr_source(&then->client_ip);
	if (then->served != 1)
		return;
	served_note(respond, &source, 0, then->client == 1);
	const struct roster_key key = key_of(&source);
	struct served *served = roster_find(&respond->served, &key);
	if (served != NULL)
		served->first_us = then->first - (then->client == 1);
}

static void set_bounds(struct again *again, const struct decision_record *then)
{
	struct respond *respond = again->respond;
	int64_t now_us = respond->now_us;
	int own = then->client == 1; /* of the clients */
	recent_add(&respond->begun, now_us, (int)then->begun);
	recent_add(&respond->cut, now_us, (int)then->cut);
	recent_add(&respond->served_minutes, now_us, (int)then->clients - own);
	respond->frozen_by = then->frozen;
}

/* One in force, about another port of the same source. */
static void set_several(struct again *again, const struct decision_record *then)
{
	const struct addr source = addr_source(&then->client_ip);
	const struct block other = {
		.start_us = then->at,
		.until_us = then->at + DAY_US,
		.address = source,
		.prefix_len = addr_is_v4(&source) ? 128 : 64,
		.port = then->server_port ^ 1,
		.transport = "tcp",
		.action = "drop",
		.state = "active",
		.in_force = true,
	};
	if (then->several == 1)
		blocks_add(&again->respond->blocks, &other, "", "");
	again->respond->blocks.force_count = then->in_force;
}

static void set_site(struct again *again, const struct decision_record *then)
{
	const struct addr source = addr_source(&then->client_ip);
	struct respond *respond = again->respond;
	if (addr_is_v4(&source))
		return;
	struct site *site = site_take(&respond->blocks.sites, &source, respond->now_us);
	site->begun = known_or_none(then->site_begun);
	site->in_force = known_or_none(then->site_in_force);
}

/* ---- the finding ---- */

static void give_finding(struct again *again, const struct decision_record *then)
{
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	memcpy(finding.id, then->finding, sizeof(finding.id));
	finding.at = then->at;
	finding.first = then->first;
	finding.last = then->last;
	finding.state = "open";
	finding.kind = then->kind;
	finding.severity = then->severity;
	finding.client_ip = then->client_ip;
	finding.client_prefix = then->client_prefix;
	finding.server_ip = then->server_ip;
	finding.port = then->server_port;
	finding.transport = then->transport;
	finding.ports = then->ports;
	finding.proof = then->proof;
	/* "port_scan: who did what": the finding's own is without its kind. */
	const char *own = strstr(then->summary, ": ");
	record_text(finding.summary, sizeof(finding.summary),
		    own != NULL ? own + 2 : then->summary);
	respond_finding(again->respond, &finding);
}

static void decide_again(struct again *again, const struct decision_record *then)
{
	set_rules(again, then);
	set_never(again, then);
	set_known(again, then);
	set_served(again, then);
	set_bounds(again, then);
	set_several(again, then);
	set_site(again, then);
	give_finding(again, then);
}

/* A bundle may come from anybody: what no decision has is none. */
static bool is_possible(const struct decision_record *then)
{
	return then->at > 0 && then->first != UNKNOWN_TIME &&
	       then->last != UNKNOWN_TIME && then->kind != NULL &&
	       then->begun <= INT32_MAX && then->cut <= INT32_MAX &&
	       then->clients <= INT32_MAX && then->in_force <= INT32_MAX &&
	       then->new_per_minute <= UINT32_MAX && then->total <= UINT32_MAX &&
	       then->at < INT64_MAX / 2 && then->first < INT64_MAX / 2 &&
	       then->first > 0 && then->last > 0 && then->last < INT64_MAX / 2;
}

bool respond_again_decide(const struct decision_record *then,
			  struct decision_record *now)
{
	struct again *again = calloc(1, sizeof(*again));
	const struct respond_sink sink = { .self = again, .decision = take_decision };
	if (again == NULL)
		return false;
	again->out = now;
	again->respond = is_possible(then) ? respond_new(&sink) : NULL;
	if (again->respond != NULL)
		decide_again(again, then);
	bool is_decided = again->is_decided;
	if (again->respond != NULL)
		respond_free(again->respond);
	free(again);
	return is_decided;
}
