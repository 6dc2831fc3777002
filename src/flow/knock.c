/*
 * knock.c: see knock.h.
 */
#include "flow/knock.h"

#include <netinet/in.h>

#include "flow/sctp.h"
#include "flow/tool.h"
#include "protocol/feed.h"

enum { FLAGS_XMAS = TCP_FIN | TCP_PSH | TCP_URG };

static enum technique tcp_technique(uint8_t all_flags)
{
	uint8_t flags = all_flags & TCP_CONTROL;
	if (flags & TCP_RST)
		return TECHNIQUE_NONE;
	if ((flags & (TCP_SYN | TCP_FIN)) == TCP_SYN)
		return flags & TCP_ACK ? TECHNIQUE_NONE : TECHNIQUE_SYN;
	switch (flags) {
	case 0:
		return TECHNIQUE_NULL;
	case TCP_FIN:
		return TECHNIQUE_FIN;
	case FLAGS_XMAS:
		return TECHNIQUE_XMAS;
	case TCP_ACK:
		return TECHNIQUE_ACK;
	default:
		return TECHNIQUE_OTHER;
	}
}

/* Echo, timestamp and netmask requests: pings of any kind. */
static bool is_ping(const struct packet *p)
{
	if (p->proto == IPPROTO_ICMPV6)
		return p->sport == 128;
	return p->sport == 8 || p->sport == 13 || p->sport == 17;
}

/*
 * True if it is for everybody.  The broadcast address of a network is known by the link
 * that brings it; all ones at its end, or who sends so could hide a scan.
 */
static bool is_for_all(const struct packet *p)
{
	bool ends_in_ones = (p->dst.ip6[15] & 3) == 3;
	return addr_is_group(&p->dst) ||
	       (addr_is_v4(&p->dst) && ends_in_ones && (p->flags & PACKET_TO_ALL));
}

static enum technique technique_of(const struct packet *p)
{
	if (p->flags & (PACKET_LATER_FRAGMENT | PACKET_NO_PORTS | PACKET_UNHEARD))
		return TECHNIQUE_NONE;
	switch (p->proto) {
	case IPPROTO_TCP:
		return tcp_technique(p->tcp_flags);
	case IPPROTO_UDP:
		return is_for_all(p) ? TECHNIQUE_NONE : TECHNIQUE_UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return is_ping(p) && !is_for_all(p) ? TECHNIQUE_ICMP : TECHNIQUE_NONE;
	case IPPROTO_SCTP:
		return sctp_asks(p) ? TECHNIQUE_SCTP : TECHNIQUE_NONE;
	default:
		return TECHNIQUE_NONE;
	}
}

struct knock knock_of(const struct packet *p)
{
	return (struct knock){
		.ip_id = p->ip_id,
		.window = p->window,
		.ttl = p->ttl,
		.flags = p->tcp_flags,
		.technique = technique_of(p) & 15,
		.tool = tool_of(p) & 7,
		.fragment = (p->flags & PACKET_FRAGMENT) != 0,
	};
}

void knock_fill(const struct knock *k, const struct flow_key *key, uint8_t proto,
		struct contact_record *out)
{
	static const char *const words[TECHNIQUES] = {
		[TECHNIQUE_SYN] = "syn",    [TECHNIQUE_FIN] = "fin",
		[TECHNIQUE_NULL] = "null",  [TECHNIQUE_XMAS] = "xmas",
		[TECHNIQUE_ACK] = "ack",    [TECHNIQUE_OTHER] = "other",
		[TECHNIQUE_UDP] = "udp",    [TECHNIQUE_ICMP] = "icmp",
		[TECHNIQUE_SCTP] = "other",
	};
	record_init(RECORD_contact, out);
	out->transport = transport_name(proto);
	out->technique = words[k->technique];
	out->client_ip = key->addr[CLIENT];
	out->server_ip = key->addr[SERVER];
	if (k->technique != TECHNIQUE_ICMP) {
		out->client_port = key->port[CLIENT];
		out->port = key->port[SERVER];
	}
	out->ttl = k->ttl;
	if (addr_is_v4(&key->addr[CLIENT]))
		out->ip_id = k->ip_id;
	if (proto == IPPROTO_TCP) {
		out->tcp_flags = k->flags;
		out->window = k->window;
	}
	out->fragment = k->fragment;
	out->tool = tool_name((enum tool)k->tool);
}
