/*
 * ip.c: IPv4 (RFC 791), and the fragments of both versions.
 *
 * A datagram ends where its header says, not where the frame does: Ethernet pads
 * short frames, and a capture may cut long ones.
 */
#include "flow/checksum.h"
#include "flow/decode.h"

enum {
	IP4_HEADER_LEN = 20,
	/* An ordinary MTU: what is longer and states no length was left to a card. */
	OFFLOAD_MIN = 1500,
};

enum decode_reason ip_decode(struct walk *walk, const uint8_t *at, size_t len)
{
	if (len == 0)
		return DECODE_LINK_SHORT;
	switch (at[0] >> 4) {
	case 4:
		return ip4_decode(walk, at, len);
	case 6:
		return ip6_decode(walk, at, len);
	default:
		return DECODE_NOT_IP;
	}
}

/* A piece of a TCP header; with the last one, the packet that the pieces make. */
static void add_tiny(struct walk *walk, struct packet *packet, const struct fragment *f,
		     struct bytes piece)
{
	uint8_t head[TINY_HEAD];
	if (packet->proto != PROTO_TCP || walk->missing > 0 ||
	    !tiny_add(walk->decoder->tiny, f, piece.at, piece.len, head))
		return;
	packet->sport = load_be16(head);
	packet->dport = load_be16(head + 2);
	packet->seq = load_be32(head + 4);
	packet->ack = load_be32(head + 8);
	packet->tcp_flags = head[13];
	packet->window = load_be16(head + 14);
	walk->count++;
}

/*
 * The first fragment has the whole transport header, or it is an attack on those who
 * filter by it (RFC 1858, RFC 3128, RFC 7112); unless the capture cut it.
 */
static enum decode_reason read_first_fragment(struct walk *walk, struct packet *packet,
					      struct fragment *f, const uint8_t *at,
					      size_t len)
{
	enum decode_reason reason = transport_header(walk, packet, at, len);
	if (reason != DECODE_OK) {
		add_tiny(walk, packet, f, bytes_of(at, len));
		return walk->missing ? reason : DECODE_FRAG_BAD;
	}
	f->sport = packet->sport;
	f->dport = packet->dport;
	f->icmp_id = packet->icmp_id;
	return DECODE_OK;
}

/* Offset 8 would rewrite the flags of a TCP header (RFC 1858 2.1, RFC 3128). */
static enum decode_reason read_later_fragment(struct walk *walk, struct packet *packet,
					      const struct fragment *f,
					      const uint8_t *at, size_t len)
{
	if (packet->proto == PROTO_TCP && f->offset == 8) {
		add_tiny(walk, packet, f, bytes_of(at, len));
		return DECODE_FRAG_BAD;
	}
	packet->flags |= PACKET_LATER_FRAGMENT;
	packet->payload = bytes_of(at, len);
	packet->payload_len = (uint32_t)len + walk->missing;
	return DECODE_OK;
}

static enum decode_reason read_fragment(struct walk *walk, struct packet *packet,
					struct fragment *f, const uint8_t *at,
					size_t len)
{
	f->at_us = packet->at_us;
	f->src = packet->src;
	f->dst = packet->dst;
	f->proto = packet->proto;
	packet->flags |= PACKET_FRAGMENT;
	if (!fragment_is_possible(f))
		return DECODE_FRAG_BAD;
	enum decode_reason reason =
		f->offset == 0 ? read_first_fragment(walk, packet, f, at, len)
			       : read_later_fragment(walk, packet, f, at, len);
	if (reason != DECODE_OK)
		return reason;
	reason = fragments_see(walk->decoder->fragments, f);
	if (reason == DECODE_FRAG_BAD || (reason == DECODE_FRAG_OVERLAP && f->is_ip6))
		return reason;
	packet->proto = f->proto;
	packet->sport = f->sport;
	packet->dport = f->dport;
	packet->icmp_id = f->icmp_id;
	if (!f->has_ports)
		packet->flags |= PACKET_NO_PORTS;
	walk->count++;
	return reason;
}

enum decode_reason ip_fragment(struct walk *walk, struct packet *packet,
			       struct fragment *f, const uint8_t *at, size_t len)
{
	enum decode_reason reason = read_fragment(walk, packet, f, at, len);
	if (reason == DECODE_FRAG_BAD || reason == DECODE_FRAG_OVERLAP) {
		walk->decoder->odd = reason;
		walk->decoder->odd_fragment = *packet;
	}
	return reason;
}

static enum decode_reason decode_ip4_fragment(struct walk *walk, struct packet *packet,
					      const uint8_t *header, const uint8_t *at,
					      size_t len)
{
	uint16_t place = load_be16(header + 6);
	struct fragment f = {
		.id = load_be16(header + 4),
		.offset = (place & 0x1fff) * 8u,
		.len = (uint32_t)len + walk->missing,
		.more = place & 0x2000,
	};
	return ip_fragment(walk, packet, &f, at, len);
}

/*
 * Of a header left to a card the sum is 0, or whatever it was before the card cut the
 * segment up.
 */
static inline bool ip4_sum_is_wrong(const struct walk *walk, const uint8_t *at,
				    size_t header)
{
	if (checksum_fold(checksum_words(at, header)) == 0xffff)
		return false;
	return walk->decoder->verify_checksums && load_u16(at + 10) != 0 &&
	       !(walk->frame->flags & FRAME_CSUM_PARTIAL);
}

/* The Authentication Header (RFC 4302) of IPv4; the only one that wraps in the clear.
 */
static enum decode_reason decode_ip4_ah(struct walk *walk, struct packet *packet,
					struct bytes rest)
{
	ip6_skip_extension(&packet->proto, &rest);
	if (!bytes_ok(&rest))
		return DECODE_IP4_HEADER;
	return transport_decode(walk, packet, rest.at, rest.len);
}

enum decode_reason ip4_decode(struct walk *walk, const uint8_t *at, size_t len)
{
	if (len < IP4_HEADER_LEN)
		return DECODE_IP4_SHORT;
	size_t header = (at[0] & 15) * 4u;
	if (at[0] >> 4 != 4 || header < IP4_HEADER_LEN)
		return DECODE_IP4_HEADER;
	if (header > len)
		return DECODE_IP4_SHORT;
	size_t total = load_be16(at + 2);
	if (total == 0 && len + walk->missing > OFFLOAD_MIN)
		total = len + walk->missing;
	if (total < header || !walk_trim(walk, &len, total))
		return DECODE_IP4_HEADER;
	bool is_wrong = ip4_sum_is_wrong(walk, at, header);
	struct packet *packet = walk_packet(walk);
	if (!packet)
		return DECODE_TUNNEL_DEEP;
	packet->src = addr_v4(at + 12);
	packet->dst = addr_v4(at + 16);
	packet->proto = at[9];
	packet->ttl = at[8];
	packet->ip_id = load_be16(at + 4);
	packet->ip_len = (uint32_t)total;
	packet->ip = at;
	packet->ip_captured = (uint32_t)len;
	/*
	 * Counted, and used all the same: on a network such a packet would not get
	 * here, so the file was changed after it was captured (made anonymous), and its
	 * transport checksums say nothing either.
	 */
	if (is_wrong)
		walk->oddity = DECODE_IP4_CSUM;
	walk->may_judge = !is_wrong;
	if (load_be16(at + 6) & 0x3fff)
		return decode_ip4_fragment(walk, packet, at, at + header, len - header);
	if (packet->proto == PROTO_AH)
		return decode_ip4_ah(walk, packet, bytes_of(at + header, len - header));
	return transport_decode(walk, packet, at + header, len - header);
}
