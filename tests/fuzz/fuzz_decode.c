/*
 * fuzz_decode.c: any bytes as frames of any link type.
 *
 * The first byte chooses the link type, the second the frame's flags and whether it was
 * cut; then frames follow, each with a 16-bit length, so that fragments can meet.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "flow/packet.h"

enum { FRAMES_MAX = 16, CUT = 0x80, CUT_BY = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t links[] = {
	LINK_ETHERNET, LINK_NULL,     LINK_PPP,         LINK_PPP_HDLC,
	LINK_RAW_BSD,  LINK_RAW,      LINK_80211,       LINK_LOOP,
	LINK_SLL,      LINK_RADIOTAP, LINK_IPV4,        LINK_IPV6,
	LINK_NFLOG,    LINK_SLL2,     LINK_RAW_OPENBSD, UINT16_MAX,
};

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

static void check_packet(const struct frame *frame, const struct packet *packet)
{
	const struct bytes *payload = &packet->payload;
	require(!payload->bad);
	require(payload->len <= packet->payload_len);
	require(packet->payload_len <= packet->ip_len);
	require(packet->tunnel < TUNNELS);
	require(packet->vlan < 4096 && packet->vlan_inner < 4096);
	if (payload->len == 0)
		return;
	require(payload->at >= frame->at);
	require(payload->at + payload->len <= frame->at + frame->len);
	if (payload->len < packet->payload_len)
		require(packet->flags & PACKET_TRUNCATED);
}

static uint64_t frames_counted(const struct decoder *decoder)
{
	uint64_t sum = 0;
	for (int i = 0; i < DECODE_REASON_COUNT; i++)
		sum += decoder_counts(decoder)[i];
	return sum;
}

static void check_frame(struct decoder *decoder, struct frame *frame,
			struct bytes bytes)
{
	struct packet packets[PACKETS_PER_FRAME];
	/* A copy of its own length lets the sanitizer see a byte too far. */
	uint8_t *copy = malloc(bytes.len ? bytes.len : 1);
	require(copy != NULL);
	memcpy(copy, bytes.at, bytes.len);
	frame->at = copy;
	frame->len = (uint32_t)bytes.len;
	frame->wire_len = frame->len + (frame->flags & CUT ? CUT_BY : 0);
	frame->at_us += 1000;
	uint64_t counted = frames_counted(decoder);
	uint64_t fine = decoder_counts(decoder)[DECODE_OK];
	size_t count = decode(decoder, frame, packets);
	require(count <= PACKETS_PER_FRAME);
	require(frames_counted(decoder) == counted + 1);
	require(count > 0 || decoder_counts(decoder)[DECODE_OK] == fine);
	for (size_t i = 0; i < count; i++)
		check_packet(frame, &packets[i]);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_of(data, size);
	uint8_t link = bytes_u8(&rest);
	uint8_t flags = bytes_u8(&rest);
	struct frame frame = {
		.link = links[link % (sizeof(links) / sizeof(links[0]))],
		.flags = flags,
		.vlan = UINT16_MAX,
	};
	struct decoder *decoder = decoder_new();
	require(decoder != NULL);
	for (int i = 0; i < FRAMES_MAX && bytes_ok(&rest) && rest.len > 2; i++) {
		size_t len = bytes_be16(&rest);
		check_frame(decoder, &frame,
			    bytes_take(&rest, len < rest.len ? len : rest.len));
	}
	decoder_free(decoder);
	return 0;
}
