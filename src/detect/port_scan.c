/*
 * port_scan.c: one source tries many ports.
 *
 * What a source tried is in its entry of sources.h; here is decided when that is a
 * scan, and a scan that is known is counted as long as it lasts.  All counts are of
 * distinct ports of one host that are not known to be open, or that answered and were
 * not used: a service that fails, or a client that comes again and again, is one port.
 *
 * Several sources that try the same ports at the same time are one scan with decoys
 * (scan_group.h), but for those that complete handshakes, as no decoy can.
 */
#include <string.h>

#include "detect/detector.h"
#include "detect/port_scan.h"
#include "detect/scan_attempt.h"

enum {
	SCANS_MAX = 512,
	/*
	 * Of 2,850 captures of other projects, "five failed ports of one host" told two
	 * scans from all else, among them much peer-to-peer traffic.  By itself it is
	 * worth knowing; what the sequential test adds is that little else goes well.
	 */
	PORTS_NOTICE = 5,
	/*
	 * Beside detect.scan_ports in ten minutes.  A monitor of many services, of
	 * which one host's are dead, gets along with more of them than it fails at; so
	 * many times as many dead ones of a host are a scan all the same.
	 */
	SURE_TIMES = 2,
	/* In an hour, by the sequential test; as many as in ten minutes in a day, in
	 * which nmap -T0 tries 288. */
	HOUR_OF = 4,
	HOUR_OF_ALL = 5,
	FAST_S = 600,
	HOUR_S = 3600,
	DAY_S = 24 * 3600,
	/* Who tries the same port in round after round watches it. */
	WATCHES = 3,
	/*
	 * A scan over hosts and ports touches each host and each port several times;
	 * who looks for peers does not.
	 */
	PAIRS_WIDE = 32,
	WIDE_TIMES = 4,
	WIDE_LEAST = 5,
	/*
	 * A scan may be forged in the name of a client of ours, and he connects without
	 * a word at times: a health check of a balancer, a browser ahead of need.  But
	 * not to as many ports.
	 */
	PROOFS = 1,
	PROOFS_OF_CLIENT = 3,
};

static bool open_scans(struct detect *detect, void *state)
{
	struct port_scans *all = state;
	detect->groups = &all->groups;
	return roster_open(&all->scans, sizeof(struct port_scan), SCANS_MAX);
}

static void close_scans(void *state)
{
	roster_close(&((struct port_scans *)state)->scans);
}

static struct roster_key key_of(const struct addr *client, unsigned transport)
{
	return (struct roster_key){ .first = addr_source(client), .rest = transport };
}

/* ---- what the source tried ---- */

/*
 * Distinct ports of one host, by how long ago they were first tried; done are those of
 * all hosts that were used.
 */
struct port_tally {
	uint32_t failed, fast, hour, day, done;
	int64_t first_s;
};

static struct port_tally tally_host(const struct sources *sources,
				    const struct source *source, uint32_t server,
				    unsigned transport, uint32_t now_s)
{
	struct port_tally tally = { .first_s = now_s };
	size_t count;
	const struct attempt *at = sources_attempts(sources, source, &count);
	for (size_t i = 0; i < count; i++) {
		uint32_t age_s = hints_age_s(now_s, at[i].first_s);
		tally.done += at[i].kind == ATTEMPT_DONE && age_s <= DAY_S;
		bool counts = at[i].server == server && at[i].transport == transport &&
			      at[i].kind != ATTEMPT_DONE && age_s <= DAY_S;
		if (!counts)
			continue;
		tally.failed += at[i].kind != ATTEMPT_HALF_OPEN;
		tally.fast += age_s <= FAST_S;
		tally.hour += age_s <= HOUR_S && at[i].again < WATCHES;
		tally.day += at[i].again < WATCHES;
	}
	return tally;
}

static enum told judge_tally(const struct detect *detect, const struct source *source,
			     const struct port_tally *tally)
{
	const struct sources *sources = &detect->sources;
	const struct addr *who = &source->addr;
	uint32_t ports = detect->limits.scan_ports;
	bool scans = sources_scans(source);
	bool gets_along = tally->done > 0 && tally->done >= tally->day;
	if (tally->fast >= sources_jitter(sources, who, ports * SURE_TIMES) ||
	    (!gets_along && tally->fast >= sources_jitter(sources, who, ports)))
		return TOLD_SCAN;
	if (!scans)
		return TOLD_NOTHING;
	if (!gets_along &&
	    (tally->hour >=
		     sources_jitter(sources, who, ports * HOUR_OF / HOUR_OF_ALL) ||
	     tally->day >= sources_jitter(sources, who, ports)))
		return TOLD_SCAN;
	return tally->failed >= sources_jitter(sources, who, PORTS_NOTICE)
		       ? TOLD_NOTICE
		       : TOLD_NOTHING;
}

/* ---- counting ---- */

static void count_host(struct port_scan *scan, uint32_t server)
{
	static const struct hash_key fixed;
	uint64_t word = server;
	cardinality_add(&scan->hosts, hash_words(&fixed, &word, 1));
	/* An estimate costs much more than what it could change by one. */
	if (scan->pairs < scan->estimate_at)
		return;
	scan->host_count = cardinality_estimate(&scan->hosts);
	scan->estimate_at = scan->pairs + 1 + scan->pairs / 16;
}

static void count_attempt(struct port_scan *scan, const struct attempt *attempt)
{
	int64_t at_us = (int64_t)attempt->first_s * SECOND_US;
	scan->port_count += port_bits_add(scan->ports, attempt->port);
	scan->pairs++;
	scan->unsaid++;
	scan->failed += attempt->kind == ATTEMPT_FAILED;
	scan->unused += attempt->kind == ATTEMPT_HALF_OPEN;
	scan->stray += attempt->kind == ATTEMPT_STRAY;
	scan->usual_syns += attempt->is_usual;
	scan->techniques[attempt->technique]++;
	scan->is_fragmented |= attempt->is_fragment;
	scan->resets |= attempt->resets;
	if (attempt->kind != ATTEMPT_HALF_OPEN && attempt->ttl != 0)
		scan->ttl = attempt->ttl;
	if (at_us < scan->first_us)
		scan->first_us = at_us;
	count_host(scan, attempt->server);
}

/* True if most of what failed came over as many routers as that. */
static bool is_same_way(const struct port_scan *scan, const struct attempt *attempt)
{
	return attempt->ttl != 0 && attempt->ttl == scan->ttl;
}

/*
 * Who scans with whole connections leaves open ports without a word.  Such a handshake,
 * on a port that the source had never used, from as far away as the rest, is the
 * scan's.
 */
static bool proves(const struct port_scan *scan, const struct attempt *unused)
{
	return is_same_way(scan, unused) &&
	       (int64_t)unused->first_s * SECOND_US >= scan->first_us - SECOND_US;
}

static bool is_past(const struct attempt *attempt, unsigned transport, int64_t now_us)
{
	return attempt->transport == transport &&
	       hints_age_s(scan_attempt_second(now_us), attempt->first_s) <= DAY_S;
}

/* Ports that answered come first in many a scan, before it is known as one. */
static void count_past_unused(struct port_scan *scan, const struct attempt *past)
{
	struct attempt unused = *past;
	bool is_proof = proves(scan, past);
	scan->unused_handshakes += is_proof;
	unused.kind = ATTEMPT_HALF_OPEN;
	if (is_proof || past->kind != ATTEMPT_DONE)
		count_attempt(scan, &unused);
}

/* Of what the source tried before, all that may belong to it. */
static void count_past(const struct sources *sources, struct port_scan *scan,
		       const struct source *source, unsigned transport, int64_t now_us)
{
	size_t count;
	const struct attempt *at = sources_attempts(sources, source, &count);
	for (size_t i = 0; i < count; i++)
		if (is_past(&at[i], transport, now_us) && !at[i].is_unused &&
		    at[i].kind != ATTEMPT_DONE)
			count_attempt(scan, &at[i]);
	for (size_t i = 0; i < count; i++)
		if (is_past(&at[i], transport, now_us) && at[i].is_unused)
			count_past_unused(scan, &at[i]);
	/* Attempts know no more than the second. */
	if (scan->first_us < source->first_us)
		scan->first_us = source->first_us;
	scan->was_client = source->client_us != 0 && source->client_us < scan->first_us;
}

/* NULL if there is none that goes on. */
static struct port_scan *find_scan(struct port_scans *all, const struct addr *client,
				   unsigned transport, int64_t now_us)
{
	struct roster_key key = key_of(client, transport);
	struct port_scan *scan = roster_find(&all->scans, &key);
	if (scan == NULL || scan->pairs == 0)
		return NULL;
	return now_us - scan->last_us <= port_scan_hold_us(scan) ? scan : NULL;
}

static struct port_scan *begin_scan(struct port_scans *all, const struct addr *client,
				    unsigned transport, int64_t now_us)
{
	struct roster_key key = key_of(client, transport);
	struct port_scan *scan = roster_take(&all->scans, &key);
	struct roster_entry head = scan->head;
	memset(scan, 0, sizeof(*scan));
	scan->head = head;
	roster_rank(&all->scans, scan, 0);
	scan->client = *client;
	scan->first_us = scan->last_us = now_us;
	scan->server = addr_unset();
	return scan;
}

/* ---- contacts ---- */

/* True if it touches hosts and ports each several times, as who looks for peers never
 * does. */
static bool is_grid(const struct port_scan *scan)
{
	return scan->pairs >= PAIRS_WIDE && scan->host_count >= WIDE_LEAST &&
	       scan->port_count >= WIDE_LEAST &&
	       scan->pairs >= scan->host_count * WIDE_TIMES &&
	       scan->pairs >= (uint64_t)scan->port_count * WIDE_TIMES;
}

static void grow(struct port_scan *scan, enum told told)
{
	if (told > scan->told)
		scan->told = told;
}

/* What this attempt makes of the scan. */
static void judge(struct detect *detect, struct port_scan *scan,
		  const struct contact_record *c, const struct attempt *attempt)
{
	const struct sources *sources = &detect->sources;
	const struct source *source = sources->news.source;
	bool is_known_host = addr_equal(&scan->server, &c->server_ip);
	if (scan->told >= TOLD_SCAN && (scan->is_wide || is_known_host))
		return;
	struct port_tally tally = tally_host(sources, source, attempt->server,
					     attempt->transport, attempt->last_s);
	enum told told = judge_tally(detect, source, &tally);
	if (told == TOLD_NOTHING && is_grid(scan) && sources_scans(source)) {
		scan->is_wide = true;
		told = TOLD_SCAN;
	}
	if (told == TOLD_NOTHING)
		return;
	if (addr_is_unset(&scan->server))
		scan->server = c->server_ip;
	else if (!is_known_host && scan->group == NULL)
		scan->is_wide = true;
	grow(scan, told);
}

static bool is_worth_a_scan(const struct detect *detect, const struct attempt *attempt)
{
	const struct sources *sources = &detect->sources;
	const struct source *source = sources->news.source;
	if (source->count < PORTS_NOTICE - 1)
		return false;
	struct port_tally tally = tally_host(sources, source, attempt->server,
					     attempt->transport, attempt->last_s);
	return judge_tally(detect, source, &tally) != TOLD_NOTHING ||
	       (source->count >= PAIRS_WIDE && sources_scans(source));
}

/* Its group's room may be another's by now. */
static void leave_old_group(struct port_scan *scan)
{
	if (scan->group != NULL && scan->group->turn != scan->group_turn)
		scan->group = NULL;
}

/* The scan that the attempt belongs to, with it counted; NULL: it is of none. */
static struct port_scan *scan_of(struct detect *detect, struct port_scans *all,
				 const struct contact_record *c,
				 const struct attempt *attempt)
{
	const struct sources *sources = &detect->sources;
	struct port_scan *scan =
		find_scan(all, &c->client_ip, attempt->transport, c->at);
	if (scan != NULL) {
		count_attempt(scan, attempt);
	} else if (is_worth_a_scan(detect, attempt)) {
		scan = begin_scan(all, &c->client_ip, attempt->transport, c->at);
		count_past(sources, scan, sources->news.source, attempt->transport,
			   c->at);
	}
	if (scan != NULL)
		leave_old_group(scan);
	return scan;
}

/* Since it was last told: what is done about it does not wait for the second to end. */
static bool is_surer(const struct port_scan *scan)
{
	return (port_scan_is_proven(scan) && !scan->was_proven) ||
	       (port_scan_is_grave(scan) && !scan->was_grave);
}

/* All that the scan tried, and nothing else, is asked for in round after round. */
static bool is_watch(const struct sources *sources, const struct port_scan *scan)
{
	uint64_t watched = 0;
	size_t count;
	const struct attempt *at =
		sources_attempts(sources, sources->news.source, &count);
	for (size_t i = 0; i < count; i++)
		watched += at[i].transport == scan->head.key.rest &&
			   at[i].kind != ATTEMPT_DONE && at[i].again >= WATCHES;
	return watched == scan->pairs;
}

/*
 * A monitor of services that are all dead looks like a scan in its first round.  Its
 * set of ports does not grow: in the fourth it is taken back, unless it is proven.
 */
static void see_again(struct detect *detect, struct port_scans *all,
		      const struct contact_record *c, const struct attempt *attempt)
{
	if (attempt->again != WATCHES)
		return;
	struct port_scan *scan =
		find_scan(all, &c->client_ip, attempt->transport, c->at);
	if (scan == NULL)
		return;
	leave_old_group(scan);
	if (scan->told == TOLD_SCAN && scan->group == NULL &&
	    !port_scan_is_proven(scan) && is_watch(&detect->sources, scan))
		port_scan_withdraw(detect, scan);
}

static void take_contact(struct detect *detect, void *state,
			 const struct contact_record *c)
{
	struct port_scans *all = state;
	struct contact_news *news = &detect->sources.news;
	if (news->attempt == NULL || news->attempt->kind == ATTEMPT_DONE ||
	    news->attempt->transport == ATTEMPT_ICMP)
		return;
	if (!news->is_new) {
		see_again(detect, all, c, news->attempt);
		return;
	}
	struct port_scan *scan = scan_of(detect, all, c, news->attempt);
	if (scan == NULL)
		return;
	enum told before = scan->told;
	bool was_wide = scan->is_wide;
	scan->last_us = c->at;
	if (c->tool != NULL)
		scan->tool = c->tool;
	if (c->ports != UNKNOWN_U64 && c->ports > scan->tried)
		scan->tried = c->ports;
	judge(detect, scan, c, news->attempt);
	if (before == TOLD_NOTHING && scan->told != TOLD_NOTHING && !scan->is_wide)
		port_scan_find_company(detect, all, scan);
	if (scan->told != TOLD_NOTHING)
		news->source->scan_us = c->at;
	if (scan->is_wide)
		news->source->grid_us = c->at;
	if (scan->group != NULL)
		port_scan_note_group(scan, news->attempt);
	port_scan_leave_company(scan);
	scan->is_dirty = scan->told != TOLD_NOTHING;
	if (scan->told != before || scan->is_wide != was_wide || is_surer(scan))
		port_scan_tell(detect, scan);
}

/* ---- connections ---- */

bool port_scan_has_proof(const struct port_scan *scan)
{
	return scan->unused_handshakes >=
	       (scan->was_client ? PROOFS_OF_CLIENT : PROOFS);
}

bool port_scan_is_proven(const struct port_scan *scan)
{
	return scan->group == NULL && port_scan_has_proof(scan);
}

static bool has_port(const struct port_scan *scan, uint16_t port)
{
	return (scan->ports[port / 64] >> port % 64 & 1) != 0;
}

static void count_unused(struct detect *detect, struct port_scans *all,
			 const struct unused_connection *connection)
{
	const struct attempt *unused = sources_unused(&detect->sources, connection);
	struct port_scan *scan = unused != NULL
					 ? find_scan(all, connection->client,
						     ATTEMPT_TCP, connection->end_us)
					 : NULL;
	if (scan == NULL)
		return;
	scan->unused_handshakes +=
		!has_port(scan, unused->port) && proves(scan, unused);
	count_attempt(scan, unused);
	leave_old_group(scan);
	port_scan_leave_company(scan);
	scan->is_dirty = scan->told != TOLD_NOTHING;
	if (scan->is_dirty && is_surer(scan))
		port_scan_tell(detect, scan);
}

static void take_unused(struct detect *detect, void *state,
			const struct contact_record *contact)
{
	const struct unused_connection connection = {
		.client = &contact->client_ip,
		.server = &contact->server_ip,
		.port = (uint16_t)contact->port,
		.end_us = contact->at,
	};
	count_unused(detect, state, &connection);
}

/* The same, where the contact was left out. */
static void take_flow(struct detect *detect, void *state,
		      const struct flow_record *flow)
{
	if (flow->probe == 1 || flow->handshake_us == UNKNOWN_U64 ||
	    flow->client_payload_bytes != 0 || addr_is_unset(&flow->client_ip) ||
	    home_holds(&detect->friends, &flow->client_ip))
		return;
	const struct unused_connection connection = {
		.client = &flow->client_ip,
		.server = &flow->server_ip,
		.port = (uint16_t)flow->server_port,
		.end_us = flow->end,
	};
	count_unused(detect, state, &connection);
}

static void take_second(struct detect *detect, void *state, int64_t now_us)
{
	struct port_scans *all = state;
	(void)now_us;
	for (uint32_t i = 0; i < all->scans.used; i++) {
		struct port_scan *scan = port_scan_at(all, i);
		leave_old_group(scan);
		if (scan->is_dirty)
			port_scan_tell(detect, scan);
	}
}

const struct detector detector_port_scan = {
	.name = "port_scan",
	.state_size = sizeof(struct port_scans),
	.open = open_scans,
	.close = close_scans,
	.contact = take_contact,
	.unused = take_unused,
	.flow = take_flow,
	.tick = take_second,
};
