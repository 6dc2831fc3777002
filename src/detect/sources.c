/*
 * sources.c: see sources.h.
 */
#include "detect/sources.h"

#include <stdlib.h>
#include <string.h>

#include "detect/inside.h"
#include "detect/scan_attempt.h"

enum {
	DAY_S = 24 * 3600,
	UNUSED_S = 600,
	NEWCOMER_S = 3600,
	/* Who connects back does so at once: ident, FTP's data, a look for proxies. */
	BACK_S = 600,
	/* A program's own repetitions come within seconds, a monitor's next round
	   later. */
	AGAIN_S = 10,
	/* With fewer failures a source is not worth a block. */
	BLOCK_WORTH = 1,
	USED_S = 20, /* a connection that ended is told some seconds later */
	/* A client who is known by his handshake outlasts who merely sent packets. */
	HANDSHAKE_WORTH = 4,
	EVICTION_TRIES = 8,
};

/*
 * Jung et al.: of a scanner's first contacts one in five goes well, of others' four;
 * each outcome changes the logarithm of the likelihood ratio by that of 4.  Beyond the
 * bounds it is decided, and does not grow: who is innocent can still prove it.
 */
#define TRW_STEP    1.386F
#define TRW_FLOOR   (-4.6F)
#define TRW_ALARM   4.595F /* ln 99 */
#define TRW_CEILING 9.2F

/* ---- hints ---- */

static uint64_t open_hash(const struct sources *sources,
			  enum attempt_transport transport, const struct addr *server,
			  uint32_t port)
{
	uint64_t words[3];
	memcpy(words, server, sizeof(*server));
	words[2] = (uint64_t)transport << 32 | port;
	return hash_words(&sources->key, words, 3);
}

static uint64_t client_hash(const struct sources *sources, const struct addr *client,
			    const struct addr *server)
{
	uint64_t words[4];
	memcpy(words, client, sizeof(*client));
	memcpy(words + 2, server, sizeof(*server));
	return hash_words(&sources->key, words, 4);
}

bool sources_is_open(const struct sources *sources, enum attempt_transport transport,
		     const struct addr *server, uint32_t port, int64_t now_us)
{
	return hints_hold(&sources->open_ports,
			  open_hash(sources, transport, server, port),
			  scan_attempt_second(now_us), DAY_S);
}

bool sources_is_served(const struct sources *sources, enum attempt_transport transport,
		       uint32_t port, int64_t now_us)
{
	struct addr any = addr_unset();
	return sources_is_open(sources, transport, &any, port, now_us);
}

static void note_open(struct sources *sources, enum attempt_transport transport,
		      const struct addr *server, uint32_t port, int64_t now_us)
{
	struct addr any = addr_unset();
	hints_put(&sources->open_ports, open_hash(sources, transport, server, port),
		  scan_attempt_second(now_us));
	hints_put(&sources->open_ports, open_hash(sources, transport, &any, port),
		  scan_attempt_second(now_us));
}

/* A host that lives, as if it had one more port. */
enum { ANY_PORT = 65536 };

bool sources_is_living(const struct sources *sources, const struct addr *host,
		       int64_t now_us)
{
	return sources_is_open(sources, ATTEMPT_TCP, host, ANY_PORT, now_us);
}

static void note_living(struct sources *sources, const struct addr *host,
			int64_t now_us)
{
	note_open(sources, ATTEMPT_TCP, host, ANY_PORT, now_us);
}

/* ---- places of the table ---- */

/* How much would be lost with it. */
static unsigned worth(const struct source *source, int64_t now_us)
{
	unsigned telling =
		source->failures < SOURCE_ATTEMPTS ? source->failures : SOURCE_ATTEMPTS;
	if (source->last_us == 0)
		return 0;
	if (now_us - source->last_us > DAY_S * SECOND_US)
		return 1;
	return 2 + telling + (source->handshake_us != 0 ? HANDSHAKE_WORTH : 0);
}

static struct source *ways_of(const struct sources *sources, const struct addr *addr,
			      bool is_prefix)
{
	uint64_t words[2];
	memcpy(words, addr, sizeof(*addr));
	uint64_t hash = hash_words(&sources->key, words, 2);
	size_t from = is_prefix          ? 2 * (size_t)SOURCES_FAMILY
		      : addr_is_v4(addr) ? 0
					 : SOURCES_FAMILY;
	size_t sets = (is_prefix ? PREFIXES_MAX : SOURCES_FAMILY) / SOURCES_WAYS;
	return &sources->at[from + hash % sets * SOURCES_WAYS];
}

static struct source *find(const struct sources *sources, const struct addr *addr,
			   bool is_prefix)
{
	struct source *ways = ways_of(sources, addr, is_prefix);
	for (int i = 0; i < SOURCES_WAYS; i++)
		if (ways[i].last_us != 0 && addr_equal(&ways[i].addr, addr))
			return &ways[i];
	return NULL;
}

struct source *sources_find(struct sources *sources, const struct addr *addr)
{
	struct addr key = addr_source(addr);
	return find(sources, &key, false);
}

static void release_block(struct sources *sources, struct source *source)
{
	if (source->block == 0)
		return;
	struct attempt_block *block = &sources->blocks[source->block - 1];
	memcpy(source->few, block->at, sizeof(source->few));
	if (source->count > SOURCE_FEW)
		source->count = SOURCE_FEW;
	source->block = 0;
	block->is_used = false;
	sources->blocks_used--;
}

static uint32_t number_of(const struct sources *sources, const struct source *source)
{
	return (uint32_t)(source - sources->at);
}

static void forget(struct sources *sources, struct source *source)
{
	uint32_t number = number_of(sources, source);
	release_block(sources, source);
	if (number >= 2 * SOURCES_FAMILY)
		sources->neighbours[number - 2 * SOURCES_FAMILY] =
			(struct neighbours){ 0 };
	*source = (struct source){ 0 };
}

/* A free place, or that of the one that tells least, of these the oldest. */
static struct source *make_room(struct sources *sources, struct source *ways,
				int64_t now_us)
{
	struct source *least = &ways[0];
	for (int i = 1; i < SOURCES_WAYS; i++) {
		unsigned a = worth(&ways[i], now_us), b = worth(least, now_us);
		if (a < b || (a == b && ways[i].last_us < least->last_us))
			least = &ways[i];
	}
	sources->evicted +=
		least->last_us != 0 && now_us - least->last_us <= DAY_S * SECOND_US;
	forget(sources, least);
	return least;
}

static struct source *entry_of(struct sources *sources, const struct addr *addr,
			       bool is_prefix, int64_t now_us)
{
	struct source *source = find(sources, addr, is_prefix);
	if (source != NULL && now_us - source->last_us > DAY_S * SECOND_US)
		forget(sources, source);
	else if (source != NULL)
		return source;
	source = make_room(sources, ways_of(sources, addr, is_prefix), now_us);
	source->addr = *addr;
	source->first_us = source->last_us = now_us;
	return source;
}

/* ---- attempts ---- */

uint32_t sources_server(const struct sources *sources, const struct addr *server)
{
	uint64_t words[2];
	memcpy(words, server, sizeof(*server));
	return (uint32_t)hash_words(&sources->key, words, 2);
}

static struct attempt *attempts_of(const struct sources *sources, struct source *source)
{
	return source->block != 0 ? sources->blocks[source->block - 1].at : source->few;
}

const struct attempt *sources_attempts(const struct sources *sources,
				       const struct source *source, size_t *count)
{
	*count = source->count;
	return source->block != 0 ? sources->blocks[source->block - 1].at : source->few;
}

/* A block that is not used, or of some at random that of the least telling. */
static struct attempt_block *choose_block(struct sources *sources, int64_t now_us)
{
	struct attempt_block *least = NULL;
	unsigned least_worth = 0;
	for (int i = 0; i < EVICTION_TRIES; i++) {
		uint64_t turn = sources->turns++;
		struct attempt_block *block =
			&sources->blocks[hash_words(&sources->key, &turn, 1) %
					 BLOCKS_MAX];
		if (!block->is_used)
			return block;
		unsigned is_worth = worth(&sources->at[block->owner], now_us);
		if (least == NULL || is_worth < least_worth) {
			least = block;
			least_worth = is_worth;
		}
	}
	release_block(sources, &sources->at[least->owner]);
	return least;
}

static void give_block(struct sources *sources, struct source *source, int64_t now_us)
{
	struct attempt_block *block = choose_block(sources, now_us);
	block->is_used = true;
	block->owner = number_of(sources, source);
	memcpy(block->at, source->few, sizeof(source->few));
	source->block = (uint16_t)(block - sources->blocks + 1);
	sources->blocks_used++;
}

/*
 * Which is missed least: what is too old, then what went well; then what is oldest.  Of
 * a scanner what goes well is missed until it is known whether it was used.
 */
static unsigned rank_of(const struct source *source, const struct attempt *attempt,
			uint32_t now_s)
{
	uint32_t age_s = hints_age_s(now_s, attempt->last_s);
	if (age_s > DAY_S)
		return 0;
	if (attempt->kind != ATTEMPT_DONE)
		return 2;
	return age_s <= USED_S && sources_scans(source) ? 3 : 1;
}

static struct attempt *least_attempt(const struct source *source,
				     struct attempt *attempts, size_t count,
				     uint32_t now_s)
{
	struct attempt *least = &attempts[0];
	unsigned least_rank = rank_of(source, least, now_s);
	for (size_t i = 1; i < count; i++) {
		unsigned rank = rank_of(source, &attempts[i], now_s);
		if (rank > least_rank ||
		    (rank == least_rank && attempts[i].first_s >= least->first_s))
			continue;
		least = &attempts[i];
		least_rank = rank;
	}
	return least;
}

static struct attempt *place_attempt(struct sources *sources, struct source *source,
				     int64_t now_us)
{
	if (source->block == 0 && source->count == SOURCE_FEW &&
	    source->failures >= BLOCK_WORTH)
		give_block(sources, source, now_us);
	struct attempt *attempts = attempts_of(sources, source);
	size_t most = source->block != 0 ? SOURCE_ATTEMPTS : SOURCE_FEW;
	if (source->count < most)
		return &attempts[source->count++];
	return least_attempt(source, attempts, most, scan_attempt_second(now_us));
}

static struct attempt *find_attempt(const struct sources *sources,
				    struct source *source, const struct attempt *wanted)
{
	struct attempt *attempts = attempts_of(sources, source);
	for (size_t i = 0; i < source->count; i++)
		if (attempts[i].server == wanted->server &&
		    attempts[i].port == wanted->port &&
		    attempts[i].transport == wanted->transport &&
		    hints_age_s(wanted->last_s, attempts[i].last_s) <= DAY_S)
			return &attempts[i];
	return NULL;
}

static void attempt_again(struct attempt *attempt, const struct attempt *now)
{
	if (hints_age_s(now->last_s, attempt->last_s) >= AGAIN_S &&
	    attempt->again < UINT8_MAX)
		attempt->again++;
	attempt->last_s = now->last_s;
	if (attempt->kind == ATTEMPT_FAILED)
		attempt->kind = now->kind;
}

static void add_score(struct source *source, float step)
{
	source->score += step;
	if (source->score < TRW_FLOOR)
		source->score = TRW_FLOOR;
	if (source->score > TRW_CEILING)
		source->score = TRW_CEILING;
}

static void step(struct source *source, const struct attempt *attempt)
{
	if (attempt->kind == ATTEMPT_DONE)
		add_score(source, -TRW_STEP);
	else if (attempt->kind != ATTEMPT_HALF_OPEN)
		add_score(source, TRW_STEP);
	source->failures += attempt->kind != ATTEMPT_DONE;
}

static const struct attempt *put_attempt(struct sources *sources, struct source *source,
					 const struct attempt *now, int64_t now_us,
					 bool *is_new)
{
	struct attempt *attempt = find_attempt(sources, source, now);
	*is_new = attempt == NULL;
	if (attempt != NULL) {
		attempt_again(attempt, now);
		return attempt;
	}
	step(source, now);
	attempt = place_attempt(sources, source, now_us);
	*attempt = *now;
	return attempt;
}

/* ---- what a contact says ---- */

static void note_done(struct sources *sources, struct source *source,
		      const struct contact_record *c, const struct attempt *attempt)
{
	hints_put(&sources->clients, client_hash(sources, &c->client_ip, &c->server_ip),
		  scan_attempt_second(c->at));
	if (strcmp(c->outcome, "handshake") != 0)
		return;
	note_living(sources, &c->client_ip, c->at);
	source->handshake_us = c->at;
	if (source->client_us == 0)
		source->client_us = c->at;
	if (attempt->ttl == 0)
		return;
	source->ttls[source->next_ttl] = attempt->ttl;
	source->next_ttl = (uint8_t)((source->next_ttl + 1) % SOURCE_TTLS);
}

/* The /24 or /48 around it. */
static struct addr prefix_of(const struct addr *addr)
{
	struct addr prefix = *addr;
	size_t kept = addr_is_v4(addr) ? 15 : 6;
	memset(prefix.ip6 + kept, 0, sizeof(prefix.ip6) - kept);
	return prefix;
}

static void note_neighbour(struct sources *sources, const struct source *source,
			   const struct source *prefix)
{
	struct neighbours *n =
		&sources->neighbours[number_of(sources, prefix) - 2 * SOURCES_FAMILY];
	uint64_t words[2];
	memcpy(words, &source->addr, sizeof(words));
	uint8_t bit = addr_is_v4(&source->addr)
			      ? source->addr.ip6[15]
			      : (uint8_t)hash_words(&sources->key, words, 2);
	if (source->failures >= 2)
		n->failing[bit / 64] |= 1ULL << bit % 64;
}

unsigned sources_neighbours(const struct sources *sources, const struct source *prefix)
{
	const struct neighbours *n =
		&sources->neighbours[number_of(sources, prefix) - 2 * SOURCES_FAMILY];
	unsigned count = 0;
	for (int i = 0; i < 4; i++)
		count += (unsigned)__builtin_popcountll(n->failing[i]);
	return count;
}

/* The same, as the whole prefix sees it. */
static struct source *take_prefix(struct sources *sources, const struct source *source,
				  const struct attempt *attempt, int64_t now_us)
{
	struct addr addr = prefix_of(&source->addr);
	bool is_new;
	struct source *prefix = entry_of(sources, &addr, true, now_us);
	prefix->last_us = now_us;
	put_attempt(sources, prefix, attempt, now_us, &is_new);
	note_neighbour(sources, source, prefix);
	return prefix;
}

/* It was no success: who leaves without a word may be a monitor, who fails as well not.
 */
static void count_unused(struct source *source, struct attempt *attempt)
{
	attempt->kind = ATTEMPT_HALF_OPEN;
	add_score(source, TRW_STEP);
	source->failures++;
}

/* With its first failure a source's connections that it left without a word count. */
static void recall_unused(struct sources *sources, struct source *source,
			  uint32_t now_s)
{
	struct attempt *at = attempts_of(sources, source);
	for (size_t i = 0; i < source->count; i++)
		if (at[i].is_unused && at[i].kind == ATTEMPT_DONE &&
		    hints_age_s(now_s, at[i].first_s) <= UNUSED_S)
			count_unused(source, &at[i]);
}

void sources_contact(struct detect *detect, const struct contact_record *contact)
{
	struct sources *sources = &detect->sources;
	struct attempt attempt;
	sources->news = (struct contact_news){ 0 };
	if (!scan_attempt_read(contact, sources_server(sources, &contact->server_ip),
			       &attempt))
		return;
	struct addr addr = addr_source(&contact->client_ip);
	struct source *source = entry_of(sources, &addr, false, contact->at);
	source->last_us = contact->at;
	sources->news.source = source;
	attempt.is_back = hints_hold(
		&sources->clients,
		client_hash(sources, &contact->server_ip, &contact->client_ip),
		scan_attempt_second(contact->at), BACK_S);
	attempt.is_dark = attempt.is_silent &&
			  home_holds(&detect->home, &contact->server_ip) &&
			  !sources_is_living(sources, &contact->server_ip, contact->at);
	if (attempt.kind == ATTEMPT_DONE)
		note_done(sources, source, contact, &attempt);
	if (attempt.kind != ATTEMPT_STRAY && !attempt.is_silent)
		note_living(sources, &contact->server_ip, contact->at);
	if (!scan_attempt_is_telling(detect, contact, &attempt))
		return;
	if (attempt.kind == ATTEMPT_DONE || attempt.kind == ATTEMPT_HALF_OPEN)
		note_open(sources, attempt.transport, &contact->server_ip, attempt.port,
			  contact->at);
	if (attempt.kind != ATTEMPT_DONE && source->failures == 0)
		recall_unused(sources, source, scan_attempt_second(contact->at));
	sources->news.is_back = attempt.is_back != 0;
	sources->news.kept = *put_attempt(sources, source, &attempt, contact->at,
					  &sources->news.is_new);
	sources->news.attempt = &sources->news.kept;
	if (attempt.kind != ATTEMPT_DONE)
		sources->news.prefix =
			take_prefix(sources, source, &attempt, contact->at);
}

const struct attempt *sources_unused(struct sources *sources,
				     const struct unused_connection *unused)
{
	struct source *source = sources_find(sources, unused->client);
	struct attempt wanted = {
		.server = sources_server(sources, unused->server),
		.last_s = scan_attempt_second(unused->end_us),
		.port = unused->port,
		.transport = ATTEMPT_TCP,
	};
	struct attempt *attempt =
		source != NULL ? find_attempt(sources, source, &wanted) : NULL;
	if (attempt == NULL || attempt->kind != ATTEMPT_DONE || attempt->is_unused ||
	    hints_age_s(wanted.last_s, attempt->first_s) > UNUSED_S)
		return NULL;
	attempt->is_unused = 1;
	if (source->failures == 0)
		return NULL;
	count_unused(source, attempt);
	return attempt;
}

void sources_port(struct sources *sources, const struct port_record *port)
{
	if (port->transport == NULL || port->port == UNKNOWN_U32)
		return;
	enum attempt_transport transport = scan_attempt_transport_of(port->transport);
	if (transport == ATTEMPT_SCTP) /* its packets may be refusals */
		return;
	bool serves = transport == ATTEMPT_TCP
			      ? port->handshakes != UNKNOWN_U64 && port->handshakes > 0
			      : port->server_packets != UNKNOWN_U64 &&
					port->server_packets > 0;
	if (serves)
		note_open(sources, transport, &port->server_ip, port->port,
			  port->start);
}

/* ---- what is asked ---- */

uint8_t sources_ttl(const struct source *source)
{
	uint8_t low = UINT8_MAX, high = 0, count = 0;
	unsigned sum = 0;
	for (int i = 0; i < SOURCE_TTLS; i++) {
		uint8_t ttl = source->ttls[i];
		if (ttl == 0)
			continue;
		count++;
		sum += ttl;
		low = ttl < low ? ttl : low;
		high = ttl > high ? ttl : high;
	}
	if (count < SOURCE_TTLS)
		return count == 0 ? 0 : low;
	return (uint8_t)(sum - low - high);
}

bool sources_scans(const struct source *source)
{
	return source->score >= TRW_ALARM;
}

bool sources_is_newcomer(const struct source *source, int64_t now_us)
{
	return now_us - source->first_us < NEWCOMER_S * SECOND_US;
}

uint32_t sources_jitter(const struct sources *sources, const struct addr *source,
			uint32_t threshold)
{
	enum { MOST_PERCENT = 20 };
	uint64_t words[3] = { [2] = threshold };
	if (!sources->is_live)
		return threshold;
	memcpy(words, source, sizeof(*source));
	uint64_t percent = hash_words(&sources->key, words, 3) % (MOST_PERCENT + 1);
	return threshold - (uint32_t)(threshold * percent / 100);
}

/* ---- begin and end ---- */

bool sources_open(struct sources *sources, bool is_live)
{
	*sources = (struct sources){ .is_live = is_live };
	if (is_live) /* a replay finds the same every time */
		sources->key = hash_key_random();
	sources->at = calloc(SOURCES_ALL, sizeof(*sources->at));
	sources->neighbours = calloc(PREFIXES_MAX, sizeof(*sources->neighbours));
	sources->blocks = calloc(BLOCKS_MAX, sizeof(*sources->blocks));
	return sources->at != NULL && sources->neighbours != NULL &&
	       sources->blocks != NULL &&
	       hints_open(&sources->open_ports, OPEN_PORTS_MAX) &&
	       hints_open(&sources->clients, CLIENTS_MAX);
}

void sources_close(struct sources *sources)
{
	free(sources->at);
	free(sources->neighbours);
	free(sources->blocks);
	hints_close(&sources->open_ports);
	hints_close(&sources->clients);
}

void sources_restore(struct sources *sources, const struct source *source,
		     const struct attempt *attempts)
{
	struct source *place = entry_of(sources, &source->addr, false, source->last_us);
	forget(sources, place);
	*place = *source;
	place->block = 0;
	place->count = 0;
	for (size_t i = 0; i < source->count; i++) {
		*place_attempt(sources, place, source->last_us) = attempts[i];
		if (attempts[i].kind != ATTEMPT_DONE)
			take_prefix(sources, place, &attempts[i], source->last_us);
	}
}
