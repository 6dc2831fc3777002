/*
 * icmp_flood.c: more ICMP than a host could mean to get.
 *
 * Requests (ping floods) and errors (one costs a router's or firewall's slow path:
 * "BlackNurse", type 3) apart.  Replies that nobody asked for are others' answers: see
 * reflection_victim.c.
 */
#include <stdio.h>

#include "detect/flood.h"
#include "detect/usual.h"

enum {
	TARGETS_MAX = 256,
	REQUEST_FLOOR = 1000, /* packets/s; monitors of whole networks make less */
	OTHER_FLOOR =
		10000,    /* errors answer what a host sends, a scan of its own, too */
	TAKEN_OF = 4,     /* below a quarter of that, nothing need be known */
	HIGH_SECONDS = 2, /* of the last five */
	ECHO_REPLY = 0,
	ECHO_REQUEST = 8,
	ECHO6_REQUEST = 128,
	ECHO6_REPLY = 129,
};

struct flooded {
	struct roster_entry entry;
	struct usual usual;
	struct lately lately;
	int64_t second_us, told_us;
	uint64_t packets, bytes, sources, untold; /* of this second, of all types */
};

struct icmp_flood {
	struct roster targets;
};

static bool open_state(struct detect *detect, void *state)
{
	struct icmp_flood *s = state;
	(void)detect;
	return roster_open(&s->targets, sizeof(struct flooded), TARGETS_MAX);
}

static void close_state(void *state)
{
	struct icmp_flood *s = state;
	roster_close(&s->targets);
}

static bool is_request(const struct unsolicited_record *u)
{
	return findings_same_word(u->transport, "icmp") ? u->port == ECHO_REQUEST
							: u->port == ECHO6_REQUEST;
}

static bool is_reply(const struct unsolicited_record *u)
{
	return findings_same_word(u->transport, "icmp") ? u->port == ECHO_REPLY
							: u->port == ECHO6_REPLY;
}

static void raise_finding(struct detect *detect, const struct flooded *target,
			  const struct unsolicited_record *u)
{
	struct finding_record evidence;
	char address[ADDR_TEXT_MAX];
	bool request = is_request(u);
	flood_begin(&evidence, "icmp_flood", request ? "echo" : "other", u->at,
		    target->untold);
	evidence.server_ip = u->ip;
	evidence.transport = u->transport;
	evidence.hosts = target->sources;
	evidence.confidence = 0.9;
	addr_text(&u->ip, address);
	FLOOD_SAY(evidence.summary, "%s is flooded with %s.", address,
		  request ? "pings (ICMP echo requests)"
			  : "ICMP that it did not ask for");
	FLOOD_SAY(evidence.evidence,
		  "%llu packets (%llu bytes) in a second from about %llu addresses; "
		  "usual are %llu a second",
		  (unsigned long long)target->packets,
		  (unsigned long long)target->bytes,
		  (unsigned long long)target->sources,
		  (unsigned long long)target->usual.median);
	FLOOD_SAY(evidence.advice,
		  "Limit ICMP in the packet filter (nftables: limit rate), but do not "
		  "drop all of it: path MTU discovery needs some. If the line is full, "
		  "only the provider can filter it.");
	flood_take(detect, &evidence, SEVERITY_MEDIUM);
}

/* One type more of this second, or the first of the next. */
static void add(struct flooded *target, const struct unsolicited_record *u)
{
	if (u->at > target->second_us) { /* other workers may be late */
		target->second_us = u->at;
		target->packets = target->bytes = target->sources = 0;
	}
	uint64_t sources = flood_count(u->sources);
	target->packets += u->packets;
	target->bytes += flood_count(u->bytes);
	target->sources = sources > target->sources ? sources : target->sources;
	target->untold += u->packets;
}

static void judge(struct detect *detect, struct flooded *target,
		  const struct unsolicited_record *u)
{
	uint64_t least = is_request(u) ? REQUEST_FLOOR : OTHER_FLOOR;
	uint64_t usual = usual_limit(&target->usual);
	uint64_t limit = usual > least ? usual : least;
	bool is_high = target->packets > limit;
	usual_note(&target->usual, u->at, target->packets, is_high);
	unsigned high = lately_note(&target->lately, u->at, is_high);
	if (!is_high)
		target->untold = 0;
	bool is_enough = high >= HIGH_SECONDS || lately_is_far(target->packets, limit);
	if (!is_high || !is_enough || target->told_us == u->at)
		return;
	target->told_us = u->at;
	raise_finding(detect, target, u);
	target->untold = 0;
}

static void take_unsolicited(struct detect *detect, void *state,
			     const struct unsolicited_record *u)
{
	struct icmp_flood *s = state;
	if (u->port == UNKNOWN_U32 || findings_same_word(u->transport, "udp") ||
	    is_reply(u) || !flood_is_ours(detect, &u->ip))
		return;
	if (u->sources == 1 && home_holds(&detect->friends, &u->client_ip))
		return;
	uint64_t least = is_request(u) ? REQUEST_FLOOR : OTHER_FLOOR;
	struct roster_key key = flood_key(&u->ip, is_request(u));
	struct flooded *target = u->packets >= least / TAKEN_OF
					 ? roster_take(&s->targets, &key)
					 : roster_find(&s->targets, &key);
	if (target == NULL)
		return;
	add(target, u);
	judge(detect, target, u);
}

const struct detector detector_icmp_flood = {
	.name = "icmp_flood",
	.state_size = sizeof(struct icmp_flood),
	.open = open_state,
	.close = close_state,
	.unsolicited = take_unsolicited,
};
