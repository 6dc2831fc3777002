/*
 * host_flood.c: all ports of a host are flooded at once, each with little.
 *
 * A scan of all ports does that, too, but not for long: it needs 65,536 packets, and
 * as many again if it asks twice.  Nor does a scan come from so many addresses: they
 * are forged, and that is clear in a second.
 */
#include <stdio.h>

#include "detect/flood.h"

enum {
	HOSTS_MAX = 256,
	FLOOR = 5000, /* packets/s: faster than scans of one host use to be */
	TOTAL_MIN = 2 * 65536 + 1, /* no scan asks three times so fast */
	SOURCES_MIN = 256, /* nmap has up to 128 decoys; who shares a scan are fewer */
};

struct host {
	struct roster_entry entry;
	int64_t at_us;
	uint64_t now, ports, sources; /* of this second; sources: at least */
	uint64_t before; /* of the seconds in a row before, above the floor */
	bool is_attacked;
};

struct host_flood {
	struct roster hosts;
};

static bool open_state(struct detect *detect, void *state)
{
	struct host_flood *s = state;
	(void)detect;
	return roster_open(&s->hosts, sizeof(struct host), HOSTS_MAX);
}

static void close_state(void *state)
{
	struct host_flood *s = state;
	roster_close(&s->hosts);
}

static void turn(struct host *host, int64_t at_us)
{
	bool goes_on = host->now >= FLOOR && at_us - host->at_us <= 2 * SECOND_US;
	*host = (struct host){
		.entry = host->entry,
		.at_us = at_us,
		.before = goes_on ? host->before + host->now : 0,
		.is_attacked = goes_on && host->is_attacked,
	};
}

static void raise_finding(struct detect *detect, const struct host *host,
			  const struct unsolicited_record *u, uint64_t packets)
{
	struct finding_record evidence;
	char address[ADDR_TEXT_MAX];
	bool is_tcp = findings_same_word(u->transport, "tcp");
	flood_begin(&evidence, is_tcp ? "syn_flood" : "udp_flood", "host", u->at,
		    packets);
	evidence.server_ip = u->ip;
	evidence.transport = u->transport;
	evidence.ports = host->ports;
	evidence.confidence = 0.9;
	addr_text(&u->ip, address);
	FLOOD_SAY(evidence.summary, "%s is flooded with %s to all its ports.", address,
		  is_tcp ? "connection requests" : "datagrams");
	FLOOD_SAY(evidence.evidence,
		  "%llu packets to %llu ports in a second, %llu so far, which came to "
		  "nothing, in the name of %llu addresses or more",
		  (unsigned long long)host->now, (unsigned long long)host->ports,
		  (unsigned long long)host->before + host->now,
		  (unsigned long long)host->sources);
	FLOOD_SAY(evidence.advice,
		  "Drop what no service here uses before the sockets (nftables, hook "
		  "ingress). If the line is full, only the provider can filter it.");
	flood_take(detect, &evidence, SEVERITY_MEDIUM);
}

static void take_unsolicited(struct detect *detect, void *state,
			     const struct unsolicited_record *u)
{
	struct host_flood *s = state;
	if (u->ports == UNKNOWN_U64 || !flood_is_ours(detect, &u->ip))
		return;
	struct roster_key key =
		flood_key(&u->ip, findings_same_word(u->transport, "tcp"));
	struct host *host = roster_take(&s->hosts, &key);
	if (u->at > host->at_us) /* other workers may be late */
		turn(host, u->at);
	host->now += u->packets;
	host->ports += u->ports;
	if (flood_count(u->sources) > host->sources)
		host->sources = u->sources;
	bool was_attacked = host->is_attacked;
	host->is_attacked |= host->before + host->now >= TOTAL_MIN ||
			     (host->now >= FLOOR && host->sources >= SOURCES_MIN);
	if (!host->is_attacked || host->now < FLOOR)
		return;
	raise_finding(detect, host, u,
		      was_attacked ? u->packets : host->before + host->now);
}

const struct detector detector_host_flood = {
	.name = "host_flood",
	.state_size = sizeof(struct host_flood),
	.open = open_state,
	.close = close_state,
	.unsolicited = take_unsolicited,
};
