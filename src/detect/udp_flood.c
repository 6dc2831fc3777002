/*
 * udp_flood.c: more datagrams than a port could mean to get; for all ports of a host at
 * once, see host_flood.c.
 *
 * What is usual is learned for each port.  Where there is nothing to learn from yet, it
 * is the shape that tells: forged sources send one packet each and get no answer, while
 * a tunnel, a call or a download is a few clients that are answered all the time.  What
 * goes one way from one socket to another all the time (logs, metrics, NetFlow, video,
 * a test of the line) is a flood only where nobody wants it, or where it is too much
 * for who does, as the kernel says.
 */
#include <stdio.h>

#include "detect/flood.h"
#include "detect/usual.h"

enum {
	TARGETS_MAX = 1024,
	TAKEN_FROM = 500,    /* packets/s: below, nothing need be known of a port */
	FLOOR = 2000,        /* packets/s that no small server minds */
	FEW_FLOOR = 10000,   /* from few sources unanswered: a camera, a copy */
	CLOSED_FLOOR = 4000, /* ... to a port that refuses: nobody waits for it */
	/* ... to a socket that takes it, or on few connections; FastNetMon's limit for
	   a host. */
	USED_FLOOR = 20000,
	STREAMS_MAX = 32,     /* connections of one-way streams of so few sources */
	STREAM_PACKETS = 100, /* of a connection that is one, in a second */
	OLD_CLIENTS_OF = 10,  /* of clients that are there all the time, few are new */
	MANY_FLOOR = 20000,   /* from many: collectors, where nothing is known yet */
	ASKED_FLOOR = 10000,  /* a service that answers is in demand, and copes */
	LEARNED_MIN = 30, /* slots of past that tell demand from a flood: 5 minutes */
	FEW_SOURCES = 8,
	TALKS_FROM = 20,  /* packets/s of a client: it talks; one answer to so many will
			     do, as for a tunnel's or QUIC's acknowledgements */
	HIGH_SECONDS = 3, /* of the last five */
};
/* Of our first second, nobody knows whether it has just begun. */
#define NEW_FROM_US SECOND_US

enum shape { TALK, ASKED, FORGED, STREAM, FEW, MANY };

struct flooded {
	struct roster_entry entry;
	struct usual usual;
	struct lately lately;
	int64_t attacked_us;
	const char *sources;
	bool is_attacked;
};

/* A port that refused. */
struct closed {
	struct roster_entry entry;
	int64_t at_us;
};

struct udp_flood {
	struct roster targets, closed;
	int64_t began_us;
};

static bool open_state(struct detect *detect, void *state)
{
	struct udp_flood *s = state;
	(void)detect;
	bool opened = roster_open(&s->targets, sizeof(struct flooded), TARGETS_MAX);
	return roster_open(&s->closed, sizeof(struct closed), TARGETS_MAX) && opened;
}

static void close_state(void *state)
{
	struct udp_flood *s = state;
	roster_close(&s->targets);
	roster_close(&s->closed);
}

/* A few connections that go on and on. */
static bool is_stream(const struct port_record *port)
{
	uint64_t open = flood_count(port->active), begun = flood_count(port->flows);
	uint64_t connections = open > begun ? open : begun;
	return connections <= STREAMS_MAX &&
	       port->client_packets >= connections * STREAM_PACKETS;
}

static enum shape shape_of(const struct port_record *port)
{
	uint64_t clients = flood_count(port->clients);
	uint64_t answers = flood_count(port->server_packets);
	bool talks = port->client_packets >= clients * TALKS_FROM;
	if (talks && answers * TALKS_FROM >= port->client_packets)
		return TALK;
	if (answers * 2 >= port->client_packets)
		return ASKED;
	if (clients <= FEW_SOURCES)
		return is_stream(port) ? STREAM : FEW;
	bool are_new = flood_count(port->flows) * OLD_CLIENTS_OF >= clients;
	return are_new && clients * 2 >= port->client_packets ? FORGED : MANY;
}

static bool is_taken(struct detect *detect, const struct port_record *port)
{
	const struct place *place = places_serving(&detect->places, port->transport,
						   &port->server_ip, port->port);
	return place != NULL && place->open > 0;
}

static bool is_closed(struct udp_flood *s, const struct port_record *port)
{
	struct roster_key key = flood_key(&port->server_ip, port->port);
	const struct closed *closed = roster_find(&s->closed, &key);
	return closed != NULL && port->start - closed->at_us < FLOOD_HOLD_US;
}

/* Our own sockets are known: nobody takes it. */
static bool is_unwanted(struct detect *detect, struct udp_flood *s,
			const struct port_record *port)
{
	return is_closed(s, port) ||
	       (home_holds(&detect->own, &port->server_ip) &&
		detect->places.count > 0 && !is_taken(detect, port));
}

static uint64_t few_floor(struct detect *detect, struct udp_flood *s,
			  const struct port_record *port)
{
	if (is_taken(detect, port))
		return USED_FLOOR;
	return is_closed(s, port) ? CLOSED_FLOOR : FEW_FLOOR;
}

static uint64_t floor_of(struct detect *detect, struct udp_flood *s,
			 const struct flooded *target, const struct port_record *port,
			 bool is_past_known)
{
	switch (shape_of(port)) {
	case FORGED:
		return FLOOR;
	case STREAM:
		if (!is_unwanted(detect, s, port))
			return is_past_known ? USED_FLOOR : UINT64_MAX;
		return few_floor(detect, s, port);
	case FEW:
		return few_floor(detect, s, port);
	case MANY:
		return is_past_known ? FLOOR : MANY_FLOOR;
	case ASKED:
		return target->usual.count >= LEARNED_MIN ? ASKED_FLOOR : UINT64_MAX;
	case TALK:
		break;
	}
	return UINT64_MAX;
}

/* No burst of what is wanted: it came so from nowhere. */
static bool is_plain(struct detect *detect, struct udp_flood *s,
		     const struct port_record *port, uint64_t limit)
{
	enum shape shape = shape_of(port);
	bool is_clear = shape == FORGED || shape == FEW ||
			(shape == STREAM && is_unwanted(detect, s, port));
	return is_clear && lately_is_far(port->client_packets, limit) &&
	       port->start - s->began_us >= NEW_FROM_US;
}

/* True if that second is one of an attack. */
static bool is_attack(struct detect *detect, struct udp_flood *s,
		      struct flooded *target, const struct port_record *port)
{
	bool is_past_known = port->start - s->began_us >= FLOOD_KNOWN_US;
	uint64_t usual = usual_limit(&target->usual);
	uint64_t least = floor_of(detect, s, target, port, is_past_known);
	uint64_t limit = usual > least ? usual : least;
	bool is_high = port->client_packets > limit;
	usual_note(&target->usual, port->start, port->client_packets, is_high);
	unsigned high = lately_note(&target->lately, port->start, is_high);
	if (target->is_attacked && port->start - target->attacked_us > FLOOD_HOLD_US)
		target->is_attacked = false;
	if (!is_high)
		return false;
	target->is_attacked |= high >= HIGH_SECONDS || is_plain(detect, s, port, limit);
	return target->is_attacked;
}

static const char *sources_of(const struct port_record *port)
{
	switch (shape_of(port)) {
	case FORGED:
		return "each from another address, as if forged, and it answers few";
	case STREAM:
		return "from few addresses on few connections, one way";
	case FEW:
		return "from few addresses, and it answers none or few";
	case MANY:
		return "from many addresses, and it answers few";
	default:
		return "far more than usual, though it answers them";
	}
}

/* Who is asked and answers, copes; who takes in all of a stream, too. */
static unsigned severity_of(struct detect *detect, struct udp_flood *s,
			    const struct port_record *port)
{
	enum shape shape = shape_of(port);
	bool copes =
		shape == ASKED || (shape == STREAM && !is_unwanted(detect, s, port) &&
				   !flood_loses_datagrams(detect, port));
	return copes ? SEVERITY_NOTICE : SEVERITY_MEDIUM;
}

static void raise_port(struct detect *detect, struct udp_flood *s,
		       const struct flooded *target, const struct port_record *port)
{
	struct finding_record evidence;
	char place[FLOOD_TEXT_MAX];
	flood_begin(&evidence, "udp_flood", "port", flood_end(port),
		    port->client_packets);
	flood_target(&evidence, port);
	evidence.hosts = port->clients;
	evidence.confidence = 0.8;
	flood_place(&port->server_ip, port->port, port->transport, place);
	FLOOD_SAY(evidence.summary, "%s is flooded with datagrams, %s.", place,
		  target->sources);
	FLOOD_SAY(evidence.evidence,
		  "%llu packets (%llu bytes) in a second from %llu addresses, %llu "
		  "answers; usual are %llu a second, up to %llu",
		  (unsigned long long)port->client_packets,
		  (unsigned long long)flood_count(port->client_bytes),
		  (unsigned long long)flood_count(port->clients),
		  (unsigned long long)flood_count(port->server_packets),
		  (unsigned long long)target->usual.median,
		  (unsigned long long)usual_limit(&target->usual));
	FLOOD_SAY(evidence.advice,
		  "If nobody needs the port, drop it before the socket (nftables, hook "
		  "ingress); else limit its rate per source. If the line is full, only "
		  "the provider can filter it.");
	flood_take(detect, &evidence, severity_of(detect, s, port));
}

static void judge_port(struct detect *detect, struct udp_flood *s,
		       const struct port_record *port)
{
	struct roster_key key = flood_key(&port->server_ip, port->port);
	struct flooded *target = port->client_packets >= TAKEN_FROM
					 ? roster_take(&s->targets, &key)
					 : roster_find(&s->targets, &key);
	if (target == NULL)
		return;
	bool was_attacked = target->is_attacked;
	if (!is_attack(detect, s, target, port))
		return;
	target->attacked_us = port->start;
	if (!was_attacked)
		target->sources = sources_of(port);
	raise_port(detect, s, target, port);
}

static void take_port(struct detect *detect, void *state,
		      const struct port_record *port)
{
	struct udp_flood *s = state;
	if (s->began_us == 0)
		s->began_us = port->start;
	if (!findings_same_word(port->transport, "udp") ||
	    port->client_packets == UNKNOWN_U64 ||
	    !flood_is_ours(detect, &port->server_ip))
		return;
	judge_port(detect, s, port);
}

static void take_contact(struct detect *detect, void *state,
			 const struct contact_record *contact)
{
	struct udp_flood *s = state;
	(void)detect;
	if (!findings_same_word(contact->transport, "udp") ||
	    !findings_same_word(contact->outcome, "refused"))
		return;
	struct roster_key key = flood_key(&contact->server_ip, contact->port);
	struct closed *closed = roster_take(&s->closed, &key);
	closed->at_us = contact->at;
}

const struct detector detector_udp_flood = {
	.name = "udp_flood",
	.state_size = sizeof(struct udp_flood),
	.open = open_state,
	.close = close_state,
	.contact = take_contact,
	.port = take_port,
};
