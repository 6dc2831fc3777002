/*
 * made_frame.h: frames built by hand, from the innermost layer outwards.
 *
 * A layer is put in front of what is there, so lengths and checksums come by
 * themselves and layers combine freely.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MADE_ROOM = 4096 };

struct made {
	uint8_t room[MADE_ROOM];
	size_t len; /* the frame is the last len bytes of room */
};

static inline uint8_t *made_at(struct made *m)
{
	return m->room + MADE_ROOM - m->len;
}

/* Puts bytes in front; NULL puts zeros. */
static inline uint8_t *made_put(struct made *m, const void *bytes, size_t len)
{
	assert(m->len + len <= MADE_ROOM);
	m->len += len;
	if (bytes)
		memcpy(made_at(m), bytes, len);
	else
		memset(made_at(m), 0, len);
	return made_at(m);
}

static inline void made_be16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* RFC 1071, the slow way: 16 bits at a time, in network order. */
static inline uint32_t made_sum(const uint8_t *at, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline void made_payload(struct made *m, size_t len)
{
	m->len = 0;
	uint8_t *at = made_put(m, NULL, len);
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(i * 7 + 1);
}

static inline void made_tcp(struct made *m, uint16_t sport, uint16_t dport,
			    uint8_t flags)
{
	uint8_t *at = made_put(m, NULL, 20);
	made_be16(at, sport);
	made_be16(at + 2, dport);
	made_be16(at + 6, 0x1234);
	made_be16(at + 10, 0x5678);
	at[12] = 0x50;
	at[13] = flags;
	made_be16(at + 14, 512);
}

static inline void made_udp(struct made *m, uint16_t sport, uint16_t dport)
{
	uint8_t *at = made_put(m, NULL, 8);
	made_be16(at, sport);
	made_be16(at + 2, dport);
	made_be16(at + 4, m->len);
}

static inline void made_icmp(struct made *m, uint8_t type, uint8_t code, uint16_t id)
{
	uint8_t *at = made_put(m, NULL, 8);
	at[0] = type;
	at[1] = code;
	made_be16(at + 4, id);
	made_be16(at + 2, ~made_sum(at, m->len, 0));
}

static inline size_t made_sum_field(uint8_t proto)
{
	return proto == 6 ? 16 : proto == 17 ? 6 : proto == 58 ? 2 : 0;
}

/* Fills in the transport checksum; addresses: `len` bytes of both. */
static inline void made_transport_sum(uint8_t *at, size_t len, uint8_t proto,
				      const uint8_t *addresses, size_t addresses_len)
{
	size_t field = made_sum_field(proto);
	if (field == 0)
		return;
	uint32_t sum = made_sum(addresses, addresses_len, proto + (uint32_t)len);
	made_be16(at + field, 0);
	made_be16(at + field, ~made_sum(at, len, sum));
}

static inline void made_ip4_sum(uint8_t *at)
{
	made_be16(at + 10, 0);
	made_be16(at + 10, ~made_sum(at, (at[0] & 15) * 4u, 0));
}

/* 10.0.0.1 to 10.0.0.2. */
static inline uint8_t *made_ip4(struct made *m, uint8_t proto)
{
	static const uint8_t addresses[8] = { 10, 0, 0, 1, 10, 0, 0, 2 };
	if (m->len >= 20 || proto == 17)
		made_transport_sum(made_at(m), m->len, proto, addresses, 8);
	uint8_t *at = made_put(m, NULL, 20);
	at[0] = 0x45;
	made_be16(at + 2, m->len);
	made_be16(at + 4, 0x4242);
	at[8] = 64;
	at[9] = proto;
	memcpy(at + 12, addresses, 8);
	made_ip4_sum(at);
	return at;
}

/* 2001:db8::1 to 2001:db8::2. */
static inline uint8_t *made_ip6(struct made *m, uint8_t next)
{
	static const uint8_t addresses[32] = { 0x20, 1, 0xd, 0xb8, [15] = 1,
					       0x20, 1, 0xd, 0xb8, [31] = 2 };
	if (m->len >= 8)
		made_transport_sum(made_at(m), m->len, next, addresses, 32);
	size_t payload = m->len;
	uint8_t *at = made_put(m, NULL, 40);
	at[0] = 0x60;
	made_be16(at + 4, payload);
	at[6] = next;
	at[7] = 64;
	memcpy(at + 8, addresses, 32);
	return at;
}

static inline void made_ethernet(struct made *m, uint16_t type)
{
	uint8_t *at = made_put(m, "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\0", 14);
	made_be16(at + 12, type);
}

/* What stands between addresses and an inner EtherType. */
static inline void made_tag(struct made *m, uint16_t identifier, uint16_t inner_type)
{
	uint8_t *at = made_put(m, NULL, 4);
	made_be16(at, identifier);
	made_be16(at + 2, inner_type);
}
