/*
 * base64url.h: RFC 4648 5, without padding, as JSON Web Tokens are written.
 */
#pragma once

#include "base/base64.h"
#include "base/buf.h"

/* Digits that so many octets become. */
#define BASE64URL_LEN(octets) (((octets)*4 + 2) / 3)

/* Appends them. */
static inline void base64url_encode(struct bytes octets, struct buf *out)
{
	while (octets.len > 0) {
		char digits[BASE64_LEN(3) + 1];
		struct bytes part =
			bytes_take(&octets, octets.len < 3 ? octets.len : 3);
		base64_encode(part, digits);
		for (size_t i = 0; i < BASE64URL_LEN(part.len); i++)
			buf_char(out, digits[i] == '+'   ? '-'
				      : digits[i] == '/' ? '_'
							 : digits[i]);
	}
}

static inline int base64url_digit(uint8_t c)
{
	if (c == '+' || c == '/')
		return -1;
	return base64_digit(c == '-' ? '+' : c == '_' ? '/' : c);
}

/*
 * Appends what it says; false, if it is not exactly what base64url_encode() writes.
 * Then something of it may have been appended.
 */
static inline bool base64url_decode(struct bytes text, struct buf *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	if (text.bad || text.len % 4 == 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = base64url_digit(text.at[i]);
		if (digit < 0)
			return false;
		bits = (bits << 6 | (uint32_t)digit) & 0xfff;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		buf_char(out, (char)(bits >> have));
	}
	return (bits & ((1u << have) - 1)) == 0 && buf_ok(out);
}
