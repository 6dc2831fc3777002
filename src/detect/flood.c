/*
 * flood.c: see flood.h.
 */
#include "detect/flood.h"

#include <stdio.h>
#include <string.h>

bool flood_is_ours(const struct detect *detect, const struct addr *addr)
{
	if (addr_is_unset(addr) || addr_is_group(addr))
		return false;
	return detect->own.count == 0 || detect_is_ours(detect, addr);
}

const char *flood_place(const struct addr *ip, uint32_t port, const char *transport,
			char text[static FLOOD_TEXT_MAX])
{
	char address[ADDR_TEXT_MAX];
	addr_text(ip, address);
	snprintf(text, FLOOD_TEXT_MAX, addr_is_v4(ip) ? "%s:%u/%s" : "[%s]:%u/%s",
		 address, port, transport);
	return text;
}

int64_t flood_end(const struct port_record *port)
{
	return port->start + port->interval_s * SECOND_US;
}

void flood_begin(struct finding_record *evidence, const char *kind,
		 const char *technique, int64_t at_us, uint64_t packets)
{
	detect_attack(evidence, kind, technique, at_us);
	evidence->attempts = packets;
	evidence->proof = "unsolicited";
	evidence->detector = kind;
	record_text(evidence->mitre, sizeof(evidence->mitre), "T1498.001");
}

void flood_target(struct finding_record *evidence, const struct port_record *port)
{
	evidence->server_ip = port->server_ip;
	evidence->port = port->port;
	evidence->transport = port->transport;
}

static bool is_around(const struct detect *detect, const struct port_record *port,
		      int64_t at_us)
{
	enum { AROUND_S = 2 };
	return home_holds(&detect->own, &port->server_ip) &&
	       at_us >= port->start - AROUND_S * SECOND_US;
}

bool flood_is_witnessed(const struct detect *detect, const struct port_record *port)
{
	return is_around(detect, port, detect->witness_us);
}

bool flood_loses_datagrams(const struct detect *detect, const struct port_record *port)
{
	return is_around(detect, port, detect->datagrams_us);
}

void flood_count_source(struct cardinality *sources, const struct addr *source)
{
	static const struct hash_key same = { 0, 0 };
	uint64_t words[2];
	memcpy(words, source->ip6, sizeof(words));
	cardinality_add(sources, hash_words(&same, words, 2));
}
