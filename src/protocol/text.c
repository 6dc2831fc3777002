/*
 * text.c: see text.h.
 */
#include "protocol/text.h"

/* RFC 3629, 3. */
static size_t put_utf8(uint8_t out[4], uint32_t code)
{
	if (code < 0x80) {
		out[0] = (uint8_t)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (uint8_t)(0xc0 | code >> 6);
		out[1] = (uint8_t)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (uint8_t)(0xe0 | code >> 12);
		out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | code >> 18);
	out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (code & 0x3f));
	return 4;
}

/* RFC 2781, 2.2: a half of a pair that stands alone is no character. */
static uint32_t take_code(struct bytes *utf16)
{
	enum { NO_CHARACTER = 0xfffd };
	uint32_t code = bytes_le16(utf16);
	if (code < 0xd800 || code > 0xdfff)
		return code;
	if (code > 0xdbff || utf16->len < 2)
		return NO_CHARACTER;
	struct bytes next = *utf16;
	uint32_t low = bytes_le16(&next);
	if (low < 0xdc00 || low > 0xdfff)
		return NO_CHARACTER;
	*utf16 = next;
	return 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
}

struct bytes text_from_utf16(struct bytes utf16, uint8_t *out, size_t size)
{
	size_t len = 0;
	while (utf16.len >= 2) {
		uint8_t character[4];
		size_t octets = put_utf8(character, take_code(&utf16));
		if (octets > size - len)
			break;
		memcpy(out + len, character, octets);
		len += octets;
	}
	return bytes_of(out, len);
}
