/*
 * decode.c: one frame in, its packets out; see packet.h, and decode.h for the walk.
 */
#include "flow/decode.h"

#include <stdlib.h>

static const struct {
	const char *name, *doc;
} reasons[DECODE_REASON_COUNT] = {
#define X(id, name, doc) [DECODE_##id] = { name, doc },
	DECODE_REASONS(X)
#undef X
};

const char *decode_reason_name(enum decode_reason reason)
{
	return reasons[reason].name;
}

const char *decode_reason_doc(enum decode_reason reason)
{
	return reasons[reason].doc;
}

const char *tunnel_name(enum tunnel tunnel)
{
	static const char *const names[TUNNELS] = {
		[TUNNEL_IPIP] = "ipip",     [TUNNEL_6IN4] = "6in4",
		[TUNNEL_4IN6] = "4in6",     [TUNNEL_GRE] = "gre",
		[TUNNEL_ERSPAN] = "erspan", [TUNNEL_VXLAN] = "vxlan",
		[TUNNEL_GENEVE] = "geneve", [TUNNEL_GTPU] = "gtpu",
		[TUNNEL_TEREDO] = "teredo",
	};
	return names[tunnel];
}

struct decoder *decoder_new(void)
{
	struct decoder *decoder = calloc(1, sizeof(*decoder));
	if (!decoder)
		return NULL;
	decoder->verify_checksums = true;
	decoder->fragments = fragments_new();
	decoder->tiny = tiny_new();
	if (!decoder->fragments || !decoder->tiny) {
		decoder_free(decoder);
		return NULL;
	}
	return decoder;
}

void decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return;
	fragments_free(decoder->fragments);
	tiny_free(decoder->tiny);
	free(decoder);
}

void decoder_verify_checksums(struct decoder *decoder, bool verify)
{
	decoder->verify_checksums = verify;
}

const uint64_t *decoder_counts(const struct decoder *decoder)
{
	return decoder->counts;
}

enum decode_reason decoder_odd_fragment(struct decoder *decoder, struct packet *out)
{
	enum decode_reason odd = decoder->odd;
	if (odd != DECODE_OK)
		*out = decoder->odd_fragment;
	decoder->odd = DECODE_OK;
	return odd;
}

static void take_aux_vlan(struct walk *walk)
{
	walk->vlan = walk->frame->vlan & 0x0fff;
	walk->tags = walk->vlan != 0;
}

size_t decode(struct decoder *decoder, const struct frame *frame,
	      struct packet out[static PACKETS_PER_FRAME])
{
	if (decode_plain(decoder, frame, out)) {
		decoder->counts[DECODE_OK]++;
		return 1;
	}
	struct walk walk = { .decoder = decoder, .frame = frame, .out = out };
	/* A file may lie about the length on the wire; what is there is there. */
	if (frame->wire_len > frame->len)
		walk.missing = frame->wire_len - frame->len;
	if (frame->flags & FRAME_VLAN)
		take_aux_vlan(&walk);
	enum decode_reason reason =
		frame->link == LINK_ETHERNET
			? link_ethernet(&walk, frame->at, frame->len)
			: link_decode(&walk, frame->at, frame->len);
	decoder->counts[reason == DECODE_OK ? walk.oddity : reason]++;
	return walk.count;
}
