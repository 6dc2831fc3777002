/*
 * pcap.c: the pcap file format, draft-ietf-opsawg-pcap, and Kuznetzov's variant.
 *
 * A header of 24 bytes, then packets, each behind a header of 16 bytes; all numbers
 * in the byte order of the writer, which the magic number tells.
 */
#include <stdio.h>

#include "capture/reader.h"

#define MAGIC_US       UINT32_C(0xa1b2c3d4)
#define MAGIC_NS       UINT32_C(0xa1b23c4d)
#define MAGIC_MODIFIED UINT32_C(0xa1b2cd34) /* old Red Hat: 8 bytes more per packet */

enum {
	RECORD_LEN = 16,
	RECORD_MODIFIED_LEN = 24,
	VERSION_MAJOR = 2,
	VERSION_MINOR = 4,
	/* Above these bits: how many bytes of frame check sequence frames end with. */
	LINK_MASK = 0x03ffffff,
	LINK_TOO_LARGE = UINT16_MAX,
};

static bool is_magic(uint32_t magic)
{
	return magic == MAGIC_US || magic == MAGIC_NS || magic == MAGIC_MODIFIED;
}

bool pcap_has_magic(const uint8_t magic[static MAGIC_LEN])
{
	return is_magic(load32(magic, false)) || is_magic(load32(magic, true));
}

static int64_t record_time_us(const struct reader *reader, const uint8_t *record)
{
	uint32_t seconds = load32(record, reader->swapped);
	uint32_t fraction = load32(record + 4, reader->swapped);
	if (reader->is_nanosecond)
		fraction /= 1000;
	return (int64_t)seconds * 1000000 + fraction;
}

static void frame_read(const struct reader *reader, const uint8_t *record, uint32_t len,
		       struct frame *frame)
{
	uint32_t wire_len = load32(record + 12, reader->swapped);
	*frame = (struct frame){
		.at = record + reader->record_header_len,
		.len = len,
		.wire_len = wire_len > len ? wire_len : len,
		.at_us = record_time_us(reader, record),
		.link = reader->link,
		.iface = reader->iface,
		.flags = reader->swapped ? FRAME_SWAPPED : 0,
	};
}

static void pcap_parse(struct reader *reader)
{
	struct input *input = &reader->input;
	const size_t header_len = reader->record_header_len;
	size_t count = 0;

	while (count < CAPTURE_BATCH) {
		const uint8_t *record = input->buffer + input->begin;
		size_t left = input_left(input);
		reader->want = header_len;
		if (left < header_len)
			break;
		uint32_t len = load32(record + 8, reader->swapped);
		if (len > PACKET_MAX) {
			reader_break(reader, "a packet of %u bytes", len);
			break;
		}
		reader->want = header_len + len;
		if (left < reader->want)
			break;
		frame_read(reader, record, len, &reader->frames[count++]);
		input->begin += reader->want;
	}
	reader->count = count;
}

void pcap_start(struct reader *reader)
{
	const uint8_t *header = reader->input.buffer + reader->input.begin;
	reader->swapped = !is_magic(load32(header, false));
	uint32_t magic = load32(header, reader->swapped);
	uint16_t major = load16(header + 4, reader->swapped);
	uint16_t minor = load16(header + 6, reader->swapped);
	uint32_t link = load32(header + 20, reader->swapped) & LINK_MASK;
	if (major != VERSION_MAJOR || minor != VERSION_MINOR) {
		reader_break(reader, "pcap version %u.%u, not 2.4", major, minor);
		return;
	}
	reader->is_nanosecond = magic == MAGIC_NS;
	reader->record_header_len =
		magic == MAGIC_MODIFIED ? RECORD_MODIFIED_LEN : RECORD_LEN;
	reader->link = link < LINK_TOO_LARGE ? (uint16_t)link : LINK_TOO_LARGE;
	reader->iface = iface_table_add(reader->ifaces, "", 0);
	reader->input.begin += PCAP_HEADER_LEN;
	reader->parse = pcap_parse;
}
