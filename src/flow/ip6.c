/*
 * ip6.c: IPv6 (RFC 8200) with its extension headers and jumbograms (RFC 2675).
 *
 * TCP, UDP and ICMPv6 right behind the fixed header skip the walk of extensions.
 */
#include "flow/decode.h"

enum {
	HEADER_LEN = 40,
	FRAGMENT_HEADER_LEN = 8,
	EXTENSIONS_MAX = 8,
	OPTIONS_MAX = 32,
	STATED_MAX = 65535, /* what the payload length can say */
	OPTION_PAD1 = 0,
	OPTION_JUMBO = 0xc2,
};

/* A mobility or HIP header is the message itself, if nothing follows (RFC 6275 6.1.1).
 */
static bool is_message(uint8_t proto, uint8_t successor)
{
	return successor == PROTO_NO_NEXT &&
	       (proto == PROTO_MOBILITY || proto == PROTO_HIP || proto == PROTO_SHIM6);
}

static bool is_extension(uint8_t proto)
{
	switch (proto) {
	case PROTO_HOP_BY_HOP:
	case PROTO_ROUTING:
	case PROTO_DESTINATION:
	case PROTO_AH:
	case PROTO_MOBILITY:
	case PROTO_HIP:
	case PROTO_SHIM6:
		return true;
	default:
		return false;
	}
}

bool ip6_skip_extension(uint8_t *next, struct bytes *rest)
{
	if (!is_extension(*next))
		return false;
	struct bytes header = *rest;
	uint8_t successor = bytes_u8(&header);
	size_t len = bytes_u8(&header);
	if (bytes_ok(&header) && is_message(*next, successor))
		return false;
	/* RFC 4302 2.2: AH counts 32-bit words less 2, the others 64-bit less 1. */
	size_t size = *next == PROTO_AH ? (len + 2) * 4 : (len + 1) * 8;
	bytes_take(rest, bytes_ok(&header) ? size : SIZE_MAX);
	*next = successor;
	return true;
}

/* Steps over the fragment header. */
static void take_fragment_header(const struct walk *walk, uint8_t *next,
				 struct bytes *rest, struct fragment *f)
{
	struct bytes header = bytes_take(rest, FRAGMENT_HEADER_LEN);
	if (header.bad)
		return;
	uint16_t place = load_be16(header.at + 2);
	*next = header.at[0];
	f->offset = place & 0xfff8;
	f->more = place & 1;
	f->id = load_be32(header.at + 4);
	f->len = (uint32_t)rest->len + walk->missing;
}

static enum decode_reason decode_upper(struct walk *walk, struct packet *packet,
				       struct fragment *f, struct bytes rest,
				       bool is_fragment)
{
	if (is_fragment)
		return ip_fragment(walk, packet, f, rest.at, rest.len);
	return transport_decode(walk, packet, rest.at, rest.len);
}

/* RFC 7112: the whole chain of headers is in the first fragment. */
static enum decode_reason cut_chain(const struct walk *walk, bool is_fragment)
{
	return is_fragment && !walk->missing ? DECODE_FRAG_BAD : DECODE_IP6_EXT;
}

static enum decode_reason decode_extensions(struct walk *walk, struct packet *packet,
					    struct bytes rest)
{
	struct fragment f = { .is_ip6 = true };
	bool is_fragment = false;
	bool had_fragment_header = false;
	for (int i = 0; i <= EXTENSIONS_MAX; i++) {
		uint8_t proto = packet->proto;
		if (proto == PROTO_HOP_BY_HOP && i > 0)
			return DECODE_IP6_EXT;
		if (proto == PROTO_FRAGMENT && !had_fragment_header) {
			take_fragment_header(walk, &packet->proto, &rest, &f);
			had_fragment_header = true;
			/* RFC 6946: neither is a datagram of one piece, that is, whole.
			 */
			is_fragment = f.offset != 0 || f.more;
			if (f.offset != 0)
				return ip_fragment(walk, packet, &f, rest.at, rest.len);
		} else if (!ip6_skip_extension(&packet->proto, &rest) &&
			   bytes_ok(&rest)) {
			return decode_upper(walk, packet, &f, rest, is_fragment);
		}
		if (!bytes_ok(&rest))
			return cut_chain(walk, is_fragment);
		/* Either may hold the address that the checksum covers instead. */
		if (proto == PROTO_ROUTING || proto == PROTO_DESTINATION)
			walk->may_judge = false;
	}
	return DECODE_IP6_EXT;
}

/* The jumbo payload option of a hop-by-hop header; 0 if there is none. */
static uint32_t jumbo_len(const uint8_t *at, size_t len)
{
	struct bytes header = bytes_of(at, len);
	bytes_u8(&header);
	size_t size = (bytes_u8(&header) + 1u) * 8 - 2;
	struct bytes options = bytes_take(&header, size);
	for (int i = 0; i < OPTIONS_MAX && bytes_ok(&options); i++) {
		uint8_t type = bytes_u8(&options);
		if (type == OPTION_PAD1)
			continue;
		uint8_t option_len = bytes_u8(&options);
		if (type == OPTION_JUMBO && option_len == 4)
			return bytes_be32(&options);
		bytes_take(&options, option_len);
	}
	return 0;
}

/*
 * What a payload length of 0 stands for: a jumbogram, or a segment for the card to cut
 * that is longer than the field can say (Linux "BIG TCP"), or nothing.  False if
 * it is a jumbogram that need not be one.
 */
static bool stated_payload(const struct walk *walk, const uint8_t *at, size_t len,
			   size_t *payload)
{
	size_t on_wire = len + walk->missing - HEADER_LEN;
	uint32_t jumbo = 0;
	if (at[6] == PROTO_HOP_BY_HOP)
		jumbo = jumbo_len(at + HEADER_LEN, len - HEADER_LEN);
	*payload = jumbo;
	if (jumbo == 0 && on_wire > STATED_MAX)
		*payload = on_wire;
	return jumbo == 0 || jumbo > STATED_MAX;
}

enum decode_reason ip6_decode(struct walk *walk, const uint8_t *at, size_t len)
{
	if (len < HEADER_LEN)
		return DECODE_IP6_SHORT;
	if (at[0] >> 4 != 6)
		return DECODE_IP6_HEADER;
	size_t payload = load_be16(at + 4);
	if (payload == 0 && !stated_payload(walk, at, len, &payload))
		return DECODE_IP6_HEADER;
	if (!walk_trim(walk, &len, HEADER_LEN + payload))
		return DECODE_IP6_HEADER;
	struct packet *packet = walk_packet(walk);
	if (!packet)
		return DECODE_TUNNEL_DEEP;
	packet->src = addr_v6(at + 8);
	packet->dst = addr_v6(at + 24);
	packet->proto = at[6];
	packet->ttl = at[7];
	packet->ip_len = (uint32_t)(HEADER_LEN + payload);
	packet->ip = at;
	packet->ip_captured = (uint32_t)len;
	walk->may_judge = true;
	at += HEADER_LEN;
	len -= HEADER_LEN;
	if (packet->proto == PROTO_TCP || packet->proto == PROTO_UDP ||
	    packet->proto == PROTO_ICMP6)
		return transport_decode(walk, packet, at, len);
	return decode_extensions(walk, packet, bytes_of(at, len));
}
