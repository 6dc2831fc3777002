/*
 * reflector.c: a service of ours sends one peer far more than it asks: somebody asks in
 * the peer's name, and ours is the flood.
 *
 * Who asks much is answered much: of DNS a busy client gets ten times what it sends,
 * where zones are signed, so that alone is but a notice.  Our own networks' peers are
 * served on purpose.
 */
#include <stdio.h>

#include "detect/amplifiers.h"
#include "detect/flood.h"

enum {
	PAIRS_MAX = 4096,
	ABUSED_MAX = 256,
	WINDOW_S = 10,
	RATIO_MIN = 10,     /* IP bytes, out by in */
	BYTES_MIN = 100000, /* in a window, to one peer */
	DNS_RATIO_MIN = 12, /* signed denials of one busy resolver stay below ... */
	DNS_BYTES_MIN = 1000000, /* ... or are less than 80 a second of the largest */
	OURS_TIMES = 10, /* so much more to a peer of ours, or of a private network */
	UNASKED_MIN =
		3, /* packets out for one in, of a session: it is not acknowledged */
};

struct pair {
	struct roster_entry entry;
	int64_t begun_us;
	uint64_t asked, asked_bytes, sent, sent_bytes; /* in this window */
	uint64_t untold;                               /* questions */
};

struct service {
	struct roster_entry entry;
	int64_t abused_us;
	struct cardinality peers;
};

struct reflector {
	struct roster pairs, services;
};

static bool open_state(struct detect *detect, void *state)
{
	struct reflector *s = state;
	(void)detect;
	bool opened = roster_open(&s->pairs, sizeof(struct pair), PAIRS_MAX);
	return roster_open(&s->services, sizeof(struct service), ABUSED_MAX) && opened;
}

static void close_state(void *state)
{
	struct reflector *s = state;
	roster_close(&s->pairs);
	roster_close(&s->services);
}

static void add(struct pair *pair, const struct amplification_record *a)
{
	int64_t begin_us = a->at - a->interval_s * SECOND_US;
	if (a->at - pair->begun_us > WINDOW_S * SECOND_US)
		*pair = (struct pair){ .entry = pair->entry, .begun_us = begin_us };
	pair->untold += flood_count(a->client_packets);
	pair->asked += flood_count(a->client_packets);
	pair->asked_bytes += flood_count(a->client_bytes);
	pair->sent += flood_count(a->server_packets);
	pair->sent_bytes += flood_count(a->server_bytes);
}

static uint64_t least_bytes(const struct detect *detect,
			    const struct amplification_record *a)
{
	bool is_ours =
		addr_is_private(&a->client_ip) || detect_is_ours(detect, &a->client_ip);
	return is_ours ? (uint64_t)BYTES_MIN * OURS_TIMES : BYTES_MIN;
}

static bool is_abuse(const struct detect *detect, const struct pair *pair,
		     const struct amplifier *protocol,
		     const struct amplification_record *a)
{
	if (protocol->way == AMPLIFIER_SESSION &&
	    pair->sent < pair->asked * UNASKED_MIN)
		return false;
	return pair->sent_bytes >= pair->asked_bytes * RATIO_MIN &&
	       pair->sent_bytes >= least_bytes(detect, a);
}

static unsigned severity_of(const struct pair *pair, const struct amplifier *protocol)
{
	if (protocol->port != 53)
		return SEVERITY_MEDIUM;
	return pair->sent_bytes >= pair->asked_bytes * DNS_RATIO_MIN &&
			       pair->sent_bytes >= DNS_BYTES_MIN
		       ? SEVERITY_MEDIUM
		       : SEVERITY_NOTICE;
}

/* How many peers, while it goes on. */
static uint64_t count_peers(struct reflector *s, const struct amplification_record *a)
{
	struct roster_key key = flood_key(&a->server_ip, a->port);
	struct service *service = roster_take(&s->services, &key);
	if (a->at - service->abused_us > FLOOD_HOLD_US)
		cardinality_reset(&service->peers);
	service->abused_us = a->at;
	flood_count_source(&service->peers, &a->client_ip);
	return cardinality_estimate(&service->peers);
}

static void raise_finding(struct detect *detect, const struct pair *pair,
			  const struct amplifier *protocol, uint64_t peers,
			  const struct amplification_record *a)
{
	struct finding_record evidence;
	char place[FLOOD_TEXT_MAX], peer[ADDR_TEXT_MAX];
	flood_begin(&evidence, "reflector", protocol->name, a->at, pair->untold);
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1498.002");
	evidence.server_ip = a->server_ip;
	evidence.port = a->port;
	evidence.transport = "udp";
	evidence.hosts = peers;
	evidence.confidence = 0.8;
	addr_text(&a->client_ip, peer);
	FLOOD_SAY(
		evidence.summary,
		"%s (%s) is used to flood others: it answers much to little, asked in "
		"their name.",
		flood_place(&a->server_ip, a->port, "udp", place), protocol->name);
	FLOOD_SAY(evidence.evidence,
		  "%llu bytes to %s for %llu bytes in %lld s, %.1f times as many (%s "
		  "has up to %.0f: %s)",
		  (unsigned long long)pair->sent_bytes, peer,
		  (unsigned long long)pair->asked_bytes,
		  (long long)((a->at - pair->begun_us + SECOND_US - 1) / SECOND_US),
		  (double)pair->sent_bytes /
			  (double)(pair->asked_bytes > 0 ? pair->asked_bytes : 1),
		  protocol->name, protocol->factor, protocol->reference);
	FLOOD_SAY(evidence.advice, "Mend the server: %s.", protocol->mend);
	findings_take(&detect->findings, &evidence, severity_of(pair, protocol),
		      FLOOD_HOLD_US);
}

static void take_amplification(struct detect *detect, void *state,
			       const struct amplification_record *a)
{
	struct reflector *s = state;
	const struct amplifier *protocol = amplifier_of(a->port);
	if (protocol == NULL || !flood_is_ours(detect, &a->server_ip) ||
	    home_holds(&detect->friends, &a->client_ip) ||
	    home_holds(&detect->own, &a->client_ip) || addr_is_group(&a->client_ip))
		return;
	struct roster_key key = flood_key(&a->server_ip, a->port);
	key.second = a->client_ip;
	struct pair *pair = roster_take(&s->pairs, &key);
	add(pair, a);
	if (!is_abuse(detect, pair, protocol, a))
		return;
	raise_finding(detect, pair, protocol, count_peers(s, a), a);
	pair->untold = 0;
}

const struct detector detector_reflector = {
	.name = "reflector",
	.state_size = sizeof(struct reflector),
	.open = open_state,
	.close = close_state,
	.amplification = take_amplification,
};
