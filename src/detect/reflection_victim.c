/*
 * reflection_victim.c: answers that nobody here asked for, from many servers at once.
 *
 * It is the number of servers that tells, not the size of what they send: in captures
 * of real attacks the mean packet had 241 to 457 bytes.  One port of a protocol that
 * amplifies makes almost all; of several, it is still one attack on one address.
 */
#include <stdio.h>

#include "detect/amplifiers.h"
#include "detect/flood.h"
#include "detect/usual.h"

enum {
	VICTIMS_MAX = 256,
	SERVERS_MIN = 10,
	/* A second's worth: 1 Mbit/s, or small packets ... */
	BYTES_MIN = 125000,
	PACKETS_MIN = 500,
	SECONDS_MIN = 3, /* ... for so many of five: late answers are over sooner */
	/* Or ten times as much, where it may be one server, and a shorter time. */
	LARGE_BYTES = 1250000,
	LARGE_PACKETS = 5000,
	LARGE_SECONDS = 2,
	SMURF_PACKETS = 100,
	MIXED_MAX = 6, /* protocols that are named */
};

/* What one protocol did since the attack began, or in this second. */
struct part {
	const char *name;
	uint64_t packets;
};

struct victim {
	struct roster_entry entry;
	struct lately weak, large;
	const char *technique;
	int64_t second_us, told_us, attacked_us;
	uint64_t packets, bytes, servers, untold;
	uint64_t lan_packets; /* of protocols where many may answer one question */
	struct part parts[MIXED_MAX];
};

struct reflection_victim {
	struct roster victims;
};

static bool open_state(struct detect *detect, void *state)
{
	struct reflection_victim *s = state;
	(void)detect;
	return roster_open(&s->victims, sizeof(struct victim), VICTIMS_MAX);
}

static void close_state(void *state)
{
	struct reflection_victim *s = state;
	roster_close(&s->victims);
}

/* ---- what came ---- */

static const struct amplifier smurf = {
	.way = AMPLIFIER_ANSWERS, .name = "icmp", .factor = 1, .reference = "RFC 2644"
};

/* Servers repeat the SYN-ACK, up to 20 times (Kuehrer et al., WOOT 2014). */
static const struct amplifier handshakes = {
	.way = AMPLIFIER_ANSWERS, .name = "tcp", .factor = 20, .reference = "WOOT 2014"
};

/* NULL: it is no answer of a protocol that amplifies. */
static const struct amplifier *protocol_of(const struct unsolicited_record *u)
{
	enum { ECHO_REPLY = 0, ECHO6_REPLY = 129 };
	if (findings_same_word(u->transport, "icmp"))
		return u->port == ECHO_REPLY ? &smurf : NULL;
	if (findings_same_word(u->transport, "icmp6"))
		return u->port == ECHO6_REPLY ? &smurf : NULL;
	if (findings_same_word(u->transport, "tcp"))
		return u->port == 0 ? &handshakes : NULL;
	return amplifier_of(u->port);
}

static struct part *part_of(struct victim *victim, const char *name)
{
	unsigned least = 0;
	for (unsigned i = 0; i < MIXED_MAX; i++) {
		struct part *part = &victim->parts[i];
		if (part->name == NULL || findings_same_word(part->name, name)) {
			part->name = name;
			return part;
		}
		if (part->packets < victim->parts[least].packets)
			least = i;
	}
	victim->parts[least].name = name;
	return &victim->parts[least];
}

static void add(struct victim *victim, const struct amplifier *protocol,
		const struct unsolicited_record *u)
{
	if (u->at > victim->second_us) { /* other workers may be late */
		victim->second_us = u->at;
		victim->packets = victim->bytes = victim->servers = 0;
		victim->lan_packets = 0;
	}
	victim->packets += u->packets;
	victim->bytes += flood_count(u->bytes);
	victim->servers += flood_count(u->sources);
	victim->untold += u->packets;
	if (protocol->way != AMPLIFIER_ANSWERS)
		victim->lan_packets += u->packets;
	part_of(victim, protocol->name)->packets += u->packets;
}

/* ---- is it an attack ---- */

static bool is_large(const struct victim *victim)
{
	bool may_be_few = victim->lan_packets * 2 < victim->packets;
	return (may_be_few || victim->servers >= SERVERS_MIN) &&
	       (victim->bytes >= LARGE_BYTES || victim->packets >= LARGE_PACKETS);
}

/* Many answers to one question, or the rest of a session, are soon over or small. */
static bool is_weak(const struct victim *victim, const struct amplifier *protocol)
{
	uint64_t packets = protocol == &smurf ? SMURF_PACKETS : PACKETS_MIN;
	return victim->servers >= SERVERS_MIN &&
	       victim->lan_packets * 2 < victim->packets &&
	       (victim->bytes >= BYTES_MIN || victim->packets >= packets);
}

static bool is_attack(struct victim *victim, const struct amplifier *protocol)
{
	int64_t at_us = victim->second_us;
	bool large = is_large(victim), weak = is_weak(victim, protocol);
	unsigned large_seconds = lately_note(&victim->large, at_us, large);
	unsigned weak_seconds = lately_note(&victim->weak, at_us, large || weak);
	bool goes_on = victim->technique != NULL &&
		       at_us - victim->attacked_us <= FLOOD_HOLD_US;
	if (!goes_on)
		victim->technique = NULL;
	if (!large && !weak)
		return false;
	return goes_on || large_seconds >= LARGE_SECONDS || weak_seconds >= SECONDS_MIN;
}

/* ---- what is said of it ---- */

static const char *greatest(const struct victim *victim)
{
	const struct part *most = &victim->parts[0];
	for (unsigned i = 1; i < MIXED_MAX; i++)
		if (victim->parts[i].packets > most->packets)
			most = &victim->parts[i];
	return most->name;
}

static void say_parts(const struct victim *victim, struct buf *text)
{
	const char *before = "";
	for (unsigned i = 0; i < MIXED_MAX && victim->parts[i].name != NULL; i++) {
		const struct part *part = &victim->parts[i];
		buf_printf(text, "%s%s %llu", before, part->name,
			   (unsigned long long)part->packets);
		before = ", ";
	}
}

static void say_evidence(struct detect *detect, const struct victim *victim,
			 struct finding_record *evidence)
{
	buf_clear(&detect->reason);
	buf_printf(&detect->reason,
		   "%llu packets (%llu bytes) in a second from about %llu servers, "
		   "unasked; packets so far: ",
		   (unsigned long long)victim->packets,
		   (unsigned long long)victim->bytes,
		   (unsigned long long)victim->servers);
	say_parts(victim, &detect->reason);
	const char *text = buf_cstr(&detect->reason);
	if (text != NULL)
		record_text(evidence->evidence, sizeof(evidence->evidence), text);
}

static const char advice[] =
	"The senders are abused themselves: blocking each does not help. Drop what "
	"comes "
	"from that source port but from your own servers, or have the provider do so, "
	"before the line is full.";
static const char advice_tcp[] = "The senders are abused themselves, or flooded in "
				 "this address's name: blocking "
				 "each does not help. Let a stateful firewall drop "
				 "what belongs to no connection.";

static void raise_finding(struct detect *detect, const struct victim *victim,
			  const struct unsolicited_record *u)
{
	struct finding_record evidence;
	char address[ADDR_TEXT_MAX];
	flood_begin(&evidence, "reflection_victim", victim->technique, u->at,
		    victim->untold);
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1498.002");
	evidence.server_ip = u->ip;
	evidence.transport = u->transport;
	evidence.hosts = victim->servers;
	evidence.confidence = 0.95;
	addr_text(&u->ip, address);
	FLOOD_SAY(
		evidence.summary,
		"%s is flooded with %s answers that it did not ask for: somebody asks "
		"in its name.",
		address, victim->technique);
	say_evidence(detect, victim, &evidence);
	bool is_tcp = victim->technique == handshakes.name;
	FLOOD_SAY(evidence.advice, "%s", is_tcp ? advice_tcp : advice);
	/* Answers to handshakes are small, and the kernel resets them. */
	findings_take(&detect->findings, &evidence,
		      is_tcp ? SEVERITY_NOTICE : SEVERITY_MEDIUM, FLOOD_HOLD_US);
}

static void forget_parts(struct victim *victim)
{
	victim->untold = 0;
	for (unsigned i = 0; i < MIXED_MAX; i++)
		victim->parts[i] = (struct part){ NULL, 0 };
}

static void judge(struct detect *detect, struct victim *victim,
		  const struct amplifier *protocol, const struct unsolicited_record *u)
{
	if (!is_attack(victim, protocol)) {
		if (victim->technique == NULL)
			forget_parts(victim);
		return;
	}
	victim->attacked_us = u->at;
	if (victim->technique == NULL)
		victim->technique = greatest(victim);
	if (victim->told_us == u->at)
		return;
	victim->told_us = u->at;
	raise_finding(detect, victim, u);
	victim->untold = 0;
}

static void take_unsolicited(struct detect *detect, void *state,
			     const struct unsolicited_record *u)
{
	struct reflection_victim *s = state;
	const struct amplifier *protocol = protocol_of(u);
	if (protocol == NULL || !flood_is_ours(detect, &u->ip))
		return;
	struct roster_key key = flood_key(&u->ip, 0);
	struct victim *victim = roster_take(&s->victims, &key);
	add(victim, protocol, u);
	judge(detect, victim, protocol, u);
}

const struct detector detector_reflection_victim = {
	.name = "reflection_victim",
	.state_size = sizeof(struct reflection_victim),
	.open = open_state,
	.close = close_state,
	.unsolicited = take_unsolicited,
};
