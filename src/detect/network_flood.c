/*
 * network_flood.c: all hosts and ports of a network are flooded at once, each with next
 * to nothing, so that the link to it is what suffers ("carpet bombing").
 *
 * A sweep that fast comes from few sources, whom other detectors name.
 */
#include <stdio.h>
#include <string.h>

#include "detect/flood.h"
#include "detect/usual.h"

enum {
	NETWORKS_MAX = 128,
	/* Attempts a second: the noise that comes to a whole /16 is some thousands
	 * (Wustrow et al., "Internet background radiation revisited", IMC 2010). */
	FLOOR = 10000,
	HOSTS_MIN = 64,
	SOURCES_MIN = 256,
	SECONDS_MIN = 3, /* of five */
};

struct flooded {
	struct roster_entry entry;
	int64_t at_us, told_us, attacked_us;
	uint64_t now, hosts, sources; /* of this second, of all workers */
	uint64_t untold;
	struct lately lately;
	struct usual usual;
	bool is_high;
};

struct network_flood {
	struct roster networks;
};

static bool open_state(struct detect *detect, void *state)
{
	struct network_flood *s = state;
	(void)detect;
	return roster_open(&s->networks, sizeof(struct flooded), NETWORKS_MAX);
}

static void close_state(void *state)
{
	struct network_flood *s = state;
	roster_close(&s->networks);
}

static struct addr network_of(const struct unsolicited_record *u)
{
	struct addr network = u->ip;
	unsigned kept = u->network / 8 + (addr_is_v4(&u->ip) ? 12 : 0);
	for (unsigned i = kept; i < sizeof(network.ip6); i++)
		network.ip6[i] = 0;
	return network;
}

static void add(struct flooded *network, const struct unsolicited_record *u)
{
	if (u->at > network->at_us) { /* other workers may be late */
		if (network->at_us != 0)
			usual_note(&network->usual, network->at_us, network->now,
				   network->is_high);
		network->at_us = u->at;
		network->now = network->hosts = network->sources = 0;
		network->is_high = false;
	}
	network->now += u->packets;
	network->untold += u->packets;
	if (u->hosts > network->hosts)
		network->hosts = u->hosts;
	if (u->sources > network->sources)
		network->sources = u->sources;
}

static bool is_attack(struct flooded *network)
{
	uint64_t usual = usual_limit(&network->usual);
	uint64_t limit = usual > FLOOR ? usual : FLOOR;
	network->is_high = network->now >= limit;
	unsigned seconds =
		lately_note(&network->lately, network->at_us, network->is_high);
	bool goes_on = network->attacked_us != 0 &&
		       network->at_us - network->attacked_us <= FLOOD_HOLD_US;
	return network->is_high && (goes_on || seconds >= SECONDS_MIN ||
				    lately_is_far(network->now, limit));
}

static void raise_finding(struct detect *detect, const struct flooded *network,
			  const struct unsolicited_record *u)
{
	struct finding_record evidence;
	char address[ADDR_TEXT_MAX];
	bool is_tcp = findings_same_word(u->transport, "tcp");
	flood_begin(&evidence, is_tcp ? "syn_flood" : "udp_flood", "network", u->at,
		    network->untold);
	evidence.server_ip = network->entry.key.first;
	evidence.transport = u->transport;
	evidence.hosts = network->hosts;
	evidence.confidence = 0.9;
	addr_text(&evidence.server_ip, address);
	FLOOD_SAY(evidence.summary,
		  "The network %s/%u is flooded with %s to all its hosts.", address,
		  u->network, is_tcp ? "connection requests" : "datagrams");
	FLOOD_SAY(evidence.evidence,
		  "%llu attempts in a second at about %llu addresses, in the name of "
		  "%llu or more, which came to nothing",
		  (unsigned long long)network->now, (unsigned long long)network->hosts,
		  (unsigned long long)network->sources);
	FLOOD_SAY(
		evidence.advice,
		"Drop what goes to addresses and ports that are not used at the border "
		"(nftables, hook ingress). If the line is full, only the provider can "
		"filter it.");
	const struct prefix of = {
		.addr = evidence.server_ip,
		.len = (uint8_t)(u->network + (addr_is_v4(&u->ip) ? 96 : 0)),
	};
	flood_take_network(detect, &evidence, SEVERITY_MEDIUM, &of);
}

static void take_unsolicited(struct detect *detect, void *state,
			     const struct unsolicited_record *u)
{
	struct network_flood *s = state;
	if (u->network == UNKNOWN_U32 || !flood_is_ours(detect, &u->ip) ||
	    u->hosts < HOSTS_MIN || u->sources < SOURCES_MIN)
		return;
	struct addr of = network_of(u);
	struct roster_key key = flood_key(&of, findings_same_word(u->transport, "tcp"));
	struct flooded *network = roster_take(&s->networks, &key);
	add(network, u);
	if (!is_attack(network)) {
		if (!network->is_high &&
		    lately_note(&network->lately, u->at, false) == 0)
			network->untold = 0;
		return;
	}
	raise_finding(detect, network, u);
	network->untold = 0;
}

const struct detector detector_network_flood = {
	.name = "network_flood",
	.state_size = sizeof(struct network_flood),
	.open = open_state,
	.close = close_state,
	.unsolicited = take_unsolicited,
};
