/*
 * beacon.c: a host of ours that calls the same server by the clock, for hours: what a
 * program in other hands does that waits for orders (T1071).
 *
 * So do many honest programs: it is never more than a notice, unless a list knows the
 * server or what is spoken is hidden on another's port.  What is known to go by the
 * clock is left out: time, names, leases, our own probes, known monitors, and all that
 * stays within our networks.  One connection that is kept alive is one connection.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/roster.h"
#include "detect/beacon_score.h"
#include "detect/detector.h"
#include "detect/roster_file.h"

enum {
	PAIRS_MAX = 16384,
	CONNECTIONS_MIN = 20,
	/* A score is made of the last 64 connections: so many new ones until the next,
	 * and so many good ones in a row, or chance would have its day. */
	RATE_EVERY = 16,
	RATE_EVERY_FIRST = 4,
	GOOD_IN_A_ROW = 3,
	/* What follows faster is a part of something, not a call by itself. */
	GAP_MIN_MS = 5000,
};

#define SCORE_MIN  .8            /* as RITA calls it strong */
#define SPREAD_MAX .75           /* see beacon_score.h: between jitter and chance */
#define BURSTS_MAX 2.            /* likewise */
#define SPAN_US    (6 * HOUR_US) /* shorter is a job that somebody runs */
#define HOUR_US    (3600 * SECOND_US)

struct pair {
	struct roster_entry head;
	int64_t first_us, last_us; /* begins of connections */
	uint32_t count;            /* connections */
	uint32_t rated;            /* of them, at the last score */
	uint8_t good;              /* scores in a row */
	uint16_t hours[BEACON_HOURS];
	/* Of the last connections, as small floats. */
	uint16_t gaps[BEACON_SAMPLES], sizes[BEACON_SAMPLES];
};

struct beacons {
	struct roster pairs;
	char path[PATH_MAX]; /* "": they are not kept */
};

static bool open_beacons(struct detect *detect, void *state)
{
	(void)detect;
	return roster_open(&((struct beacons *)state)->pairs, sizeof(struct pair),
			   PAIRS_MAX);
}

static bool is_sane(const void *entry)
{
	struct pair pair;
	memcpy(&pair, entry, sizeof(pair));
	return pair.first_us >= 0 && pair.first_us <= pair.last_us &&
	       pair.rated <= pair.count && pair.count > 0 && pair.good <= GOOD_IN_A_ROW;
}

static void keep_beacons(void *state, const char *folder)
{
	struct beacons *beacons = state;
	int len = snprintf(beacons->path, sizeof(beacons->path), "%s/beacons.bin",
			   folder);
	if (len < 0 || (size_t)len >= sizeof(beacons->path))
		beacons->path[0] = '\0';
	else
		roster_read(&beacons->pairs, beacons->path, is_sane);
}

static void close_beacons(void *state)
{
	struct beacons *beacons = state;
	/* A disk that is full is told by the store. */
	if (beacons->path[0] != '\0')
		roster_write(&beacons->pairs, beacons->path);
	roster_close(&beacons->pairs);
}

/* ---- small floats: 12 bits, shifted by 4: up to 37 hours of milliseconds ---- */

static uint16_t pack(uint64_t value)
{
	unsigned shift = 0;
	while (value >> shift > 0xfff && shift < 15)
		shift++;
	uint64_t top = value >> shift;
	return (uint16_t)(shift << 12 | (top > 0xfff ? 0xfff : top));
}

static uint32_t unpack(uint16_t packed)
{
	return (uint32_t)(packed & 0xfff) << (packed >> 12);
}

/* ---- who is looked at ---- */

/* By the clock, and rightly so: RFC 5905, 1035, 2131, 8415, 6762, 4795, 1001. */
static bool is_clockwork(const struct flow_record *flow)
{
	static const uint16_t ports[] = { 123,  53,   67,  68,  546,  547,
					  5353, 5355, 137, 138, 1900, 853 };
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (flow->server_port == ports[i])
			return true;
	return strcmp(flow->protocol, "ntp") == 0 || strcmp(flow->protocol, "dns") == 0;
}

static bool is_looked_at(const struct detect *detect, const struct flow_record *flow)
{
	if (flow->start < 0 || flow->transport == NULL || flow->probe == 1 ||
	    flow->end_reason == NULL || strcmp(flow->end_reason, "aggregate") == 0 ||
	    (strcmp(flow->transport, "tcp") != 0 &&
	     strcmp(flow->transport, "udp") != 0))
		return false;
	const struct addr *server = &flow->server_ip;
	return !is_clockwork(flow) && detect_is_ours(detect, &flow->client_ip) &&
	       !detect_is_ours(detect, server) && !addr_is_group(server) &&
	       !addr_is_private(server) && !addr_is_loopback(server) &&
	       !home_holds(&detect->friends, server) &&
	       !home_holds(&detect->friends, &flow->client_ip);
}

/* ---- what is known of a pair ---- */

/* Hours that passed without any are empty. */
static void count_hour(struct pair *pair, int64_t at_us)
{
	int64_t hour = at_us / HOUR_US, last = pair->last_us / HOUR_US;
	if (hour - last >= BEACON_HOURS)
		memset(pair->hours, 0, sizeof(pair->hours));
	for (int64_t i = last + 1; i <= hour && hour - last < BEACON_HOURS; i++)
		pair->hours[i % BEACON_HOURS] = 0;
	uint16_t *now = &pair->hours[hour % BEACON_HOURS];
	if (*now < UINT16_MAX)
		++*now;
}

static uint64_t size_of(const struct flow_record *flow)
{
	if (flow->client_payload_bytes != UNKNOWN_U64)
		return flow->client_payload_bytes;
	return flow->client_bytes != UNKNOWN_U64 ? flow->client_bytes : 0;
}

static struct pair *pair_of(struct beacons *beacons, const struct flow_record *flow)
{
	const struct roster_key key = {
		.first = flow->client_ip,
		.second = flow->server_ip,
		.rest = flow->server_port |
			(uint64_t)(strcmp(flow->transport, "udp") == 0) << 32,
	};
	return roster_take(&beacons->pairs, &key);
}

/* False if that connection began before another that is known: it is old news. */
static bool note(struct beacons *beacons, struct pair *pair,
		 const struct flow_record *flow)
{
	if (pair->count > 0 && flow->start <= pair->last_us)
		return false;
	if (pair->count == 0) {
		pair->first_us = pair->last_us = flow->start;
	} else {
		uint64_t gap_ms = (uint64_t)(flow->start - pair->last_us) / 1000;
		pair->gaps[(pair->count - 1) % BEACON_SAMPLES] = pack(gap_ms);
		pair->sizes[(pair->count - 1) % BEACON_SAMPLES] = pack(size_of(flow));
	}
	count_hour(pair, flow->start);
	pair->last_us = flow->start;
	if (++pair->count == UINT32_MAX)
		pair->count = pair->rated = BEACON_SAMPLES; /* a life later */
	/* Scans and crawlers meet many servers once or twice. */
	if (pair->count == CONNECTIONS_MIN / 2)
		roster_rank(&beacons->pairs, pair, 1);
	return true;
}

static bool is_due(const struct pair *pair)
{
	uint32_t every = pair->count >= BEACON_SAMPLES ? RATE_EVERY : RATE_EVERY_FIRST;
	return pair->count >= CONNECTIONS_MIN && pair->count - pair->rated >= every &&
	       pair->last_us - pair->first_us >= SPAN_US;
}

static void fill_series(const struct pair *pair, struct beacon_series *series)
{
	int64_t last = pair->last_us / HOUR_US;
	int64_t seen = last - pair->first_us / HOUR_US + 1;
	series->count =
		pair->count - 1 < BEACON_SAMPLES ? pair->count - 1 : BEACON_SAMPLES;
	for (size_t i = 0; i < series->count; i++) {
		series->gaps_ms[i] = unpack(pair->gaps[i]);
		series->sizes[i] = unpack(pair->sizes[i]);
	}
	series->hour_count = seen < BEACON_HOURS ? (size_t)seen : BEACON_HOURS;
	for (size_t i = 0; i < series->hour_count; i++) {
		int64_t hour = last - (int64_t)series->hour_count + 1 + (int64_t)i;
		series->hours[i] = pair->hours[hour % BEACON_HOURS];
	}
}

/* ---- what is said ---- */

/*
 * What was read is not what that port is for (T1571).  Only ports about which there is
 * no doubt: many programs choose one above 1023 as they like.
 */
static bool is_on_strange_port(const struct flow_record *flow)
{
	static const struct {
		uint32_t port;
		const char *usual[4];
	} known[] = {
		{ 21, { "ftp" } },
		{ 22, { "ssh" } },
		{ 25, { "smtp", "tls" } },
		{ 80, { "http", "tls", "websocket" } },
		{ 443, { "tls", "quic", "http", "dtls" } },
	};
	bool is_read = flow->protocol[0] != '\0' && flow->protocol_by != NULL &&
		       strcmp(flow->protocol_by, "content") == 0;
	for (size_t i = 0; is_read && i < sizeof(known) / sizeof(known[0]); i++) {
		bool usual = known[i].port != flow->server_port;
		for (size_t j = 0; j < 4 && known[i].usual[j] != NULL; j++)
			usual |= strcmp(flow->protocol, known[i].usual[j]) == 0;
		if (!usual)
			return true;
	}
	return false;
}

static const char *proof_of(const struct flow_record *flow)
{
	bool said = flow->client_payload_bytes != UNKNOWN_U64 &&
		    flow->client_payload_bytes > 0 &&
		    flow->server_payload_bytes != UNKNOWN_U64 &&
		    flow->server_payload_bytes > 0;
	if (said)
		return "dialogue";
	return flow->handshake_us != UNKNOWN_U64 ? "handshake" : "unsolicited";
}

static void describe(const struct pair *pair, const struct beacon_score *score,
		     const struct flow_record *flow, struct finding_record *evidence)
{
	char client[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX];
	addr_text(&flow->client_ip, client);
	addr_text(&flow->server_ip, server);
	snprintf(evidence->summary, sizeof(evidence->summary),
		 "%s calls %s port %u/%s by the clock, every %.1f s, for %lld hours.",
		 client, server, flow->server_port, flow->transport,
		 score->gap_ms / 1000.,
		 (long long)((pair->last_us - pair->first_us) / HOUR_US));
	snprintf(evidence->evidence, sizeof(evidence->evidence),
		 "%u connections; median interval %.1f s, deviation %.1f s; %u bytes; "
		 "score %.2f: intervals %.2f, sizes %.2f, duration %.2f, hours %.2f",
		 pair->count, score->gap_ms / 1000., score->gap_mad_ms / 1000.,
		 score->size_median, score->total, score->gap, score->size,
		 score->duration, score->histogram);
	record_text(evidence->advice, sizeof(evidence->advice),
		    "Find the program that connects there: update checks and monitors "
		    "do the same. One that is known belongs into detect.friends.");
}

static void raise_pair(struct detect *detect, const struct pair *pair,
		       const struct beacon_score *score, const struct flow_record *flow)
{
	struct finding_record evidence;
	bool strange = is_on_strange_port(flow);
	bool listed = detect_is_listed(detect, &flow->server_ip);
	detect_attack(&evidence, "beacon", NULL, flow->end);
	evidence.detector = "beacon";
	evidence.client_ip = flow->client_ip; /* this one, not all of its /64 */
	evidence.client_prefix = addr_is_v4(&flow->client_ip) ? 32 : 128;
	evidence.server_ip = flow->server_ip;
	evidence.port = flow->server_port;
	evidence.transport = flow->transport;
	evidence.confidence = score->total;
	evidence.proof = proof_of(flow);
	evidence.attempts = pair->count - pair->rated;
	evidence.first = pair->first_us;
	record_text(evidence.mitre, sizeof(evidence.mitre),
		    strange ? "T1571" : "T1071");
	describe(pair, score, flow, &evidence);
	/* Until three of its scores are overdue. */
	int64_t hold_us = 3LL * RATE_EVERY * score->gap_ms * 1000 + HOUR_US;
	findings_take(&detect->findings, &evidence,
		      strange || listed ? SEVERITY_LOW : SEVERITY_NOTICE, hold_us);
}

static bool is_by_the_clock(const struct beacon_score *score)
{
	return score->total >= SCORE_MIN && score->spread <= SPREAD_MAX &&
	       score->bursts <= BURSTS_MAX && score->gap_ms >= GAP_MIN_MS;
}

static void see_flow(struct detect *detect, void *state, const struct flow_record *flow)
{
	struct beacons *beacons = state;
	struct beacon_series series;
	struct beacon_score score;
	if (!is_looked_at(detect, flow))
		return;
	struct pair *pair = pair_of(beacons, flow);
	if (!note(beacons, pair, flow) || !is_due(pair))
		return;
	fill_series(pair, &series);
	beacon_rate(&series, &score);
	if (!is_by_the_clock(&score))
		pair->good = 0;
	else if (pair->good < GOOD_IN_A_ROW)
		pair->good++;
	if (pair->good == GOOD_IN_A_ROW)
		raise_pair(detect, pair, &score, flow);
	pair->rated = pair->count;
}

const struct detector detector_beacon = {
	.name = "beacon",
	.state_size = sizeof(struct beacons),
	.open = open_beacons,
	.close = close_beacons,
	.keep = keep_beacons,
	.flow = see_flow,
};
