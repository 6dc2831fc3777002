/*
 * pcapng.c: the pcapng file format, draft-ietf-opsawg-pcapng.
 *
 * Blocks, each with its length before and behind.  A section header gives the byte
 * order and forgets the interfaces; an interface description gives link type, name
 * and unit of time to the packets that name it by its number in the section.  What
 * is not known here is passed over, whatever its length.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "capture/reader.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a, /* a palindrome: the same in both byte orders */
	BLOCK_IFACE = 1,
	BLOCK_PACKET = 2, /* obsolete, 4.2 of the draft's appendix */
	BLOCK_SIMPLE = 3,
	BLOCK_STATISTICS = 5,
	BLOCK_ENHANCED = 6,

	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	HEAD_LEN = 8, /* type and length */
	TAIL_LEN = 4, /* length again */
	BLOCK_MIN = HEAD_LEN + TAIL_LEN,
	SECTION_MIN = PCAPNG_HEADER_LEN,
	VERSION_MAJOR = 1,

	OPTION_END = 0,
	OPTION_IF_NAME = 2,
	OPTION_IF_TSRESOL = 9,
	OPTION_IF_TSOFFSET = 14,
	OPTION_ISB_IFDROP = 5,

	RESOLUTION_US = 6, /* of if_tsresol: 10^-6 s, what holds without the option */
	RESOLUTION_NS = 9,
	RESOLUTION_BINARY = 0x80, /* a power of two, not of ten */
	SECTION_IFACES_MAX = 65536,
};

/* What a block holds between head and tail. */
struct block {
	uint32_t type;
	uint32_t len; /* of the whole */
	struct bytes body;
};

bool pcapng_has_magic(const uint8_t magic[static MAGIC_LEN])
{
	return load32(magic, false) == BLOCK_SECTION;
}

/*
 * Units of 10^-digits s. From 10^-26 on, 64 bits hold less than a microsecond; more
 * seconds than fit stop at the end of time.
 */
static uint64_t decimal_us(uint64_t units, unsigned digits)
{
	for (; digits > RESOLUTION_US && units > 0; digits--)
		units /= 10;
	for (; digits < RESOLUTION_US; digits++) {
		if (__builtin_mul_overflow(units, 10, &units))
			return UINT64_MAX;
	}
	return units;
}

/* Units of 2^-bits s; the fraction is read to 2^-44 s, so that its product fits. */
static uint64_t binary_us(uint64_t units, unsigned bits)
{
	uint64_t seconds = bits < 64 ? units >> bits : 0;
	uint64_t fraction = bits < 64 ? units & ((UINT64_C(1) << bits) - 1) : units;
	uint64_t us;
	if (__builtin_mul_overflow(seconds, 1000000, &us))
		return UINT64_MAX;
	if (bits > 44) {
		unsigned cut = bits - 44;
		fraction = cut < 64 ? fraction >> cut : 0;
		bits = 44;
	}
	return us + (fraction * 1000000 >> bits);
}

static int64_t clamp_time(uint64_t us, int64_t offset_us)
{
	if (us > READER_TIME_MAX_US)
		us = READER_TIME_MAX_US;
	int64_t at_us = (int64_t)us + offset_us;
	if (at_us < 0)
		return 0;
	return at_us < READER_TIME_MAX_US ? at_us : READER_TIME_MAX_US;
}

static int64_t packet_time_us(const struct section_iface *iface, uint64_t units)
{
	uint8_t resolution = iface->resolution;
	uint64_t us;
	if (resolution == RESOLUTION_US)
		us = units;
	else if (resolution == RESOLUTION_NS)
		us = units / 1000;
	else if (resolution & RESOLUTION_BINARY)
		us = binary_us(units, resolution & ~(unsigned)RESOLUTION_BINARY);
	else
		us = decimal_us(units, resolution);
	return clamp_time(us, iface->offset_us);
}

static uint16_t take16(struct bytes *body, bool swapped)
{
	struct bytes field = bytes_take(body, 2);
	return field.bad ? 0 : load16(field.at, swapped);
}

static uint32_t take32(struct bytes *body, bool swapped)
{
	struct bytes field = bytes_take(body, 4);
	return field.bad ? 0 : load32(field.at, swapped);
}

/*
 * Takes the next option, its value padded to 32 bits; false at the end. Bounded by
 * the body, of which each takes at least four bytes.
 */
static bool take_option(struct bytes *options, bool swapped, uint16_t *code,
			struct bytes *value)
{
	*code = take16(options, swapped);
	uint16_t len = take16(options, swapped);
	if (!bytes_ok(options) || *code == OPTION_END)
		return false;
	*value = bytes_take(options, len);
	size_t padding = -(size_t)len & 3;
	bytes_take(options, padding < options->len ? padding : options->len);
	return bytes_ok(options);
}

/* Seconds of if_tsoffset, kept where their microseconds can't overflow. */
static int64_t offset_us(int64_t seconds)
{
	const int64_t limit = READER_TIME_MAX_US / 1000000;
	if (seconds > limit)
		seconds = limit;
	if (seconds < -limit)
		seconds = -limit;
	return seconds * 1000000;
}

static void iface_option(struct section_iface *iface, bool swapped, uint16_t code,
			 struct bytes value)
{
	if (code == OPTION_IF_NAME) {
		size_t len =
			value.len < IFACE_NAME_MAX ? value.len : IFACE_NAME_MAX - 1;
		memcpy(iface->name, value.at, len);
		iface->name[len] = '\0';
	} else if (code == OPTION_IF_TSRESOL && value.len == 1) {
		iface->resolution = value.at[0];
	} else if (code == OPTION_IF_TSOFFSET && value.len == 8) {
		iface->offset_us = offset_us((int64_t)load64(value.at, swapped));
	}
}

static bool section_grow(struct reader *reader)
{
	if (reader->section_count < reader->section_size)
		return true;
	size_t size = reader->section_size == 0 ? 4 : 2 * reader->section_size;
	struct section_iface *section =
		realloc(reader->section, size * sizeof(*section));
	if (section == NULL)
		return false;
	reader->section = section;
	reader->section_size = size;
	return true;
}

/*
 * A writer that starts a new section mostly describes the same interfaces again:
 * they keep their identifiers, so that joined files don't use them all up.
 */
static void iface_identify(struct reader *reader, struct section_iface *iface)
{
	size_t number = reader->section_count;
	const struct section_iface *before = &reader->section[number];
	if (number < reader->section_known && before->link == iface->link &&
	    strcmp(before->name, iface->name) == 0)
		iface->id = before->id;
	else
		iface->id = iface_table_add(reader->ifaces, iface->name,
					    strlen(iface->name));
}

static void iface_read(struct reader *reader, struct bytes body)
{
	struct section_iface iface = { .resolution = RESOLUTION_US };
	iface.link = take16(&body, reader->swapped);
	take16(&body, reader->swapped);
	iface.snaplen = take32(&body, reader->swapped);
	if (!bytes_ok(&body)) {
		reader_break(reader, "an interface description that is too short");
		return;
	}
	uint16_t code;
	struct bytes value;
	while (take_option(&body, reader->swapped, &code, &value))
		iface_option(&iface, reader->swapped, code, value);

	if (reader->section_count == SECTION_IFACES_MAX || !section_grow(reader)) {
		reader_break(reader, "too many interfaces");
		return;
	}
	iface_identify(reader, &iface);
	reader->section[reader->section_count++] = iface;
	if (reader->section_known < reader->section_count)
		reader->section_known = reader->section_count;
}

/* Statistics may come again and again; each counts from the start of the capture. */
static void statistics_read(struct reader *reader, struct bytes body)
{
	uint32_t number = take32(&body, reader->swapped);
	bytes_take(&body, 8);
	if (!bytes_ok(&body) || number >= reader->section_count)
		return;
	struct section_iface *iface = &reader->section[number];
	uint16_t code;
	struct bytes value;
	while (take_option(&body, reader->swapped, &code, &value)) {
		if (code != OPTION_ISB_IFDROP || value.len != 8)
			continue;
		uint64_t dropped = load64(value.at, reader->swapped);
		if (dropped <= iface->dropped)
			continue;
		uint64_t more = dropped - iface->dropped;
		if (__builtin_add_overflow(reader->dropped, more, &reader->dropped))
			reader->dropped = UINT64_MAX;
		iface->dropped = dropped;
	}
}

/* The packet's bytes at the front of what remains of its block. */
static void frame_put(struct reader *reader, const struct section_iface *iface,
		      struct bytes data, uint32_t len, uint32_t wire_len)
{
	if (len > PACKET_MAX || len > data.len) {
		reader_break(reader, "a packet of %u bytes in a block for %zu", len,
			     data.len);
		return;
	}
	reader->frames[reader->count++] = (struct frame){
		.at = data.at,
		.len = len,
		.wire_len = wire_len > len ? wire_len : len,
		.at_us = reader->last_us,
		.link = iface->link,
		.iface = iface->id,
		.flags = reader->swapped ? FRAME_SWAPPED : 0,
	};
}

static const struct section_iface *iface_of(struct reader *reader, uint32_t number)
{
	if (number < reader->section_count)
		return &reader->section[number];
	reader_break(reader, "a packet of interface %u, which it does not describe",
		     number);
	return NULL;
}

/* An enhanced packet block, or the obsolete one, whose number is 16 bits. */
static void packet_read(struct reader *reader, uint32_t type, struct bytes body)
{
	enum { PACKET_HEAD_LEN = 20 };
	struct bytes head = bytes_take(&body, PACKET_HEAD_LEN);
	if (head.bad) {
		reader_break(reader, "a packet block that is too short");
		return;
	}
	bool swapped = reader->swapped;
	uint32_t number = type == BLOCK_ENHANCED ? load32(head.at, swapped)
						 : load16(head.at, swapped);
	const struct section_iface *iface = iface_of(reader, number);
	if (iface == NULL)
		return;
	uint64_t units = (uint64_t)load32(head.at + 4, swapped) << 32 |
			 load32(head.at + 8, swapped);
	reader->last_us = packet_time_us(iface, units);
	frame_put(reader, iface, body, load32(head.at + 12, swapped),
		  load32(head.at + 16, swapped));
}

/* A simple packet is of the first interface, and has no time: that of the last one. */
static void simple_read(struct reader *reader, struct bytes body)
{
	uint32_t wire_len = take32(&body, reader->swapped);
	if (!bytes_ok(&body)) {
		reader_break(reader, "a packet block that is too short");
		return;
	}
	const struct section_iface *iface = iface_of(reader, 0);
	if (iface == NULL)
		return;
	uint32_t len = wire_len;
	if (iface->snaplen != 0 && len > iface->snaplen)
		len = iface->snaplen;
	if (len > body.len)
		len = (uint32_t)body.len;
	frame_put(reader, iface, body, len, wire_len);
}

/* Byte order and version of the section that begins here, with SECTION_MIN bytes. */
static bool section_start(struct reader *reader, const uint8_t *block)
{
	uint32_t magic = load32(block + HEAD_LEN, false);
	if (magic != BYTE_ORDER_MAGIC && magic != __builtin_bswap32(BYTE_ORDER_MAGIC)) {
		reader_break(reader, "a section header of no known byte order");
		return false;
	}
	reader->swapped = magic != BYTE_ORDER_MAGIC;
	uint16_t major = load16(block + 12, reader->swapped);
	uint16_t minor = load16(block + 14, reader->swapped);
	if (major == VERSION_MAJOR)
		return true;
	reader_break(reader, "pcapng version %u.%u, not 1.0", major, minor);
	return false;
}

static bool is_read(uint32_t type)
{
	return type == BLOCK_SECTION || type == BLOCK_IFACE || type == BLOCK_PACKET ||
	       type == BLOCK_SIMPLE || type == BLOCK_STATISTICS ||
	       type == BLOCK_ENHANCED;
}

/* True with the whole block in the buffer; false with want, skip or problem set. */
static bool block_find(struct reader *reader, struct block *block)
{
	const struct input *input = &reader->input;
	const uint8_t *at = input->buffer + input->begin;
	size_t left = input_left(input);
	reader->want = HEAD_LEN;
	if (left < HEAD_LEN)
		return false;
	uint32_t type = load32(at, reader->swapped);
	if (type == BLOCK_SECTION) {
		reader->want = SECTION_MIN;
		if (left < SECTION_MIN || !section_start(reader, at))
			return false;
	}
	uint32_t len = load32(at + 4, reader->swapped);
	uint32_t len_min = type == BLOCK_SECTION ? SECTION_MIN : BLOCK_MIN;
	uint32_t len_max = is_read(type) ? RECORD_MAX : SKIPPED_MAX;
	if (len < len_min || len > len_max || len % 4 != 0) {
		reader_break(reader, "a block of type %u and %u bytes", type, len);
		return false;
	}
	if (!is_read(type)) {
		reader->skip = len;
		return false;
	}
	reader->want = len;
	if (left < len)
		return false;
	if (load32(at + len - TAIL_LEN, reader->swapped) != len) {
		reader_break(reader, "a block whose two lengths differ");
		return false;
	}
	*block = (struct block){ type, len, bytes_of(at + HEAD_LEN, len - BLOCK_MIN) };
	return true;
}

static void block_read(struct reader *reader, const struct block *block)
{
	switch (block->type) {
	case BLOCK_SECTION:
		reader->section_count = 0;
		break;
	case BLOCK_IFACE:
		iface_read(reader, block->body);
		break;
	case BLOCK_SIMPLE:
		simple_read(reader, block->body);
		break;
	case BLOCK_STATISTICS:
		statistics_read(reader, block->body);
		break;
	default:
		packet_read(reader, block->type, block->body);
	}
}

/* True once all of a block to be passed over has been. */
static bool skip_ended(struct reader *reader)
{
	size_t left = input_left(&reader->input);
	size_t now = reader->skip < left ? (size_t)reader->skip : left;
	reader->input.begin += now;
	reader->skip -= now;
	reader->want = 1;
	return reader->skip == 0;
}

static void pcapng_parse(struct reader *reader)
{
	reader->count = 0;
	while (reader->count < CAPTURE_BATCH && skip_ended(reader)) {
		struct block block;
		if (block_find(reader, &block)) {
			block_read(reader, &block);
			if (reader->problem[0] != '\0')
				break;
			reader->input.begin += block.len;
		} else if (reader->skip == 0) {
			break;
		}
	}
}

void pcapng_start(struct reader *reader)
{
	section_start(reader, reader->input.buffer + reader->input.begin);
	reader->parse = pcapng_parse;
}
