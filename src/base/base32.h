/*
 * base32.h: RFC 4648 6, without padding, as NATS writes keys.
 */
#pragma once

#include "base/bytes.h"

/* Digits that so many octets become. */
#define BASE32_LEN(octets) (((octets)*8 + 4) / 5)

/* Encodes, and ends with a NUL; out has room for BASE32_LEN and that. */
static inline void base32_encode(struct bytes octets, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint32_t bits = 0;
	unsigned have = 0;
	for (size_t i = 0; i < octets.len; i++) {
		bits = (bits << 8 | octets.at[i]) & 0xfff;
		for (have += 8; have >= 5; have -= 5)
			*out++ = digits[bits >> (have - 5) & 31];
	}
	if (have > 0)
		*out++ = digits[bits << (5 - have) & 31];
	*out = '\0';
}

/* -1 if it is none. */
static inline int base32_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/*
 * Decodes exactly so many octets.  False if the text has more or fewer, or is written
 * as base32_encode() would not: there is one text for every octets.
 */
static inline bool base32_decode(struct bytes text, uint8_t *out, size_t octets)
{
	uint32_t bits = 0;
	unsigned have = 0;
	if (text.len != BASE32_LEN(octets))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = base32_digit(text.at[i]);
		if (digit < 0)
			return false;
		bits = (bits << 5 | (uint32_t)digit) & 0xfff;
		have += 5;
		if (have < 8)
			continue;
		have -= 8;
		*out++ = (uint8_t)(bits >> have);
	}
	return (bits & ((1u << have) - 1)) == 0;
}
