/*
 * decode.h: private to the decoder: the walk down one frame's layers.
 *
 * Every layer takes the captured bytes from its own header on, checks its length,
 * and calls the next.  What the frame had on the wire beyond the captured bytes is
 * `missing`, so a layer's length on the wire is its len + missing.  Layers nest by
 * recursion; it ends because only a tunnel or a pseudowire leads back to a lower
 * layer, and those are counted in `depth`.
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "flow/fragment.h"
#include "flow/packet.h"
#include "flow/tiny.h"

enum {
	TUNNEL_DEPTH_MAX = PACKETS_PER_FRAME - 1,
	ETHERTYPE_IP4 = 0x0800,
	ETHERTYPE_IP6 = 0x86dd,
	ETHERTYPE_BRIDGED = 0x6558, /* Ethernet inside GRE and Geneve */
};

/* Protocol numbers that decide where the walk goes on. */
enum {
	PROTO_HOP_BY_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_IP4 = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_IP6 = 41,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_AH = 51,
	PROTO_ICMP6 = 58,
	PROTO_NO_NEXT = 59,
	PROTO_DESTINATION = 60,
	PROTO_SCTP = 132,
	PROTO_MOBILITY = 135,
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
};

struct decoder {
	uint64_t counts[DECODE_REASON_COUNT];
	struct fragments *fragments;
	struct tiny_headers *tiny;
	bool verify_checksums;
	uint64_t judged, misjudged; /* checksums; of these wrong ones */
	enum decode_reason odd; /* of the last odd fragment, not yet fetched; or OK */
	struct packet odd_fragment;
};

struct walk {
	struct decoder *decoder;
	const struct frame *frame;
	struct packet *out; /* PACKETS_PER_FRAME of them */
	uint32_t count;     /* packets given so far */
	uint32_t missing;   /* bytes on the wire after the last captured one */
	uint16_t vlan, vlan_inner;
	uint8_t tags;   /* VLAN identifiers seen since the last tunnel */
	uint8_t tunnel; /* enum tunnel, the innermost so far */
	uint8_t depth;
	/* The link brings it to all; the transport checksum covers the addresses. */
	bool to_all, may_judge;
	uint8_t oddity; /* enum decode_reason of what was decoded nevertheless */
};

/* Loads without a check: the caller has checked the length. */
static inline uint16_t load_be16(const uint8_t *at)
{
	uint16_t word;
	memcpy(&word, at, sizeof(word));
	return be16toh(word);
}

static inline uint32_t load_be32(const uint8_t *at)
{
	uint32_t word;
	memcpy(&word, at, sizeof(word));
	return be32toh(word);
}

/*
 * The next free packet, filled as far as the walk knows; it counts when `count` is
 * raised.  NULL if the frame has given all it may.  The quoted addresses stay unset:
 * they mean something with PACKET_QUOTES only.  Field by field, because a memset() of
 * this size is a string instruction, which costs more than the rest of the header.
 */
static inline struct packet *walk_packet(struct walk *walk)
{
	if (walk->count >= PACKETS_PER_FRAME)
		return NULL;
	struct packet *packet = &walk->out[walk->count];
	packet->at_us = walk->frame->at_us;
	packet->sport = packet->dport = 0;
	packet->proto = packet->tcp_flags = packet->ttl = 0;
	packet->flags = walk->missing ? PACKET_TRUNCATED : 0;
	packet->flags |= walk->to_all ? PACKET_TO_ALL : 0;
	packet->tunnel = walk->tunnel;
	packet->vlan = walk->vlan;
	packet->vlan_inner = walk->vlan_inner;
	packet->iface = walk->frame->iface;
	packet->ip_id = packet->window = 0;
	packet->seq = packet->ack = 0;
	packet->ip_len = packet->payload_len = 0;
	packet->payload = (struct bytes){ 0 };
	packet->ip = NULL;
	packet->ip_captured = 0;
	packet->icmp_id = 0;
	packet->quoted_proto = 0;
	packet->quoted_sport = packet->quoted_dport = 0;
	return packet;
}

/* Cuts a layer to the length its header states; false if there is not as much. */
static inline bool walk_trim(struct walk *walk, size_t *len, size_t stated)
{
	if (stated > *len + walk->missing)
		return false;
	walk->missing = stated > *len ? (uint32_t)(stated - *len) : 0;
	if (stated < *len)
		*len = stated;
	return true;
}

/* link.c: from the link type, an Ethernet header, an EtherType, a PPP protocol. */
enum decode_reason link_decode(struct walk *walk, const uint8_t *at, size_t len);
enum decode_reason link_ethernet(struct walk *walk, const uint8_t *at, size_t len);
enum decode_reason link_ethertype(struct walk *walk, uint16_t type, struct bytes rest);
enum decode_reason link_ppp(struct walk *walk, struct bytes rest);
enum decode_reason link_llc(struct walk *walk, struct bytes rest);

/* wireless.c: an 802.11 frame, and one with a radiotap header. */
enum decode_reason wireless_decode(struct walk *walk, struct bytes rest);
enum decode_reason wireless_radiotap(struct walk *walk, struct bytes rest);

/* plain.c: true if the frame was of the commonest kind and *out is its one packet. */
bool decode_plain(struct decoder *decoder, const struct frame *frame,
		  struct packet *out);

/*
 * transport.c: marks a wrong checksum, `field` bytes into the header, if all it covers
 * is here and it was not left to a card.
 */
void transport_judge(const struct walk *walk, struct packet *packet, const uint8_t *at,
		     size_t len, size_t field);

/* ip.c, ip6.c: ip_decode looks at the version, the others expect theirs. */
enum decode_reason ip_decode(struct walk *walk, const uint8_t *at, size_t len);
enum decode_reason ip4_decode(struct walk *walk, const uint8_t *at, size_t len);
enum decode_reason ip6_decode(struct walk *walk, const uint8_t *at, size_t len);

/*
 * The packet of one fragment.  f has its place and length; `at` is its transport
 * header, or with an offset its data.
 */
enum decode_reason ip_fragment(struct walk *walk, struct packet *packet,
			       struct fragment *f, const uint8_t *at, size_t len);

/*
 * ip6.c: takes one IPv6 extension header (or AH) off the front if `next` names one, and
 * puts its successor in *next.  False if it names none; rest->bad if it is cut.
 */
bool ip6_skip_extension(uint8_t *next, struct bytes *rest);

/*
 * transport.c: transport_decode gives the packet, and what it carries if it is a
 * tunnel; transport_header only reads the header into it.
 */
enum decode_reason transport_decode(struct walk *walk, struct packet *packet,
				    const uint8_t *at, size_t len);
enum decode_reason transport_header(struct walk *walk, struct packet *packet,
				    const uint8_t *at, size_t len);

/*
 * tunnel.c: what goes on inside a packet.  Over IP the inner packets replace the outer,
 * unless there are none; over UDP the outer was given and `outer` is it.
 */
enum decode_reason tunnel_over_ip(struct walk *walk, struct packet *packet,
				  const uint8_t *at, size_t len);
enum decode_reason tunnel_over_udp(struct walk *walk, const struct packet *outer);

static inline bool tunnel_is_over_ip(uint8_t proto)
{
	return proto == PROTO_IP4 || proto == PROTO_IP6 || proto == PROTO_GRE;
}

enum udp_tunnel_port {
	PORT_GTPU = 2152,
	PORT_TEREDO = 3544,
	PORT_VXLAN = 4789,
	PORT_GENEVE = 6081,
	PORT_VXLAN_OLD = 8472, /* Linux before there was a number */
};

/* False for most, cheaply: a known port, or the first byte of an IPv6 header. */
static inline bool udp_may_be_tunnel(const struct packet *packet)
{
	if (packet->flags & PACKET_FRAGMENT)
		return false;
	if (packet->payload.len >= 40 && packet->payload.at[0] >> 4 == 6)
		return true;
	switch (packet->dport) {
	case PORT_GTPU:
	case PORT_TEREDO:
	case PORT_VXLAN:
	case PORT_GENEVE:
	case PORT_VXLAN_OLD:
		return true;
	default:
		return packet->sport == PORT_TEREDO;
	}
}
