/*
 * logins.c: see logins.h.
 */
#include "detect/logins.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/order.h"

enum {
	BUCKETS = 1024,
	TELLERS_MAX = 6, /* of one attempt; more are believed to have told */
	STEPS_MAX = 256, /* attempts looked at for one report, the newest */
};

#define SECOND_US 1000000LL
/* Logs are read every quarter of a second: by then, most of their lines have come. */
#define JUDGE_US      (SECOND_US / 2)
#define NEAR_US       (10 * SECOND_US)
#define CONNECTION_US (300 * SECOND_US)

struct attempt {
	struct login_record record;
	uint64_t tellers[TELLERS_MAX];
	uint8_t teller_count;
	bool has_wire, has_log;
	bool is_said;
	bool is_fresh, is_judged; /* sink.attempt was given it */
	uint32_t bucket;
};

struct logins {
	struct logins_sink sink;
	int64_t hold_us;
	struct hash_key key;
	struct attempt at[LOGINS_MAX];
	/* By age: all that are in use; waiting: those not yet said; fresh: those that
	 * were not yet looked at for sink.attempt. */
	struct order_link age_links[LOGINS_MAX], waiting_links[LOGINS_MAX],
		fresh_links[LOGINS_MAX], client_links[LOGINS_MAX];
	struct order by_age, waiting, fresh, unused, of_client[BUCKETS];
	struct logins_stats stats;
};

struct logins *logins_new(const struct logins_sink *sink, uint32_t hold_s)
{
	struct logins *logins = calloc(1, sizeof(*logins));
	if (logins == NULL)
		return NULL;
	logins->sink = *sink;
	logins->hold_us = hold_s * SECOND_US;
	logins->key = hash_key_random();
	logins->by_age = logins->waiting = logins->fresh = logins->unused =
		order_empty();
	for (size_t i = 0; i < BUCKETS; i++)
		logins->of_client[i] = order_empty();
	for (uint32_t i = 0; i < LOGINS_MAX; i++)
		order_put(logins->age_links, &logins->unused, i);
	return logins;
}

void logins_free(struct logins *logins)
{
	free(logins);
}

void logins_stats(const struct logins *logins, struct logins_stats *stats)
{
	*stats = logins->stats;
}

/* ---- given out, forgotten, new ---- */

/* No longer fresh; and if it is to be judged now, it is. */
static void judge(struct logins *logins, uint32_t i, bool is_time)
{
	struct attempt *attempt = &logins->at[i];
	if (attempt->is_fresh)
		order_take(logins->fresh_links, &logins->fresh, i);
	attempt->is_fresh = false;
	if (!is_time || attempt->is_judged)
		return;
	attempt->is_judged = true;
	if (logins->sink.attempt != NULL)
		logins->sink.attempt(logins->sink.self, &attempt->record);
}

static void say(struct logins *logins, uint32_t i)
{
	struct attempt *attempt = &logins->at[i];
	if (attempt->is_said)
		return;
	judge(logins, i, true);
	attempt->is_said = true;
	order_take(logins->waiting_links, &logins->waiting, i);
	logins->stats.attempts++;
	logins->sink.login(logins->sink.self, &attempt->record);
}

static void forget(struct logins *logins, uint32_t i)
{
	say(logins, i);
	order_take(logins->age_links, &logins->by_age, i);
	order_take(logins->client_links, &logins->of_client[logins->at[i].bucket], i);
	order_put(logins->age_links, &logins->unused, i);
}

/* All clients that are not known are one. */
static uint32_t bucket_of(const struct logins *logins, const struct addr *client)
{
	uint64_t words[2];
	memcpy(words, client->ip6, sizeof(words));
	return (uint32_t)(hash_words(&logins->key, words, 2) % BUCKETS);
}

static uint32_t add(struct logins *logins, const struct login_record *record)
{
	if (logins->unused.oldest == ORDER_NONE) {
		uint32_t oldest = logins->by_age.oldest;
		logins->stats.evicted += !logins->at[oldest].is_said;
		forget(logins, oldest);
	}
	uint32_t i = logins->unused.oldest;
	struct attempt *attempt = &logins->at[i];
	order_take(logins->age_links, &logins->unused, i);
	memset(attempt, 0, sizeof(*attempt));
	attempt->record = *record;
	attempt->bucket = bucket_of(logins, &record->client_ip);
	order_put(logins->age_links, &logins->by_age, i);
	order_put(logins->waiting_links, &logins->waiting, i);
	order_put(logins->fresh_links, &logins->fresh, i);
	attempt->is_fresh = true;
	order_put(logins->client_links, &logins->of_client[attempt->bucket], i);
	return i;
}

/* ---- is it the same attempt ---- */

static bool numbers_agree(uint32_t a, uint32_t b)
{
	return a == b || a == UNKNOWN_U32 || b == UNKNOWN_U32;
}

static bool addrs_agree(const struct addr *a, const struct addr *b)
{
	return addr_is_unset(a) || addr_is_unset(b) || addr_equal(a, b);
}

static bool texts_agree(const char *a, const char *b)
{
	return a[0] == '\0' || b[0] == '\0' || strcmp(a, b) == 0;
}

/* Bytes that are not printable stand as these: one log escapes them twice. */
static const char *past_marks(const char *name)
{
	return name + strspn(name, ".?\\");
}

/* As far as those who write them let see. */
static bool names_agree(const char *a, const char *b)
{
	if (a[0] == '\0' || b[0] == '\0')
		return true;
	for (;;) {
		a = past_marks(a);
		b = past_marks(b);
		if (*a != *b)
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

static bool is_known(const char *outcome)
{
	return outcome != NULL && strcmp(outcome, "unknown") != 0;
}

static bool outcomes_agree(const char *a, const char *b)
{
	return !is_known(a) || !is_known(b) || strcmp(a, b) == 0;
}

static bool agree(const struct login_record *a, const struct login_record *b)
{
	return addrs_agree(&a->client_ip, &b->client_ip) &&
	       numbers_agree(a->client_port, b->client_port) &&
	       addrs_agree(&a->server_ip, &b->server_ip) &&
	       numbers_agree(a->server_port, b->server_port) &&
	       texts_agree(a->protocol, b->protocol) && names_agree(a->user, b->user) &&
	       outcomes_agree(a->outcome, b->outcome);
}

static bool is_same_connection(const struct login_record *a,
			       const struct login_record *b)
{
	return a->client_port != UNKNOWN_U32 && a->client_port == b->client_port &&
	       !addr_is_unset(&a->client_ip) &&
	       addr_equal(&a->client_ip, &b->client_ip);
}

static bool is_near(const struct attempt *attempt, const struct login_report *report)
{
	int64_t apart_us = report->login->at - attempt->record.at;
	int64_t near_us = NEAR_US + report->span_s * SECOND_US;
	if (is_same_connection(&attempt->record, report->login))
		near_us = CONNECTION_US;
	return apart_us <= near_us && apart_us >= -near_us;
}

static bool has_told(const struct attempt *attempt, uint64_t teller)
{
	for (size_t i = 0; i < attempt->teller_count; i++)
		if (attempt->tellers[i] == teller)
			return true;
	return attempt->teller_count == TELLERS_MAX;
}

static bool may_be(const struct attempt *attempt, const struct login_report *report)
{
	return (report->is_hint || !has_told(attempt, report->teller)) &&
	       agree(&attempt->record, report->login) && is_near(attempt, report);
}

/* ---- which one it is ---- */

struct search {
	const struct login_report *report;
	uint32_t best; /* ORDER_NONE: none yet */
};

/* The same connection before another; then what was first, as lines come in order. */
static void consider(const struct logins *logins, struct search *search, uint32_t i)
{
	const struct login_record *login = search->report->login;
	if (!may_be(&logins->at[i], search->report))
		return;
	if (search->best != ORDER_NONE &&
	    is_same_connection(&logins->at[search->best].record, login) &&
	    !is_same_connection(&logins->at[i].record, login))
		return;
	search->best = i;
}

/* From the newest to the oldest: the last that is considered is the oldest. */
static void walk(const struct logins *logins, const struct order_link *links,
		 uint32_t newest, struct search *search)
{
	uint32_t i = newest;
	for (int steps = 0; i != ORDER_NONE && steps < STEPS_MAX; steps++) {
		consider(logins, search, i);
		i = links[i].older;
	}
}

static uint32_t find(const struct logins *logins, const struct login_report *report)
{
	struct search search = { report, ORDER_NONE };
	const struct addr *client = &report->login->client_ip;
	const struct addr unset = addr_unset();
	if (addr_is_unset(client)) {
		walk(logins, logins->age_links, logins->by_age.newest, &search);
		return search.best;
	}
	uint32_t bucket = bucket_of(logins, client);
	walk(logins, logins->client_links, logins->of_client[bucket].newest, &search);
	if (search.best == ORDER_NONE) {
		bucket = bucket_of(logins, &unset);
		walk(logins, logins->client_links, logins->of_client[bucket].newest,
		     &search);
	}
	return search.best;
}

/* ---- one of two ---- */

static void fill_number(uint32_t *into, uint32_t from)
{
	if (*into == UNKNOWN_U32)
		*into = from;
}

static void fill_addr(struct addr *into, const struct addr *from)
{
	if (addr_is_unset(into))
		*into = *from;
}

static void fill_text(char *into, size_t size, const char *from)
{
	if (into[0] == '\0')
		record_text(into, size, from);
}

static void fill_connection(struct login_record *into, const struct login_record *from)
{
	if (into->flow_start == UNKNOWN_TIME)
		into->flow_start = from->flow_start;
	if (into->transport == NULL)
		into->transport = from->transport;
	fill_addr(&into->client_ip, &from->client_ip);
	fill_addr(&into->server_ip, &from->server_ip);
	fill_text(into->iface, sizeof(into->iface), from->iface);
	if (into->vlan == UNKNOWN_U16)
		into->vlan = from->vlan;
	fill_number(&into->server_port, from->server_port);
}

/* The daemon's own line, which knows the port, is named before PAM's. */
static void fill_source(struct login_record *into, const struct login_record *from)
{
	bool is_nearer =
		into->client_port == UNKNOWN_U32 && from->client_port != UNKNOWN_U32;
	if (is_nearer && from->source[0] != '\0')
		record_text(into->source, sizeof(into->source), from->source);
	fill_text(into->source, sizeof(into->source), from->source);
	fill_number(&into->client_port, from->client_port);
}

static void join(struct login_record *into, const struct login_record *from)
{
	bool was_guessed = into->seen_by != NULL && strcmp(into->seen_by, "size") == 0;
	fill_connection(into, from);
	fill_source(into, from);
	fill_text(into->protocol, sizeof(into->protocol), from->protocol);
	fill_text(into->user, sizeof(into->user), from->user);
	if (!is_known(into->outcome))
		into->outcome = from->outcome;
	if (from->method != NULL && (into->method == NULL || was_guessed))
		into->method = from->method;
}

/* A client that was not known is, by now. */
static void settle(struct logins *logins, uint32_t i)
{
	struct attempt *attempt = &logins->at[i];
	uint32_t bucket = bucket_of(logins, &attempt->record.client_ip);
	if (bucket == attempt->bucket)
		return;
	order_take(logins->client_links, &logins->of_client[attempt->bucket], i);
	attempt->bucket = bucket;
	order_put(logins->client_links, &logins->of_client[bucket], i);
}

static void note_teller(struct attempt *attempt, const struct login_report *report)
{
	bool is_wire = report->teller == LOGINS_WIRE;
	/* A hint is no report of the attempt: its teller's proper line is to come. */
	if (!report->is_hint && attempt->teller_count < TELLERS_MAX)
		attempt->tellers[attempt->teller_count++] = report->teller;
	attempt->has_wire |= is_wire;
	attempt->has_log |= !is_wire && !report->is_hint;
	/* That a log told of it, too, its source says. */
	if (is_wire && !attempt->is_said)
		attempt->record.seen_by = report->login->seen_by;
}

static void merge(struct logins *logins, uint32_t i, const struct login_report *report)
{
	struct attempt *attempt = &logins->at[i];
	logins->stats.merged++;
	logins->stats.late += attempt->is_said;
	join(&attempt->record, report->login);
	settle(logins, i);
	note_teller(attempt, report);
}

static bool is_complete(const struct logins *logins, const struct attempt *attempt)
{
	return logins->hold_us == 0 || (attempt->has_wire && attempt->has_log &&
					attempt->record.user[0] != '\0');
}

static void take_one(struct logins *logins, const struct login_report *report)
{
	uint32_t i = find(logins, report);
	if (i != ORDER_NONE) {
		merge(logins, i, report);
	} else {
		i = add(logins, report->login);
		note_teller(&logins->at[i], report);
	}
	if (is_complete(logins, &logins->at[i]))
		say(logins, i);
}

void logins_take(struct logins *logins, const struct login_report *report)
{
	for (uint32_t i = 0; i < report->count; i++)
		take_one(logins, report);
}

/* ---- time ---- */

/* A clock that was set back must not hold an attempt for as long. */
static bool is_due(int64_t at_us, int64_t now_us, int64_t wait_us)
{
	return now_us - at_us >= wait_us || at_us - now_us > CONNECTION_US;
}

/* What is known is enough to judge by: a proper report, of whom, and what came of it.
 */
static bool is_clear(const struct attempt *attempt)
{
	return attempt->teller_count > 0 && is_known(attempt->record.outcome) &&
	       !addr_is_unset(&attempt->record.client_ip);
}

void logins_tick(struct logins *logins, int64_t now_us)
{
	uint32_t i;
	while ((i = logins->fresh.oldest) != ORDER_NONE &&
	       is_due(logins->at[i].record.at, now_us, JUDGE_US))
		judge(logins, i, is_clear(&logins->at[i]));
	while ((i = logins->waiting.oldest) != ORDER_NONE &&
	       is_due(logins->at[i].record.at, now_us, logins->hold_us))
		say(logins, i);
	while ((i = logins->by_age.oldest) != ORDER_NONE &&
	       is_due(logins->at[i].record.at, now_us, CONNECTION_US))
		forget(logins, i);
}

void logins_flush(struct logins *logins)
{
	while (logins->waiting.oldest != ORDER_NONE)
		say(logins, logins->waiting.oldest);
}
