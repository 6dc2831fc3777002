/*
 * wireless.c: IEEE 802.11 data frames, with or without a radiotap header.
 *
 * Only data frames in the clear carry anything to read; the others are no IP.
 */
#include "flow/decode.h"

enum {
	RADIOTAP_WORDS_MAX = 8,
	RADIOTAP_FCS = 0x10, /* the frame ends with its check sequence */
	RADIOTAP_PAD = 0x20, /* the header is padded to 32 bits */
	FCS_LEN = 4,
	MSDUS_MAX = 16,
};

static uint16_t take_le16(struct bytes *rest)
{
	return __builtin_bswap16(bytes_be16(rest));
}

static uint32_t take_le32(struct bytes *rest)
{
	return __builtin_bswap32(bytes_be32(rest));
}

/*
 * The flags field, 0 if there is none: it stands first, or after the 64-bit clock
 * which is aligned from the start of the header.
 */
static uint8_t radiotap_flags(struct bytes header)
{
	enum { FIXED = 4, HAS_CLOCK = 1, HAS_FLAGS = 2 };
	const uint8_t *start = header.at;
	bytes_take(&header, FIXED);
	uint32_t first = take_le32(&header);
	uint32_t present = first;
	for (int i = 1; present >> 31; i++) {
		if (i == RADIOTAP_WORDS_MAX)
			return 0;
		present = take_le32(&header);
	}
	if (!bytes_ok(&header) || !(first & HAS_FLAGS))
		return 0;
	if (first & HAS_CLOCK) {
		size_t offset = (size_t)(header.at - start);
		bytes_take(&header, -offset % 8 + 8);
	}
	return bytes_u8(&header);
}

enum { DIRECTION_BOTH = 3, PROTECTED = 0x40, ORDERED = 0x80, MORE_FRAGMENTS = 4 };

struct header {
	uint8_t subtype, flags;
	bool is_data, is_aggregate, is_part;
};

static struct header take_header(struct bytes *rest, uint8_t radio_flags)
{
	enum { TYPE_DATA = 2, SUBTYPE_QOS = 8, QOS_AGGREGATE = 0x80 };
	struct header h = { 0 };
	size_t before = rest->len;
	uint8_t control = bytes_u8(rest);
	h.flags = bytes_u8(rest);
	h.subtype = control >> 4;
	h.is_data = (control & 3) == 0 && (control >> 2 & 3) == TYPE_DATA;
	if (!h.is_data)
		return h;
	bytes_take(rest, 20); /* duration, three addresses */
	h.is_part = (take_le16(rest) & 15) || (h.flags & MORE_FRAGMENTS);
	if ((h.flags & DIRECTION_BOTH) == DIRECTION_BOTH)
		bytes_take(rest, 6);
	if (h.subtype & SUBTYPE_QOS) {
		h.is_aggregate = take_le16(rest) & QOS_AGGREGATE;
		bytes_take(rest, h.flags & ORDERED ? 4 : 0);
	}
	if (radio_flags & RADIOTAP_PAD)
		bytes_take(rest, -(before - rest->len) % 4);
	return h;
}

/* Several frames in one: each has two addresses, a length, and padding behind. */
static enum decode_reason decode_aggregate(struct walk *walk, struct bytes rest)
{
	struct walk start = *walk;
	enum decode_reason reason = rest.len > 0 ? DECODE_OK : DECODE_LINK_SHORT;
	for (int i = 0; i < MSDUS_MAX && reason == DECODE_OK && rest.len > 0; i++) {
		bytes_take(&rest, 12);
		size_t len = bytes_be16(&rest);
		if (!bytes_ok(&rest))
			return DECODE_LINK_SHORT;
		uint32_t count = walk->count;
		struct bytes one = rest;
		*walk = start;
		walk->count = count;
		if (!walk_trim(walk, &one.len, len))
			return DECODE_LINK_SHORT;
		reason = link_llc(walk, one);
		size_t padded = len + (-(14 + len) % 4);
		bytes_take(&rest, padded < rest.len ? padded : rest.len);
	}
	return reason;
}

static enum decode_reason decode_frame(struct walk *walk, struct bytes rest,
				       uint8_t radio_flags)
{
	enum { SUBTYPE_NO_DATA = 4 };
	struct header h = take_header(&rest, radio_flags);
	if (!bytes_ok(&rest))
		return DECODE_LINK_SHORT;
	if (!h.is_data || (h.subtype & SUBTYPE_NO_DATA) || (h.flags & PROTECTED) ||
	    h.is_part)
		return DECODE_NOT_IP;
	return h.is_aggregate ? decode_aggregate(walk, rest) : link_llc(walk, rest);
}

enum decode_reason wireless_decode(struct walk *walk, struct bytes rest)
{
	return decode_frame(walk, rest, 0);
}

enum decode_reason wireless_radiotap(struct walk *walk, struct bytes rest)
{
	enum { FIXED = 8 };
	struct bytes header = rest;
	bytes_take(&header, 2); /* version, padding */
	size_t len = take_le16(&header);
	if (!bytes_ok(&header) || len < FIXED)
		return DECODE_LINK_SHORT;
	header = bytes_take(&rest, len);
	if (!bytes_ok(&rest))
		return DECODE_LINK_SHORT;
	uint8_t flags = radiotap_flags(header);
	size_t on_wire = rest.len + walk->missing;
	if ((flags & RADIOTAP_FCS) && on_wire >= FCS_LEN)
		walk_trim(walk, &rest.len, on_wire - FCS_LEN);
	return decode_frame(walk, rest, flags);
}
