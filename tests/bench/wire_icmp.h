/*
 * wire_icmp.h: ICMP and ICMPv6 frames; see wire.h.
 */
#pragma once

#include "wire.h"

/* An ICMP message in place of the transport part; returns the frame's length. */
static inline uint32_t wire_icmp(const struct wire *wire, const uint8_t *body,
				 uint32_t len, uint8_t *out)
{
	uint8_t *ip = out + ETHERNET_LEN;
	uint32_t ip_len = wire->v6 ? 40 : 20, sum = 0;
	uint8_t *icmp = ip + ip_len;

	memcpy(out, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	put16(out + 12, wire->v6 ? 0x86dd : 0x0800);
	memcpy(icmp, body, len);
	if (wire->v6) { /* RFC 4443, 2.3: with a pseudo-header */
		sum = checksum_add(IPPROTO_ICMPV6 + len, wire->src, 16);
		sum = checksum_add(sum, wire->dst, 16);
	}
	put16(icmp + 2, 0);
	put16(icmp + 2, checksum_end(checksum_add(sum, icmp, len)));
	wire_ip(wire, ip, len);
	return ETHERNET_LEN + ip_len + len;
}

/* Echo and the like: sport is the type, dport the identifier, seq the sequence. */
static inline uint32_t wire_echo(const struct wire *wire, uint8_t *out)
{
	uint8_t body[64] = { (uint8_t)wire->sport };

	put16(body + 4, wire->dport);
	put16(body + 6, wire->seq);
	return wire_icmp(wire, body, sizeof(body), out);
}
