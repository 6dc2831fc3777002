/*
 * syn_flood.c: connections are asked for, and never completed.
 *
 * Wang, Zhang and Shin ("Detecting SYN flooding attacks", INFOCOM 2002) add up what
 * comes in beyond what is completed, in units of what is usual, less an allowance: a
 * crowd completes, a flood does not.  They count FINs, which we need not, as the packet
 * path counts handshakes.  What asks again and again at a port that is down completes
 * nothing either, so there only a huge rate counts.
 */
#include <stdio.h>

#include "detect/flood.h"

enum {
	TARGETS_MAX = 1024,
	TAKEN_FROM = 50, /* SYN/s: below, nothing need be known of a port */
	GOES_ON_OF = 2,  /* of detect.flood_syns, the half */
	/* A port that refuses or is silent: clients that try again, each ever so often,
	   do not make that of what they were before it went down. */
	DOWN_FLOOR = 10000,
	DOWN_OF_USUAL = 20,
	/* Each from another address, at a port that nobody was seen to use. */
	UNUSED_FLOOR = 4000,
	UNIT_MIN = 100, /* handshakes/s: one of a port that is hardly used */
	FEW_SOURCES = 8,
	OF_ONE_MIN = 50, /* SYN/s by source: no client makes that, forgers far less */
	ASKED_LATELY_S = 5,
	ASKED_AGAIN_S = 10, /* who waits does so for up to a minute, ever longer */
	SUFFERS_FROM =
		10,    /* handshakes/s that a service had, if its loss shall count */
	FORGET_S = 60, /* without records, what was usual has gone by */
};
/* Wang's a; his N is 1.05 over 20 s, ours is over one, so a burst must be larger. */
static const double ALLOWANCE = 0.35, LIMIT = 3, LIMIT_MOST = 12;
static const double LEARN = 0.3, LEARN_SLOWLY = 0.02;

struct flooded {
	struct roster_entry entry;
	double usual;  /* handshakes a second, lately */
	double before; /* the same, while not attacked */
	double asked;  /* SYNs a second, while not attacked */
	double excess; /* Wang's y */
	int64_t at_us, attacked_us;
	int64_t again_us;    /* clients, of whom many wait, asked again */
	const char *sources; /* of the attack, in words */
	struct addr source;  /* the one that makes it, if it is one */
	bool is_attacked, is_known, has_source;
};

/* Who asked last at a port, and got nowhere. */
struct knocker {
	struct roster_entry entry;
	struct addr ip;
	int64_t at_us;
	bool is_alone; /* nobody else did, for some seconds */
};

struct syn_flood {
	struct roster targets, askers;
};

static bool open_state(struct detect *detect, void *state)
{
	struct syn_flood *s = state;
	(void)detect;
	bool opened = roster_open(&s->targets, sizeof(struct flooded), TARGETS_MAX);
	return roster_open(&s->askers, sizeof(struct knocker), TARGETS_MAX) && opened;
}

static void close_state(void *state)
{
	struct syn_flood *s = state;
	roster_close(&s->targets);
	roster_close(&s->askers);
}

static void take_contact(struct detect *detect, void *state,
			 const struct contact_record *contact)
{
	struct syn_flood *s = state;
	(void)detect;
	bool is_syn = findings_same_word(contact->transport, "tcp") &&
		      findings_same_word(contact->technique, "syn");
	if (!is_syn || findings_same_word(contact->outcome, "handshake"))
		return;
	struct roster_key key = flood_key(&contact->server_ip, contact->port);
	struct knocker *knocker = roster_take(&s->askers, &key);
	bool is_same = addr_equal(&knocker->ip, &contact->client_ip);
	bool is_first = contact->at - knocker->at_us > ASKED_LATELY_S * SECOND_US;
	knocker->is_alone = is_first || (is_same && knocker->is_alone);
	knocker->ip = contact->client_ip;
	knocker->at_us = contact->at;
}

/* ---- is it one ---- */

static uint64_t uncompleted(const struct port_record *port)
{
	uint64_t done = flood_count(port->handshakes);
	return port->syns > done ? port->syns - done : 0;
}

/* Systems ask again after a second (RFC 6298), forgers ask under another name. */
static bool is_asked_again(const struct port_record *port)
{
	uint64_t first = flood_count(port->flows);
	uint64_t again = port->syns > first ? port->syns - first : 0;
	return again * 2 >= uncompleted(port);
}

/*
 * Refused, or not answered at all, or asked for again and again by the same: the port
 * is down, or slow.  A source beyond its share of flows repeats nothing, though none of
 * its connections begins.
 */
static bool is_down(const struct flooded *target, const struct port_record *port)
{
	if (flood_count(port->server_packets) == 0 ||
	    flood_count(port->rejected) * 2 >= port->syns)
		return true;
	return port->start - target->again_us <= ASKED_AGAIN_S * SECOND_US &&
	       is_asked_again(port);
}

static uint64_t floor_of(const struct flooded *target, const struct port_record *port,
			 uint64_t least)
{
	if (!is_down(target, port))
		return least;
	if (target->asked < 1 && flood_count(port->clients) * 2 >= port->syns)
		return UNUSED_FLOOR;
	double usual = target->asked * DOWN_OF_USUAL;
	return usual > DOWN_FLOOR ? (uint64_t)usual : DOWN_FLOOR;
}

static void learn(struct flooded *target, const struct port_record *port,
		  uint64_t least)
{
	double done = (double)flood_count(port->handshakes);
	int64_t silent_s = (port->start - target->at_us) / SECOND_US;
	if (!target->is_known || silent_s > FORGET_S)
		*target = (struct flooded){ .entry = target->entry,
					    .usual = done,
					    .before = done,
					    .is_known = true };
	target->at_us = port->start;
	if (uncompleted(port) >= least / GOES_ON_OF && is_asked_again(port) &&
	    flood_count(port->clients) > FEW_SOURCES)
		target->again_us = port->start;
	target->usual += LEARN * (done - target->usual);
	if (target->is_attacked)
		return;
	target->before += LEARN_SLOWLY * (done - target->before);
	if (uncompleted(port) < least)
		target->asked += LEARN_SLOWLY * ((double)port->syns - target->asked);
}

/* Adds the second up; true if it is one of an attack. */
static bool is_attack(struct flooded *target, const struct port_record *port,
		      uint64_t least)
{
	uint64_t open = uncompleted(port);
	double unit = target->usual > UNIT_MIN ? target->usual : UNIT_MIN;
	target->excess += (double)open / unit - ALLOWANCE;
	if (target->excess < 0)
		target->excess = 0;
	if (target->excess > LIMIT_MOST)
		target->excess = LIMIT_MOST;
	if (target->is_attacked && port->start - target->attacked_us > FLOOD_HOLD_US)
		target->is_attacked = false;
	if (target->is_attacked)
		return open >= least / GOES_ON_OF;
	target->is_attacked =
		target->excess >= LIMIT && open >= floor_of(target, port, least);
	return target->is_attacked;
}

/* ---- what is said of it ---- */

static const char *kind_of_sources(const struct port_record *port)
{
	if (port->clients == UNKNOWN_U64)
		return "from nobody knows how many addresses";
	if (port->clients <= FEW_SOURCES || port->syns >= port->clients * OF_ONE_MIN)
		return "from few addresses";
	return port->clients * 2 >= port->syns ? "each from another address: forged"
					       : "from many addresses";
}

/* Of a flood that begins: who makes it, if it is one? */
static void note_sources(struct syn_flood *s, struct flooded *target,
			 const struct port_record *port)
{
	struct roster_key key = flood_key(&port->server_ip, port->port);
	const struct knocker *asker = roster_find(&s->askers, &key);
	target->sources = kind_of_sources(port);
	target->has_source = asker != NULL && asker->is_alone &&
			     port->syns >= port->clients * OF_ONE_MIN &&
			     port->start - asker->at_us < ASKED_LATELY_S * SECOND_US;
	if (target->has_source)
		target->source = asker->ip;
}

static bool has_collapsed(const struct flooded *target, const struct port_record *port)
{
	return target->before >= SUFFERS_FROM &&
	       (double)flood_count(port->handshakes) < target->before / 2;
}

static void say_evidence(const struct detect *detect, const struct flooded *target,
			 const struct port_record *port,
			 struct finding_record *evidence)
{
	char kernel[128] = "";
	const struct detect_witness *w = &detect->witness;
	if (flood_is_witnessed(detect, port))
		FLOOD_SAY(kernel,
			  "; the kernel: %llu SYN cookies, %llu requests dropped, "
			  "%llu connections for which there was no room",
			  (unsigned long long)w->cookies,
			  (unsigned long long)w->requests_dropped,
			  (unsigned long long)w->overflows);
	FLOOD_SAY(evidence->evidence,
		  "%llu SYN in a second, %llu completed (before: %.0f), from %llu "
		  "addresses%s",
		  (unsigned long long)port->syns,
		  (unsigned long long)flood_count(port->handshakes), target->before,
		  (unsigned long long)flood_count(port->clients), kernel);
}

static unsigned severity_of(const struct detect *detect, const struct flooded *target,
			    const struct port_record *port)
{
	bool suffers = flood_is_witnessed(detect, port) || has_collapsed(target, port);
	return suffers ? SEVERITY_HIGH : SEVERITY_MEDIUM;
}

static void raise_finding(struct detect *detect, const struct flooded *target,
			  const struct port_record *port)
{
	struct finding_record evidence;
	char place[FLOOD_TEXT_MAX], source[ADDR_TEXT_MAX + 8] = "";
	flood_begin(&evidence, "syn_flood", "syn", flood_end(port), port->syns);
	flood_target(&evidence, port);
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1499.001");
	evidence.hosts = port->clients;
	evidence.confidence = flood_is_witnessed(detect, port) ? 0.99 : 0.9;
	flood_place(&port->server_ip, port->port, port->transport, place);
	if (target->has_source) {
		detect_attacker(&evidence, &target->source);
		size_t len = (size_t)FLOOD_SAY(source, " by ");
		addr_text(&target->source, source + len);
	}
	FLOOD_SAY(
		evidence.summary,
		"%s is flooded%s with connection requests that are not completed, %s.",
		place, source, target->sources);
	say_evidence(detect, target, port, &evidence);
	FLOOD_SAY(evidence.advice,
		  "Let SYN cookies be on (sysctl net.ipv4.tcp_syncookies=1), raise the "
		  "backlog (net.core.somaxconn, net.ipv4.tcp_max_syn_backlog); if the "
		  "line is full, only the provider can filter it.");
	flood_take(detect, &evidence, severity_of(detect, target, port));
}

static void take_port(struct detect *detect, void *state,
		      const struct port_record *port)
{
	struct syn_flood *s = state;
	if (port->syns == UNKNOWN_U64 || !flood_is_ours(detect, &port->server_ip))
		return;
	struct roster_key key = flood_key(&port->server_ip, port->port);
	struct flooded *target = port->syns >= TAKEN_FROM
					 ? roster_take(&s->targets, &key)
					 : roster_find(&s->targets, &key);
	if (target == NULL)
		return;
	uint64_t least = detect->limits.flood_syns;
	learn(target, port, least);
	bool was_attacked = target->is_attacked;
	if (!is_attack(target, port, least))
		return;
	target->attacked_us = port->start;
	if (!was_attacked)
		note_sources(s, target, port);
	raise_finding(detect, target, port);
}

const struct detector detector_syn_flood = {
	.name = "syn_flood",
	.state_size = sizeof(struct syn_flood),
	.open = open_state,
	.close = close_state,
	.contact = take_contact,
	.port = take_port,
};
