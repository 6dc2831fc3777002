/*
 * checksum.h: the Internet checksum (RFC 1071) over bytes as they lie in memory.
 *
 * The sum of 16-bit words is the same in either byte order but for swapped bytes
 * (RFC 1071 2 B), so nothing is converted: compare with a field loaded as it lies.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Sum to fold later.  An odd last byte is padded with zero. */
uint64_t checksum_sum(const uint8_t *at, size_t len);

static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint16_t load_u16(const uint8_t *at)
{
	uint16_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

static inline uint32_t load_u32(const uint8_t *at)
{
	uint32_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* A few words inline, for headers; len is a multiple of 4. */
static inline uint64_t checksum_words(const uint8_t *at, size_t len)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < len; i += 4)
		sum += load_u32(at + i);
	return sum;
}
