/*
 * identity.c: what a flow is, in the words of other tools; see identity.h.
 */
#include "record/identity.h"

#include <netinet/in.h>
#include <string.h>

#include "base/hash.h"

int flow_protocol(const struct flow_record *flow)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {
		{ "tcp", IPPROTO_TCP },   { "udp", IPPROTO_UDP },
		{ "icmp", IPPROTO_ICMP }, { "icmp6", IPPROTO_ICMPV6 },
		{ "sctp", IPPROTO_SCTP },
	};
	if (flow->ip_proto != UNKNOWN_U16)
		return flow->ip_proto;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (flow->transport != NULL &&
		    strcmp(flow->transport, known[i].name) == 0)
			return known[i].number;
	return -1;
}

bool flow_is_icmp(const struct flow_record *flow)
{
	int protocol = flow_protocol(flow);
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

int icmp_counter_type(int protocol, uint32_t type)
{
	/* Echo, router discovery, timestamp, information and mask; for IPv6 echo,
	 * listener, router and neighbour discovery, node information, home agents. */
	static const uint8_t pairs4[][2] = {
		{ 8, 0 }, { 10, 9 }, { 13, 14 }, { 15, 16 }, { 17, 18 },
	};
	static const uint8_t pairs6[][2] = {
		{ 128, 129 }, { 130, 131 }, { 133, 134 },
		{ 135, 136 }, { 139, 140 }, { 144, 145 },
	};
	bool is_v6 = protocol == IPPROTO_ICMPV6;
	const uint8_t(*pairs)[2] = is_v6 ? pairs6 : pairs4;
	size_t count = is_v6 ? sizeof(pairs6) / 2 : sizeof(pairs4) / 2;
	for (size_t i = 0; i < count; i++) {
		if (pairs[i][0] == type)
			return pairs[i][1];
		if (pairs[i][1] == type)
			return pairs[i][0];
	}
	return -1;
}

bool flow_is_recognised(const struct flow_record *flow)
{
	return flow->protocol[0] != '\0' && flow->protocol_by != NULL &&
	       strcmp(flow->protocol_by, "port") != 0;
}

void flow_of_spoken(const struct spoken *spoken, struct flow_record *out)
{
	record_init(RECORD_flow, out);
	out->start = spoken->flow_start;
	out->transport = spoken->transport;
	out->client_ip = spoken->client_ip;
	out->client_port = spoken->client_port;
	out->server_ip = spoken->server_ip;
	out->server_port = spoken->server_port;
	out->vlan = spoken->vlan;
	memcpy(out->iface, spoken->iface, sizeof(out->iface));
}

struct endpoint {
	uint64_t port;
	struct addr addr;
};

static struct endpoint endpoint_of(const struct addr *addr, uint32_t port)
{
	return (struct endpoint){ .port = port, .addr = *addr };
}

void flow_identity(const struct flow_record *flow, uint64_t out[static 2])
{
	struct endpoint client = endpoint_of(&flow->client_ip, flow->client_port);
	struct endpoint server = endpoint_of(&flow->server_ip, flow->server_port);
	bool swap = memcmp(&client, &server, sizeof(client)) > 0;

	uint64_t words[8] = { (uint64_t)flow_protocol(flow), (uint64_t)flow->start };
	memcpy(words + 2, swap ? &server : &client, sizeof(client));
	memcpy(words + 5, swap ? &client : &server, sizeof(client));
	for (uint64_t half = 0; half < 2; half++)
		out[half] = hash_words(&(struct hash_key){ .k1 = half }, words, 8);
}
