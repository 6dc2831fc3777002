/*
 * varint.h: numbers in as few bytes as they need (LEB128): seven bits a byte, the
 * lowest first, the highest bit of a byte says that another follows.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { VARINT_MAX = 10 };

/* Into room for VARINT_MAX bytes; how many it took. */
static inline size_t varint_write(uint8_t *at, uint64_t value)
{
	size_t len = 0;
	for (; value >= 0x80; value >>= 7)
		at[len++] = (uint8_t)(value | 0x80);
	at[len++] = (uint8_t)value;
	return len;
}

/* Fails at what is longer than 64 bits. */
static inline uint64_t varint_take(struct bytes *from)
{
	uint64_t value = 0;
	for (int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = bytes_u8(from);
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	from->bad = true;
	return 0;
}

/* Signed ones, so that those near 0 are short: 0, -1, 1, -2 ... */
static inline uint64_t varint_fold(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t varint_unfold(uint64_t folded)
{
	return (int64_t)(folded >> 1 ^ (folded & 1 ? UINT64_MAX : 0));
}
