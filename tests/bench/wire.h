/*
 * wire.h: frames as a network card would give them.
 *
 * Used by the generator of capture files and the sender.  Payload is zero after its
 * first bytes, so checksums are right without touching what a snap length cuts off.
 */
#pragma once

#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "random.h"

enum {
	ETHERNET_LEN = 14,
	HEADERS_MAX = 128,  /* Ethernet, IPv6 and TCP with options, rounded up */
	PAYLOAD_SHOWN = 64, /* bytes of payload that may be other than zero */
	FRAME_MAX = 1514,
	FRAME_MIN = 60,
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
};

/* One packet to be: what a generator decides, in host byte order. */
struct wire {
	uint8_t src[16], dst[16]; /* the first 4 bytes if !v6 */
	uint16_t sport, dport, window;
	uint8_t v6, proto, flags, ttl; /* ttl 0: 64 */
	uint32_t seq, ack, payload_len;
	uint32_t ts_val, ts_ecr; /* TCP timestamps (RFC 7323) */
	uint8_t shown[PAYLOAD_SHOWN];
	uint32_t shown_len;
};

/* Every number once: a permutation of 32 bits (murmur3's finaliser). */
static inline uint32_t permute32(uint32_t x)
{
	x = (x ^ (x >> 16)) * 0x85ebca6bu;
	x = (x ^ (x >> 13)) * 0xc2b2ae35u;
	return x ^ (x >> 16);
}

static inline uint32_t checksum_add(uint32_t sum, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	if (len % 2)
		sum += (uint32_t)(at[len - 1] << 8);
	return sum;
}

static inline uint16_t checksum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* Header without checksum; returns its length. */
static inline uint32_t wire_tcp(const struct wire *wire, uint8_t *at)
{
	static const uint8_t syn_options[] = { 2, 4, 5, 0xb4, 4, 2 }; /* MSS, SACK */
	uint32_t len = 20;

	put16(at, wire->sport);
	put16(at + 2, wire->dport);
	put32(at + 4, wire->seq);
	put32(at + 8, wire->flags & TCP_ACK ? wire->ack : 0);
	if (wire->flags & TCP_SYN) {
		memcpy(at + len, syn_options, sizeof(syn_options));
		len += sizeof(syn_options);
	} else {
		at[len++] = 1;
		at[len++] = 1;
	}
	at[len] = 8;
	at[len + 1] = 10;
	put32(at + len + 2, wire->ts_val);
	put32(at + len + 6, wire->ts_ecr);
	len += 10;
	if (wire->flags & TCP_SYN) {
		static const uint8_t scale[] = { 1, 3, 3, 7 };

		memcpy(at + len, scale, sizeof(scale));
		len += sizeof(scale);
	}
	at[12] = (uint8_t)(len / 4 << 4);
	at[13] = wire->flags;
	put16(at + 14, wire->window);
	put16(at + 16, 0);
	put16(at + 18, 0);
	return len;
}

static inline uint32_t wire_udp(const struct wire *wire, uint8_t *at)
{
	put16(at, wire->sport);
	put16(at + 2, wire->dport);
	put16(at + 4, 8 + wire->payload_len);
	put16(at + 6, 0);
	return 8;
}

/* The IP header before a transport part of that length; returns its length. */
static inline uint32_t wire_ip(const struct wire *wire, uint8_t *at, uint32_t len)
{
	memset(at, 0, wire->v6 ? 40 : 20);
	if (wire->v6) {
		at[0] = 0x60;
		put16(at + 4, len);
		at[6] = wire->proto;
		at[7] = wire->ttl ? wire->ttl : 64;
		memcpy(at + 8, wire->src, 16);
		memcpy(at + 24, wire->dst, 16);
		return 40;
	}
	at[0] = 0x45;
	put16(at + 2, 20 + len);
	put16(at + 4, wire->seq & 0xffff);
	put16(at + 6, 0x4000); /* do not fragment */
	at[8] = wire->ttl ? wire->ttl : 64;
	at[9] = wire->proto;
	memcpy(at + 12, wire->src, 4);
	memcpy(at + 16, wire->dst, 4);
	put16(at + 10, checksum_end(checksum_add(0, at, 20)));
	return 20;
}

/*
 * Writes headers and the payload's first bytes, at most HEADERS_MAX + PAYLOAD_SHOWN;
 * the rest of out must be zero.  Returns the length of the whole frame on the wire.
 */
static inline uint32_t wire_frame(const struct wire *wire, uint8_t *out)
{
	uint8_t *ip = out + ETHERNET_LEN;
	uint32_t ip_len = wire->v6 ? 40 : 20, address_len = wire->v6 ? 16 : 4;
	uint8_t *transport = ip + ip_len;
	bool is_tcp = wire->proto == IPPROTO_TCP;
	uint32_t header =
		is_tcp ? wire_tcp(wire, transport) : wire_udp(wire, transport);
	uint32_t len = header + wire->payload_len;
	uint32_t sum = wire->proto + len;

	memcpy(out, "\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
	put16(out + 12, wire->v6 ? 0x86dd : 0x0800);
	memcpy(transport + header, wire->shown, wire->shown_len);
	sum = checksum_add(sum, wire->src, address_len);
	sum = checksum_add(sum, wire->dst, address_len);
	sum = checksum_add(sum, transport, header + wire->shown_len);
	put16(transport + (is_tcp ? 16 : 6), checksum_end(sum));
	wire_ip(wire, ip, len);
	return ETHERNET_LEN + ip_len + len;
}
