/*
 * base64.h: RFC 4648 4, as strangers write it.
 */
#pragma once

#include "base/bytes.h"

/* -1 if it is none. */
static inline int base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/*
 * Decodes up to the first byte that is no digit, or until out is full, or until the
 * octet `stop` comes, which is not put out and behind which nothing is decoded (-1:
 * none does). *stopped: it came.
 */
static inline size_t base64_decode_until(struct bytes text, int stop, uint8_t *out,
					 size_t size, bool *stopped)
{
	uint32_t bits = 0;
	size_t len = 0;
	unsigned have = 0;
	*stopped = false;
	for (size_t i = 0; i < text.len && (len < size || stop >= 0); i++) {
		int digit = base64_digit(text.at[i]);
		if (digit < 0)
			break;
		bits = (bits << 6 | (uint32_t)digit) & 0xfff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		uint8_t octet = (uint8_t)(bits >> have);
		if (octet == stop) {
			*stopped = true;
			break;
		}
		if (len < size)
			out[len++] = octet;
	}
	return len;
}

static inline size_t base64_decode(struct bytes text, uint8_t *out, size_t size)
{
	bool stopped;
	return base64_decode_until(text, -1, out, size, &stopped);
}

/* Digits that so many octets become. */
#define BASE64_LEN(octets) (((octets) + 2) / 3 * 4)

/* Encodes, and ends with a NUL; out has room for BASE64_LEN and that. */
static inline void base64_encode(struct bytes octets, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	while (octets.len > 0) {
		struct bytes part =
			bytes_take(&octets, octets.len < 3 ? octets.len : 3);
		uint32_t bits = (uint32_t)part.at[0] << 16;
		bits |= part.len > 1 ? (uint32_t)part.at[1] << 8 : 0;
		bits |= part.len > 2 ? part.at[2] : 0;
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 0x3f];
		*out++ = part.len > 1 ? digits[bits >> 6 & 0x3f] : '=';
		*out++ = part.len > 2 ? digits[bits & 0x3f] : '=';
	}
	*out = '\0';
}
