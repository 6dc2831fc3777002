/*
 * connection_flood.c: connections that are completed, to use up what a service has.
 *
 * connections: a port gets far more than usual, and one source makes most of them; a
 * crowd is many sources, and a proxy has been there before.  slow_request: many
 * connections at a time whose request never ends (Slowloris, R-U-Dead-Yet), in a
 * measure that idle browsers do not reach.  slow_read: one source holds many whose
 * answer it does not take; a video that is paused is one or two.
 */
#include <stdio.h>

#include "detect/flood.h"
#include "detect/usual.h"

enum {
	PORTS_MAX = 1024,
	SOURCES_MAX = 4096,
	TAKEN_FROM = 50,     /* handshakes/s: below, nothing need be known of a port */
	SHARE_OF = 2,        /* a source makes at least half of them */
	HIGH_SECONDS = 3,    /* of the last five */
	ENDED_WITHIN_S = 15, /* flows are told when they have ended for some seconds */
	/*
	 * Who made so many connections, for so long, is a proxy rather; but not one who
	 * now makes so many times as many: he made those to be known.
	 */
	KNOWN_COUNT = 1000,
	KNOWN_S = 600,
	KNOWN_TIMES = 20,

	SLOW_MIN = 50, /* ... that became slow within SLOW_S */
	SLOW_S = 10,
	SLOW_SHARE_PERCENT = 30, /* of what is open at that port */
	/* Browsers open connections ahead, and say nothing on them. */
	SILENT_MIN = 200,
	/* One source holds them: of a crowd, each may have paused a download or two. */
	STALLED_MIN = 50,
	STALLED = 1 << 16, /* beside the port, in the key of those that take nothing */
	TOPS = 4, /* sources that are counted: who makes a fifth is among them */
};
/* A server ends slow ones after a minute or so, and they are made anew. */
#define SLOW_HOLD_US (2 * FLOOD_HOLD_US)

struct port {
	struct roster_entry entry;
	struct usual usual;
	struct lately lately;
	int64_t high_us;     /* last time it was high for HIGH_SECONDS */
	uint64_t handshakes; /* of the last second */
	uint64_t active;
};

struct caller {
	struct roster_entry entry;
	int64_t first_us, second_us;
	uint64_t total, now, untold;
	struct lately lately;
	bool is_told; /* in this second */
};

/* Misra and Gries ("Finding repeated elements", 1982). */
struct top {
	struct addr ip;
	uint32_t count;
};

struct slow {
	struct roster_entry entry;
	int64_t begun_us;
	uint32_t speaking, silent, untold;
	struct top tops[TOPS];
	struct cardinality sources;
};

struct connection_flood {
	struct roster ports, sources, slow;
	int64_t began_us;
};

static bool open_state(struct detect *detect, void *state)
{
	struct connection_flood *s = state;
	(void)detect;
	bool opened = roster_open(&s->ports, sizeof(struct port), PORTS_MAX);
	opened = roster_open(&s->sources, sizeof(struct caller), SOURCES_MAX) && opened;
	return roster_open(&s->slow, sizeof(struct slow), PORTS_MAX) && opened;
}

static void close_state(void *state)
{
	struct connection_flood *s = state;
	roster_close(&s->ports);
	roster_close(&s->sources);
	roster_close(&s->slow);
}

/* ---- how many are usual ---- */

static void take_port(struct detect *detect, void *state,
		      const struct port_record *record)
{
	struct connection_flood *s = state;
	if (s->began_us == 0)
		s->began_us = record->start;
	if (record->handshakes == UNKNOWN_U64 ||
	    !flood_is_ours(detect, &record->server_ip))
		return;
	struct roster_key key = flood_key(&record->server_ip, record->port);
	struct port *port = record->handshakes >= TAKEN_FROM
				    ? roster_take(&s->ports, &key)
				    : roster_find(&s->ports, &key);
	if (port == NULL)
		return;
	uint64_t limit = usual_limit(&port->usual);
	uint64_t least = detect->limits.flood_connections;
	bool is_high = record->start - s->began_us >= FLOOD_KNOWN_US &&
		       record->handshakes > (limit > least ? limit : least);
	usual_note(&port->usual, record->start, record->handshakes, is_high);
	if (lately_note(&port->lately, record->start, is_high) >= HIGH_SECONDS)
		port->high_us = record->start;
	port->handshakes = record->handshakes;
	port->active = flood_count(record->active);
}

/* ---- who makes them ---- */

static bool counts(const struct detect *detect, const struct flow_record *flow)
{
	return findings_same_word(flow->transport, "tcp") &&
	       flow->handshake_us != UNKNOWN_U64 && flow->probe != 1 &&
	       !findings_same_word(flow->end_reason, "active") &&
	       flood_is_ours(detect, &flow->server_ip) &&
	       !home_holds(&detect->own, &flow->client_ip) &&
	       !home_holds(&detect->friends, &flow->client_ip);
}

static bool is_proxy(const struct caller *source)
{
	int64_t seconds = (source->second_us - source->first_us) / SECOND_US;
	return source->total >= KNOWN_COUNT && seconds >= KNOWN_S &&
	       source->now * (uint64_t)seconds <= source->total * KNOWN_TIMES;
}

static void raise_rate(struct detect *detect, const struct port *port,
		       const struct caller *source, const struct flow_record *flow)
{
	struct finding_record evidence;
	char place[FLOOD_TEXT_MAX], address[ADDR_TEXT_MAX];
	bool is_known = is_proxy(source);
	flood_begin(&evidence, "connection_flood", "connections", source->second_us,
		    source->untold);
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1499.002");
	detect_attacker(&evidence, &flow->client_ip);
	evidence.server_ip = flow->server_ip;
	evidence.port = flow->server_port;
	evidence.transport = flow->transport;
	evidence.proof = "handshake";
	evidence.confidence = is_known ? 0.5 : 0.8;
	addr_text(&flow->client_ip, address);
	FLOOD_SAY(evidence.summary, "%s floods %s with connections.", address,
		  flood_place(&flow->server_ip, flow->server_port, flow->transport,
			      place));
	FLOOD_SAY(
		evidence.evidence,
		"%llu of its connections ended in a second; of all, %llu were made in "
		"one, where %llu are usual, up to %llu",
		(unsigned long long)source->now, (unsigned long long)port->handshakes,
		(unsigned long long)port->usual.median,
		(unsigned long long)usual_limit(&port->usual));
	FLOOD_SAY(evidence.advice,
		  "Limit connections for each source (nftables: ct count, limit rate; "
		  "nginx: limit_conn), or block it. A proxy or tester of yours belongs "
		  "into detect.friends.");
	findings_take(&detect->findings, &evidence,
		      is_known ? SEVERITY_NOTICE : SEVERITY_MEDIUM, FLOOD_HOLD_US);
}

static void turn(struct caller *source, int64_t now_us)
{
	if (source->first_us == 0)
		source->first_us = now_us;
	if (now_us / SECOND_US == source->second_us / SECOND_US)
		return;
	source->second_us = now_us;
	source->now = 0;
	source->is_told = false;
}

static bool is_rate_attack(const struct port *port, struct caller *source,
			   uint64_t least, int64_t now_us)
{
	bool is_high =
		source->now >= least && source->now * SHARE_OF >= port->handshakes;
	unsigned high = lately_note(&source->lately, now_us, is_high);
	return is_high && high >= HIGH_SECONDS && port->high_us != 0 &&
	       now_us - port->high_us <= ENDED_WITHIN_S * SECOND_US;
}

static void take_flow(struct detect *detect, void *state,
		      const struct flow_record *flow)
{
	struct connection_flood *s = state;
	if (!counts(detect, flow))
		return;
	struct roster_key key = flood_key(&flow->server_ip, flow->server_port);
	const struct port *port = roster_find(&s->ports, &key);
	if (port == NULL)
		return;
	key.second = addr_source(&flow->client_ip);
	struct caller *source = roster_take(&s->sources, &key);
	turn(source, detect->now_us);
	source->now++;
	source->total++;
	source->untold++;
	if (source->is_told ||
	    !is_rate_attack(port, source, detect->limits.flood_connections,
			    detect->now_us))
		return;
	source->is_told = true;
	raise_rate(detect, port, source, flow);
	source->untold = 0;
}

/* ---- slow ones ---- */

static void count_top(struct slow *slow, const struct addr *ip)
{
	struct top *unused = NULL;
	for (unsigned i = 0; i < TOPS; i++) {
		struct top *top = &slow->tops[i];
		if (top->count > 0 && addr_equal(&top->ip, ip)) {
			top->count++;
			return;
		}
		if (top->count == 0)
			unused = top;
	}
	if (unused != NULL)
		*unused = (struct top){ *ip, 1 };
	else
		for (unsigned i = 0; i < TOPS; i++)
			slow->tops[i].count--;
}

static const struct top *top_of(const struct slow *slow)
{
	const struct top *most = &slow->tops[0];
	for (unsigned i = 1; i < TOPS; i++)
		if (slow->tops[i].count > most->count)
			most = &slow->tops[i];
	return most;
}

static void add_slow(struct slow *slow, const struct contact_record *contact)
{
	struct addr source = addr_source(&contact->client_ip);
	if (contact->at - slow->begun_us > SLOW_S * SECOND_US)
		*slow = (struct slow){ .entry = slow->entry,
				       .begun_us = contact->at,
				       .untold = slow->untold };
	slow->speaking += flood_count(contact->payload_bytes) > 0;
	slow->silent += flood_count(contact->payload_bytes) == 0;
	slow->untold++;
	count_top(slow, &source);
	flood_count_source(&slow->sources, &source);
}

static bool is_stalled(const struct contact_record *contact)
{
	return findings_same_word(contact->outcome, "stalled");
}

static bool is_slow_attack(const struct slow *slow, uint64_t active, bool stalled)
{
	uint64_t all = slow->speaking + slow->silent;
	if (all * 100 < active * SLOW_SHARE_PERCENT)
		return false;
	if (stalled)
		return top_of(slow)->count >= STALLED_MIN;
	return slow->speaking >= SLOW_MIN || slow->silent >= SILENT_MIN;
}

/* How connections are held, and what helps. */
struct manner {
	const char *technique, *how, *advice;
};
static const struct manner requests = {
	"slow_request", "with requests that never end",
	"Give requests a time to be complete (nginx: client_header_timeout; Apache: "
	"mod_reqtimeout), limit connections for each source (nginx: limit_conn; "
	"nftables: ct count), or block it."
};
static const struct manner reads = {
	"slow_read", "by who does not take the answers",
	"End connections that take nothing (nginx: send_timeout; Apache: Timeout), "
	"limit connections for each source (nginx: limit_conn; nftables: ct count), or "
	"block it."
};

static void raise_slow(struct detect *detect, const struct slow *slow, uint64_t active,
		       const struct contact_record *contact)
{
	struct finding_record evidence;
	char place[FLOOD_TEXT_MAX], address[ADDR_TEXT_MAX];
	const struct top *top = top_of(slow);
	const struct manner *manner = is_stalled(contact) ? &reads : &requests;
	uint32_t all = slow->speaking + slow->silent;
	flood_begin(&evidence, "connection_flood", manner->technique, contact->at,
		    slow->untold);
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1499.002");
	evidence.server_ip = contact->server_ip;
	evidence.port = contact->port;
	evidence.transport = contact->transport;
	evidence.hosts = cardinality_estimate(&slow->sources);
	evidence.proof = "handshake";
	evidence.confidence = 0.9;
	addr_text(&top->ip, address);
	flood_place(&contact->server_ip, contact->port, contact->transport, place);
	FLOOD_SAY(evidence.summary, "Connections to %s are held %s.", place,
		  manner->how);
	FLOOD_SAY(evidence.evidence,
		  "%u connections within %d s, of %llu that are open, from %llu "
		  "addresses; %s holds about %u",
		  all, SLOW_S, (unsigned long long)active,
		  (unsigned long long)evidence.hosts, address, top->count);
	FLOOD_SAY(evidence.advice, "%s", manner->advice);
	findings_take(&detect->findings, &evidence, SEVERITY_MEDIUM, SLOW_HOLD_US);
}

static void take_contact(struct detect *detect, void *state,
			 const struct contact_record *contact)
{
	struct connection_flood *s = state;
	bool stalled = is_stalled(contact);
	if ((!stalled && !findings_same_word(contact->outcome, "slow")) ||
	    !flood_is_ours(detect, &contact->server_ip))
		return;
	struct roster_key key = flood_key(&contact->server_ip, contact->port);
	const struct port *port = roster_find(&s->ports, &key);
	key.rest |= stalled ? STALLED : 0;
	struct slow *slow = roster_take(&s->slow, &key);
	add_slow(slow, contact);
	uint64_t active = port != NULL ? port->active : 0;
	if (!is_slow_attack(slow, active, stalled))
		return;
	raise_slow(detect, slow, active, contact);
	slow->untold = 0;
}

const struct detector detector_connection_flood = {
	.name = "connection_flood",
	.state_size = sizeof(struct connection_flood),
	.open = open_state,
	.close = close_state,
	.contact = take_contact,
	.flow = take_flow,
	.port = take_port,
};
