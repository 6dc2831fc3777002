/*
 * findings.c: what is open, said when it is news; see findings.h.
 *
 * When the table is full, the one whose evidence is oldest goes, of the lowest severity
 * that there is: a flood of trifles can't push out what matters.
 */
#include "detect/findings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name_list.h"

/* What grows is said again soon at first, then as often as it is worth reading. */
#define SAY_FIRST_US (1 * SECOND_US)
#define SAY_AGAIN_US (10 * SECOND_US)

static const char *const proofs[] = { "unsolicited", "handshake", "dialogue" };

bool findings_init(struct findings *findings, const struct detect_sink *sink)
{
	*findings = (struct findings){ .sink = sink,
				       .key = hash_key_random(),
				       .next_us = INT64_MAX };
	findings->at = calloc(FINDINGS_MAX, sizeof(*findings->at));
	findings->links = calloc(FINDINGS_MAX, sizeof(*findings->links));
	incidents_clear(&findings->incidents);
	memset(findings->of_key, 0xff, sizeof(findings->of_key));
	memset(findings->of_port, 0xff, sizeof(findings->of_port));
	for (unsigned i = 0; i < SEVERITIES; i++)
		findings->by_use[i] = order_empty();
	findings->unused = order_empty();
	if (findings->at == NULL || findings->links == NULL)
		return false;
	for (uint32_t i = FINDINGS_MAX; i-- > 0;)
		order_put(findings->links, &findings->unused, i);
	return true;
}

void findings_clear(struct findings *findings)
{
	free(findings->at);
	free(findings->links);
}

/* Names are ours, not strangers': FNV-1a. */
static uint64_t name_hash(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (; name != NULL && *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
	return hash;
}

static uint64_t key_hash(const struct hash_key *key, const struct finding_record *r,
			 int64_t first_us)
{
	uint64_t words[10] = { name_hash(r->kind),
			       name_hash(r->technique),
			       name_hash(r->transport),
			       r->port,
			       r->netns ^ (r->sensor[0] != '\0' ? name_hash(r->sensor)
								: 0),
			       (uint64_t)first_us };
	memcpy(&words[6], &r->client_ip, sizeof(r->client_ip));
	memcpy(&words[8], &r->server_ip, sizeof(r->server_ip));
	return hash_words(key, words, sizeof(words) / sizeof(words[0]));
}

static uint32_t *key_bucket(struct findings *findings, const struct finding_record *r)
{
	return &findings->of_key[key_hash(&findings->key, r, 0) % FINDINGS_BUCKETS];
}

bool findings_same_word(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_key(const struct finding_record *a, const struct finding_record *b)
{
	return a->port == b->port && a->netns == b->netns &&
	       addr_equal(&a->client_ip, &b->client_ip) &&
	       addr_equal(&a->server_ip, &b->server_ip) &&
	       findings_same_word(a->transport, b->transport) &&
	       findings_same_word(a->kind, b->kind) &&
	       findings_same_word(a->technique, b->technique) &&
	       strcmp(a->sensor, b->sensor) == 0;
}

struct finding *findings_find(struct findings *findings,
			      const struct finding_record *key)
{
	for (uint32_t i = *key_bucket(findings, key); i != ORDER_NONE;
	     i = findings->at[i].next_of_key)
		if (is_same_key(&findings->at[i].record, key))
			return &findings->at[i];
	return NULL;
}

static void say(struct findings *findings, struct finding *finding, int64_t now_us)
{
	finding->record.at = now_us;
	finding->said_us = now_us;
	finding->has_news = false;
	finding->pause_us *= 2;
	if (finding->pause_us > SAY_AGAIN_US)
		finding->pause_us = SAY_AGAIN_US;
	incidents_note(&findings->incidents, &finding->record);
	findings->sink->finding(findings->sink->self, &finding->record);
}

static uint32_t port_bucket(uint32_t port)
{
	return port == UNKNOWN_U32 ? FINDINGS_BUCKETS : port % FINDINGS_BUCKETS;
}

/* Takes it out of a chain. */
static void unlink_key(struct findings *findings, uint32_t number)
{
	uint32_t *at = key_bucket(findings, &findings->at[number].record);
	while (*at != number)
		at = &findings->at[*at].next_of_key;
	*at = findings->at[number].next_of_key;
}

static void unlink_port(struct findings *findings, uint32_t number)
{
	uint32_t port = findings->at[number].record.port;
	uint32_t *at = &findings->of_port[port_bucket(port)];
	while (*at != number)
		at = &findings->at[*at].next_of_port;
	*at = findings->at[number].next_of_port;
}

void findings_close(struct findings *findings, struct finding *finding, int64_t now_us)
{
	uint32_t number = (uint32_t)(finding - findings->at);
	finding->record.state = "closed";
	finding->is_open = false;
	say(findings, finding, now_us);
	unlink_key(findings, number);
	unlink_port(findings, number);
	order_take(findings->links, &findings->by_use[finding->severity], number);
	order_put(findings->links, &findings->unused, number);
	findings->open--;
}

void findings_withdraw(struct findings *findings, struct finding *finding,
		       const char *why, int64_t now_us)
{
	struct finding_record *r = &finding->record;
	char grounds[2 * sizeof(r->evidence)];
	snprintf(grounds, sizeof(grounds), "%s; %s", why, r->evidence);
	record_text(r->evidence, sizeof(r->evidence), grounds);
	r->severity = severity_names[SEVERITY_NOTICE];
	findings_close(findings, finding, now_us);
}

void findings_fold(struct findings *findings, struct finding *finding,
		   const struct finding *into, int64_t now_us)
{
	struct finding_record *r = &finding->record;
	char why[sizeof(into->record.id) + 16];
	snprintf(why, sizeof(why), "part of %.8s", into->record.id);
	memcpy(r->incident, into->record.incident, sizeof(r->incident));
	findings_withdraw(findings, finding, why, now_us);
}

/* A free place, or that of the least of those not worse than severity. */
static struct finding *make_room(struct findings *findings, unsigned severity,
				 int64_t now_us)
{
	for (unsigned i = 0; findings->unused.newest == ORDER_NONE && i <= severity;
	     i++) {
		uint32_t oldest = findings->by_use[i].oldest;
		if (oldest == ORDER_NONE)
			continue;
		findings->evicted++;
		findings_close(findings, &findings->at[oldest], now_us);
	}
	if (findings->unused.newest == ORDER_NONE)
		return NULL;
	uint32_t number = findings->unused.newest;
	order_take(findings->links, &findings->unused, number);
	return &findings->at[number];
}

static void link_one(struct findings *findings, uint32_t number)
{
	struct finding *finding = &findings->at[number];
	uint32_t *bucket = key_bucket(findings, &finding->record);
	finding->next_of_key = *bucket;
	*bucket = number;
	bucket = &findings->of_port[port_bucket(finding->record.port)];
	finding->next_of_port = *bucket;
	*bucket = number;
}

/* Puts it where it is found. */
static struct finding *place_one(struct findings *findings,
				 const struct finding_record *record, unsigned severity)
{
	struct finding *finding = make_room(findings, severity, record->last);
	if (finding == NULL) {
		findings->refused++;
		return NULL;
	}
	uint32_t number = (uint32_t)(finding - findings->at);
	*finding = (struct finding){ .record = *record,
				     .severity = severity,
				     .is_open = true,
				     .pause_us = SAY_AGAIN_US,
				     .newest_start_us = INT64_MIN };
	struct finding_record *r = &finding->record;
	r->state = "open";
	r->severity = severity_names[severity];
	link_one(findings, number);
	order_put(findings->links, &findings->by_use[severity], number);
	findings->open++;
	return finding;
}

/* How long ago what decided it was; unknown where nobody knows what time it is. */
static void note_latency(struct findings *findings, struct finding_record *record)
{
	const struct detect_sink *sink = findings->sink;
	if (sink->clock_us == NULL)
		return;
	int64_t took_us = sink->clock_us(sink->self) - record->last;
	record->latency_us = took_us > 0 ? (uint64_t)took_us : 0;
	histogram_add(&findings->latency, record->latency_us);
}

static struct finding *begin(struct findings *findings,
			     const struct finding_record *evidence, unsigned severity)
{
	static const struct hash_key fixed; /* an id says the same in a replay */
	struct finding_record record = *evidence;
	if (record.first == UNKNOWN_TIME || record.first > evidence->last)
		record.first = evidence->last;
	snprintf(record.id, sizeof(record.id), "%016llx",
		 (unsigned long long)key_hash(&fixed, &record, record.first));
	note_latency(findings, &record);
	struct finding *finding = place_one(findings, &record, severity);
	/* Only attacks come with numbers that grow by the packet. */
	if (finding != NULL && record.evidence[0] != '\0')
		finding->pause_us = SAY_FIRST_US / 2;
	return finding;
}

static unsigned proof_rank(const char *proof)
{
	for (unsigned i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++)
		if (findings_same_word(proofs[i], proof))
			return i + 1;
	return 0;
}

/* "12 ports" after "11 ports" is no news, but growth. */
static bool says_the_same(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (isdigit((unsigned char)*a))
			a++;
		while (isdigit((unsigned char)*b))
			b++;
		if (*a != *b)
			return false;
		if (*a == '\0')
			return true;
	}
}

/* Of two counts, either of which may be unknown. */
static uint64_t larger(uint64_t a, uint64_t b)
{
	if (a == UNKNOWN_U64 || b == UNKNOWN_U64)
		return a == UNKNOWN_U64 ? b : a;
	return a > b ? a : b;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a == UNKNOWN_U64 || b == UNKNOWN_U64 ? larger(a, b) : a + b;
}

/* Evidence that says nothing of it leaves the text as it is. */
#define KEEP_TEXT(into, from)                                                          \
	do {                                                                           \
		if ((into)[0] == '\0')                                                 \
			memcpy(into, from, sizeof(into));                              \
	} while (0)

/* Who saw it before has seen it, also if the evidence goes no further back. */
static void add_sensors(struct finding_record *merged, const struct finding_record *old)
{
	field_text256 newer;
	memcpy(newer, merged->sensors, sizeof(newer));
	memcpy(merged->sensors, old->sensors, sizeof(merged->sensors));
	name_list_add(merged->sensors, sizeof(merged->sensors), newer);
}

/* What the evidence does not know, or knows less of, than what it adds to. */
static void keep_known(struct finding_record *merged, const struct finding_record *old)
{
	merged->ports = larger(merged->ports, old->ports);
	merged->hosts = larger(merged->hosts, old->hosts);
	merged->users = larger(merged->users, old->users);
	merged->attempts = add(merged->attempts, old->attempts);
	if (proof_rank(merged->proof) < proof_rank(old->proof))
		merged->proof = old->proof;
	KEEP_TEXT(merged->port_list, old->port_list);
	KEEP_TEXT(merged->user, old->user);
	KEEP_TEXT(merged->tool, old->tool);
	KEEP_TEXT(merged->evidence, old->evidence);
	KEEP_TEXT(merged->advice, old->advice);
	KEEP_TEXT(merged->mitre, old->mitre);
	add_sensors(merged, old);
}

/* Puts the evidence into the record; true if more than counts and times changed. */
static bool merge(struct finding_record *into, const struct finding_record *evidence)
{
	bool news = proof_rank(evidence->proof) > proof_rank(into->proof) ||
		    !says_the_same(into->summary, evidence->summary) ||
		    strcmp(into->exe, evidence->exe) != 0;
	struct finding_record merged = *evidence;
	keep_known(&merged, into);
	memcpy(merged.id, into->id, sizeof(merged.id));
	memcpy(merged.incident, into->incident, sizeof(merged.incident));
	merged.at = into->at;
	merged.first = into->first;
	merged.state = into->state;
	merged.severity = into->severity;
	merged.latency_us = into->latency_us;
	merged.packets = into->packets;
	*into = merged;
	return news;
}

/* When something is to be done about it. */
static int64_t next_of(const struct finding *finding)
{
	int64_t again_us =
		finding->has_news ? finding->said_us + finding->pause_us : INT64_MAX;
	return again_us < finding->due_us ? again_us : finding->due_us;
}

static void note_next(struct findings *findings, const struct finding *finding)
{
	int64_t next_us = next_of(finding);
	if (next_us < findings->next_us)
		findings->next_us = next_us;
}

struct finding *findings_take(struct findings *findings,
			      const struct finding_record *evidence, unsigned severity,
			      int64_t hold_us)
{
	struct finding *finding = findings_find(findings, evidence);
	bool news = finding == NULL;
	if (news) {
		finding = begin(findings, evidence, severity);
		if (finding == NULL)
			return NULL;
	} else {
		uint32_t number = (uint32_t)(finding - findings->at);
		order_take(findings->links, &findings->by_use[finding->severity],
			   number);
		news = merge(&finding->record, evidence) ||
		       severity > finding->severity;
		if (severity > finding->severity)
			finding->severity = severity;
		finding->record.severity = severity_names[finding->severity];
		order_put(findings->links, &findings->by_use[finding->severity],
			  number);
	}
	finding->due_us = hold_us == HOLD_OPEN ? HOLD_OPEN : evidence->last + hold_us;
	finding->has_news = true;
	finding->is_restored = false;
	if (news || evidence->last - finding->said_us >= finding->pause_us)
		say(findings, finding, evidence->last);
	note_next(findings, finding);
	return finding;
}

void findings_move(struct findings *findings, struct finding *finding,
		   const struct finding_record *key)
{
	uint32_t number = (uint32_t)(finding - findings->at);
	if (findings_find(findings, key) != NULL)
		return;
	unlink_key(findings, number);
	unlink_port(findings, number);
	struct finding_record *r = &finding->record;
	r->port = key->port;
	r->kind = key->kind;
	r->technique = key->technique;
	r->client_ip = key->client_ip;
	r->client_prefix = key->client_prefix;
	r->server_ip = key->server_ip;
	memcpy(r->sensor, key->sensor, sizeof(r->sensor));
	link_one(findings, number);
}

void findings_restore(struct findings *findings, const struct finding_record *record,
		      int64_t hold_us)
{
	int said = record_severity(record->severity);
	unsigned severity = said >= 0 ? (unsigned)said : SEVERITY_LOW;
	if (findings_find(findings, record) != NULL ||
	    findings->unused.newest == ORDER_NONE)
		return;
	struct finding *finding = place_one(findings, record, severity);
	finding->is_restored = true;
	incidents_note(&findings->incidents, &finding->record);
	finding->said_us = record->last;
	if (record->at == UNKNOWN_TIME)
		finding->record.at = record->last;
	finding->due_us = hold_us == HOLD_OPEN ? HOLD_OPEN : record->last + hold_us;
	note_next(findings, finding);
}

void findings_end_at(struct findings *findings, struct finding *finding, int64_t due_us)
{
	if (due_us < finding->due_us)
		finding->due_us = due_us;
	note_next(findings, finding);
}

static struct finding *find_id(struct findings *findings, const char *id)
{
	for (uint32_t i = 0; i < FINDINGS_MAX; i++)
		if (findings->at[i].is_open &&
		    strcmp(findings->at[i].record.id, id) == 0)
			return &findings->at[i];
	return NULL;
}

void findings_kept(struct findings *findings, const char *id, uint64_t packets)
{
	struct finding *finding = find_id(findings, id);
	if (finding == NULL)
		return;
	finding->record.packets = packets;
	finding->has_news = true;
	note_next(findings, finding);
}

void findings_rename_incident(struct findings *findings, const char *id,
			      const char *incident)
{
	struct finding *finding = find_id(findings, id);
	if (finding != NULL)
		incidents_rename(&findings->incidents, &finding->record, incident);
}

void findings_tick(struct findings *findings, int64_t now_us)
{
	if (now_us < findings->next_us)
		return;
	findings->next_us = INT64_MAX;
	for (uint32_t i = 0; i < FINDINGS_MAX; i++) {
		struct finding *finding = &findings->at[i];
		if (!finding->is_open)
			continue;
		if (finding->due_us <= now_us)
			findings_close(findings, finding, now_us);
		else if (finding->has_news &&
			 now_us - finding->said_us >= finding->pause_us)
			say(findings, finding, now_us);
		if (finding->is_open)
			note_next(findings, finding);
	}
}

void findings_flush(struct findings *findings, int64_t now_us)
{
	for (uint32_t i = 0; i < FINDINGS_MAX; i++)
		if (findings->at[i].is_open && findings->at[i].has_news)
			say(findings, &findings->at[i], now_us);
}

uint32_t findings_port(const struct findings *findings, uint32_t port)
{
	return findings->of_port[port_bucket(port)];
}

const struct finding *findings_next_of_port(const struct findings *findings,
					    uint32_t *at, uint32_t port)
{
	while (*at != ORDER_NONE) {
		const struct finding *finding = &findings->at[*at];
		*at = finding->next_of_port;
		if (finding->record.port == port)
			return finding;
	}
	return NULL;
}
