/*
 * bytes.h: read untrusted bytes without ever reading past the end.
 *
 * A cursor fails once and stays failed: every later take returns zero.  A
 * parser reads straight through and asks bytes_ok() one time, at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes.  Never owns; valid until the function it was passed to returns. */
struct bytes {
	const uint8_t *at;
	size_t len;
	bool bad;
};

static inline struct bytes bytes_of(const void *at, size_t len)
{
	return (struct bytes){ .at = at, .len = len };
}

static inline bool bytes_ok(const struct bytes *b)
{
	return !b->bad;
}

/* Takes n bytes off the front; fails, and takes nothing, if there are fewer. */
static inline struct bytes bytes_take(struct bytes *b, size_t n)
{
	if (b->bad || n > b->len) {
		b->bad = true;
		return (struct bytes){ .bad = true };
	}
	struct bytes head = bytes_of(b->at, n);
	if (n > 0) /* of NULL, nothing can be taken and nothing added to */
		b->at += n;
	b->len -= n;
	return head;
}

static inline uint8_t bytes_u8(struct bytes *b)
{
	struct bytes p = bytes_take(b, 1);
	return p.bad ? 0 : p.at[0];
}

static inline uint16_t bytes_be16(struct bytes *b)
{
	struct bytes p = bytes_take(b, 2);
	if (p.bad)
		return 0;
	return (uint16_t)(p.at[0] << 8 | p.at[1]);
}

static inline uint32_t bytes_be32(struct bytes *b)
{
	struct bytes p = bytes_take(b, 4);
	if (p.bad)
		return 0;
	return (uint32_t)p.at[0] << 24 | (uint32_t)p.at[1] << 16 |
	       (uint32_t)p.at[2] << 8 | p.at[3];
}

static inline uint32_t bytes_be24(struct bytes *b)
{
	struct bytes p = bytes_take(b, 3);
	if (p.bad)
		return 0;
	return (uint32_t)p.at[0] << 16 | (uint32_t)p.at[1] << 8 | p.at[2];
}

static inline uint64_t bytes_be64(struct bytes *b)
{
	uint64_t high = bytes_be32(b);
	return high << 32 | bytes_be32(b);
}

static inline uint16_t bytes_le16(struct bytes *b)
{
	return __builtin_bswap16(bytes_be16(b));
}

static inline uint32_t bytes_le24(struct bytes *b)
{
	return __builtin_bswap32(bytes_be24(b)) >> 8;
}

static inline uint32_t bytes_le32(struct bytes *b)
{
	return __builtin_bswap32(bytes_be32(b));
}

static inline uint64_t bytes_le64(struct bytes *b)
{
	return __builtin_bswap64(bytes_be64(b));
}
