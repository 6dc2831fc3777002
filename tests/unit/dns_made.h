/*
 * dns_made.h: DNS messages put together piece by piece, right or wrong.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "protocol/dns_message.h"

struct made {
	size_t len;
	uint8_t at[UINT16_MAX + 2];
};

static inline void made_u8(struct made *m, unsigned value)
{
	m->at[m->len++] = (uint8_t)value;
}

static inline void made_u16(struct made *m, unsigned value)
{
	made_u8(m, value >> 8);
	made_u8(m, value & 0xff);
}

static inline void made_u32(struct made *m, uint32_t value)
{
	made_u16(m, value >> 16);
	made_u16(m, value & 0xffff);
}

static inline void made_bytes(struct made *m, const void *at, size_t len)
{
	memcpy(m->at + m->len, at, len);
	m->len += len;
}

/* Begins anew. */
static inline void made_header(struct made *m, unsigned id, unsigned flags,
			       unsigned questions, unsigned answers)
{
	m->len = 0;
	made_u16(m, id);
	made_u16(m, flags);
	made_u16(m, questions);
	made_u16(m, answers);
	made_u32(m, 0);
}

/* "www.example.com"; "" is the root. */
static inline void made_name(struct made *m, const char *name)
{
	while (*name != '\0') {
		size_t len = strcspn(name, ".");
		made_u8(m, (unsigned)len);
		made_bytes(m, name, len);
		name += len + (name[len] == '.');
	}
	made_u8(m, 0);
}

static inline void made_question(struct made *m, const char *name, unsigned type)
{
	made_name(m, name);
	made_u16(m, type);
	made_u16(m, DNS_CLASS_IN);
}

/* A record whose owner is the name in the question, with the pointer to it. */
static inline void made_rr(struct made *m, unsigned type, uint32_t ttl,
			   const void *data, size_t len)
{
	made_u16(m, 0xc000 | DNS_HEADER);
	made_u16(m, type);
	made_u16(m, DNS_CLASS_IN);
	made_u32(m, ttl);
	made_u16(m, (unsigned)len);
	made_bytes(m, data, len);
}

static inline struct bytes made_bytes_of(const struct made *m)
{
	return bytes_of(m->at, m->len);
}

enum { MADE_QUERY = 0x0100, MADE_ANSWER = 0x8180 };

static inline void made_query(struct made *m, unsigned id, const char *name,
			      unsigned type)
{
	made_header(m, id, MADE_QUERY, 1, 0);
	made_question(m, name, type);
}

/* The address 192.0.2.80. */
static inline void made_answer(struct made *m, unsigned id, const char *name,
			       unsigned rcode)
{
	made_header(m, id, MADE_ANSWER | rcode, 1, rcode == 0);
	made_question(m, name, DNS_A);
	if (rcode == 0)
		made_rr(m, DNS_A, 300, "\xc0\0\2\x50", 4);
}

/* The message as TCP has it: behind its length. */
static inline void made_stream(struct made *stream, const struct made *message)
{
	made_u16(stream, (unsigned)message->len);
	made_bytes(stream, message->at, message->len);
}
