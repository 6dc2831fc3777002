/*
 * tunnel.c: packets inside packets.
 *
 * A tunnel over UDP is told by its port of destination, where its answers go as well;
 * Teredo, whose hosts talk on any port, also by being exactly one IPv6 packet.
 */
#include "flow/decode.h"

enum {
	GENEVE_VERSION = 0xc0,
	GTP_EXTENSIONS_MAX = 8,
	IP6_HEADER_LEN = 40,
	ETHERTYPE_PPP = 0x880b,
	ETHERTYPE_ERSPAN = 0x88be, /* types I and II */
	ETHERTYPE_ERSPAN_3 = 0x22eb,
};

static void enter(struct walk *walk, enum tunnel tunnel)
{
	walk->depth++;
	walk->tunnel = (uint8_t)tunnel;
	walk->tags = 0;
}

/* Cisco's mirror: without sequence number type I, no header at all. */
static enum decode_reason decode_erspan(struct walk *walk, struct bytes rest,
					bool has_sequence)
{
	enum { HEADER_2 = 8 };
	walk->tunnel = TUNNEL_ERSPAN;
	if (has_sequence)
		bytes_take(&rest, HEADER_2);
	if (!bytes_ok(&rest))
		return DECODE_TUNNEL_BAD;
	return link_ethernet(walk, rest.at, rest.len);
}

static enum decode_reason decode_erspan_3(struct walk *walk, struct bytes rest)
{
	enum { HEADER = 12, HAS_SUBHEADER = 1, SUBHEADER = 8 };
	walk->tunnel = TUNNEL_ERSPAN;
	struct bytes header = bytes_take(&rest, HEADER);
	if (header.bad)
		return DECODE_TUNNEL_BAD;
	if (header.at[HEADER - 1] & HAS_SUBHEADER)
		bytes_take(&rest, SUBHEADER);
	if (!bytes_ok(&rest))
		return DECODE_TUNNEL_BAD;
	return link_ethernet(walk, rest.at, rest.len);
}

enum gre_flag {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080, /* version 1 */
	GRE_VERSION = 0x0007,
};

/* RFC 2784 with the key and sequence number of RFC 2890. */
static enum decode_reason decode_gre_0(struct walk *walk, uint16_t flags, uint16_t type,
				       struct bytes rest)
{
	/* RFC 2784 2.3: source routes, of RFC 1701 alone, must be refused. */
	if (flags & GRE_ROUTING)
		return DECODE_TUNNEL_BAD;
	bytes_take(&rest, flags & GRE_CHECKSUM ? 4 : 0);
	bytes_take(&rest, flags & GRE_KEY ? 4 : 0);
	bytes_take(&rest, flags & GRE_SEQUENCE ? 4 : 0);
	if (!bytes_ok(&rest))
		return DECODE_TUNNEL_BAD;
	switch (type) {
	case ETHERTYPE_BRIDGED:
		return link_ethernet(walk, rest.at, rest.len);
	case ETHERTYPE_ERSPAN:
		return decode_erspan(walk, rest, flags & GRE_SEQUENCE);
	case ETHERTYPE_ERSPAN_3:
		return decode_erspan_3(walk, rest);
	case ETHERTYPE_PPP:
		return link_ppp(walk, rest);
	default:
		return type < 0x0600 ? DECODE_NOT_IP : link_ethertype(walk, type, rest);
	}
}

/* The enhanced GRE of PPTP (RFC 2637 4.1). */
static enum decode_reason decode_gre_1(struct walk *walk, uint16_t flags, uint16_t type,
				       struct bytes rest)
{
	if (!(flags & GRE_KEY) || type != ETHERTYPE_PPP)
		return DECODE_TUNNEL_BAD;
	uint16_t payload_len = bytes_be16(&rest);
	bytes_be16(&rest); /* call */
	bytes_take(&rest, flags & GRE_SEQUENCE ? 4 : 0);
	bytes_take(&rest, flags & GRE_ACK ? 4 : 0);
	if (!bytes_ok(&rest))
		return DECODE_TUNNEL_BAD;
	if (!(flags & GRE_SEQUENCE)) /* an acknowledgement alone */
		return DECODE_OK;
	if (!walk_trim(walk, &rest.len, payload_len))
		return DECODE_TUNNEL_BAD;
	return link_ppp(walk, rest);
}

static enum decode_reason decode_gre(struct walk *walk, struct bytes rest)
{
	uint16_t flags = bytes_be16(&rest);
	uint16_t type = bytes_be16(&rest);
	if (!bytes_ok(&rest))
		return DECODE_TUNNEL_BAD;
	enter(walk, TUNNEL_GRE);
	switch (flags & GRE_VERSION) {
	case 0:
		return decode_gre_0(walk, flags, type, rest);
	case 1:
		return decode_gre_1(walk, flags, type, rest);
	default:
		return DECODE_TUNNEL_BAD;
	}
}

static enum decode_reason decode_inner_ip(struct walk *walk, const struct packet *outer,
					  const uint8_t *at, size_t len)
{
	bool outer_is_v4 = addr_is_v4(&outer->src) && addr_is_v4(&outer->dst);
	if (outer->proto == PROTO_IP4) {
		enter(walk, outer_is_v4 ? TUNNEL_IPIP : TUNNEL_4IN6);
		return ip4_decode(walk, at, len);
	}
	enter(walk, outer_is_v4 ? TUNNEL_6IN4 : TUNNEL_IPIP);
	return ip6_decode(walk, at, len);
}

enum decode_reason tunnel_over_ip(struct walk *walk, struct packet *packet,
				  const uint8_t *at, size_t len)
{
	/* The inner packet takes the outer's place; keep it, should there be none. */
	struct packet outer = *packet;
	uint32_t count = walk->count;
	enum decode_reason reason = DECODE_TUNNEL_DEEP;
	outer.payload = bytes_of(at, len);
	outer.payload_len = (uint32_t)len + walk->missing;
	if (walk->depth < TUNNEL_DEPTH_MAX)
		reason = outer.proto == PROTO_GRE
				 ? decode_gre(walk, bytes_of(at, len))
				 : decode_inner_ip(walk, &outer, at, len);
	if (walk->count == count)
		walk->out[walk->count++] = outer;
	return reason;
}

/* RFC 7348. */
static enum decode_reason decode_vxlan(struct walk *walk, struct bytes rest)
{
	enum { HEADER = 8, HAS_NETWORK = 0x08 };
	struct bytes header = bytes_take(&rest, HEADER);
	if (header.bad || !(header.at[0] & HAS_NETWORK))
		return DECODE_TUNNEL_BAD;
	enter(walk, TUNNEL_VXLAN);
	return link_ethernet(walk, rest.at, rest.len);
}

/* RFC 8926. */
static enum decode_reason decode_geneve(struct walk *walk, struct bytes rest)
{
	uint8_t version_len = bytes_u8(&rest);
	bytes_u8(&rest); /* flags */
	uint16_t type = bytes_be16(&rest);
	bytes_be32(&rest); /* network */
	bytes_take(&rest, (version_len & ~GENEVE_VERSION) * 4u);
	if (!bytes_ok(&rest) || (version_len & GENEVE_VERSION))
		return DECODE_TUNNEL_BAD;
	enter(walk, TUNNEL_GENEVE);
	if (type == ETHERTYPE_BRIDGED)
		return link_ethernet(walk, rest.at, rest.len);
	return type < 0x0600 ? DECODE_NOT_IP : link_ethertype(walk, type, rest);
}

/* 3GPP TS 29.281 5.2: chained headers of 4-byte units; false if one is cut or empty. */
static bool skip_gtp_extensions(struct bytes *rest, uint8_t next)
{
	for (int i = 0; next != 0; i++) {
		size_t size = bytes_u8(rest) * 4u;
		if (i == GTP_EXTENSIONS_MAX || size == 0)
			return false;
		struct bytes content = bytes_take(rest, size - 1);
		if (content.bad)
			return false;
		next = content.at[size - 2];
	}
	return true;
}

/* 3GPP TS 29.281 5.1. */
static enum decode_reason decode_gtpu(struct walk *walk, struct bytes rest)
{
	enum {
		VERSION_MASK = 0xf0,
		VERSION_1 = 0x30,
		HAS_OPTIONAL = 0x07,
		HAS_NEXT = 4
	};
	enum { USER_DATA = 255 };
	uint8_t flags = bytes_u8(&rest);
	uint8_t message = bytes_u8(&rest);
	size_t len = bytes_be16(&rest);
	bytes_be32(&rest); /* endpoint */
	if (!bytes_ok(&rest) || (flags & VERSION_MASK) != VERSION_1 ||
	    !walk_trim(walk, &rest.len, len))
		return DECODE_TUNNEL_BAD;
	if (message != USER_DATA)
		return DECODE_OK;
	uint8_t next = 0;
	if (flags & HAS_OPTIONAL) {
		bytes_take(&rest, 3); /* sequence and N-PDU numbers */
		next = bytes_u8(&rest);
	}
	bool has_next = flags & HAS_NEXT;
	if (!bytes_ok(&rest) || (has_next && !skip_gtp_extensions(&rest, next)))
		return DECODE_TUNNEL_BAD;
	enter(walk, TUNNEL_GTPU);
	return ip_decode(walk, rest.at, rest.len);
}

static bool is_exactly_ip6(const struct walk *walk, const struct bytes *rest)
{
	return rest->len >= IP6_HEADER_LEN && rest->at[0] >> 4 == 6 &&
	       load_be16(rest->at + 4) + (size_t)IP6_HEADER_LEN ==
		       rest->len + walk->missing;
}

/* RFC 4380 2.6 and 4: 2001::/32, and the link-local ones of fe80::/64 it makes. */
static bool is_teredo_addr(const uint8_t *addr)
{
	static const uint8_t prefix[4] = { 0x20, 0x01, 0, 0 };
	static const uint8_t link_local[8] = { 0xfe, 0x80 };
	if (memcmp(addr, prefix, sizeof(prefix)) == 0)
		return true;
	/* Their identifier begins with the flags: cone or not, the rest zero. */
	return memcmp(addr, link_local, sizeof(link_local)) == 0 &&
	       (addr[8] & 0x7f) == 0 && addr[9] == 0;
}

/* RFC 4380 5.1.1: authentication, then origin, each optional. */
static void skip_teredo_indications(struct bytes *rest)
{
	enum { AUTHENTICATION = 1, ORIGIN = 0, ORIGIN_LEN = 8 };
	if (rest->len >= 4 && load_be16(rest->at) == AUTHENTICATION)
		bytes_take(rest, 13u + rest->at[2] + rest->at[3]);
	if (rest->len >= ORIGIN_LEN && load_be16(rest->at) == ORIGIN)
		bytes_take(rest, ORIGIN_LEN);
}

static enum decode_reason decode_teredo(struct walk *walk, struct bytes rest)
{
	enum { NEXT_HEADER_AT = 6 };
	skip_teredo_indications(&rest);
	if (!bytes_ok(&rest) || !is_exactly_ip6(walk, &rest))
		return DECODE_TUNNEL_BAD;
	/* A bubble (RFC 4380 2.8) keeps a mapping open and is nobody's packet. */
	if (rest.at[NEXT_HEADER_AT] == PROTO_NO_NEXT)
		return DECODE_OK;
	enter(walk, TUNNEL_TEREDO);
	return ip6_decode(walk, rest.at, rest.len);
}

static bool looks_like_teredo(const struct walk *walk, const struct bytes *rest)
{
	enum { SRC_AT = 8, DST_AT = 24 };
	return is_exactly_ip6(walk, rest) &&
	       (is_teredo_addr(rest->at + SRC_AT) || is_teredo_addr(rest->at + DST_AT));
}

typedef enum decode_reason (*tunnel_reader)(struct walk *walk, struct bytes rest);

/* The reader of a tunnel on this port; NULL if it is no tunnel's. */
static tunnel_reader reader_of(const struct walk *walk, const struct packet *outer)
{
	switch (outer->dport) {
	case PORT_VXLAN:
	case PORT_VXLAN_OLD:
		return decode_vxlan;
	case PORT_GENEVE:
		return decode_geneve;
	case PORT_GTPU:
		return decode_gtpu;
	default:
		break;
	}
	bool is_teredo = outer->dport == PORT_TEREDO || outer->sport == PORT_TEREDO ||
			 looks_like_teredo(walk, &outer->payload);
	return is_teredo ? decode_teredo : NULL;
}

enum decode_reason tunnel_over_udp(struct walk *walk, const struct packet *outer)
{
	walk->missing = outer->payload_len - (uint32_t)outer->payload.len;
	tunnel_reader reader = reader_of(walk, outer);
	if (!reader)
		return DECODE_OK;
	if (walk->depth >= TUNNEL_DEPTH_MAX)
		return DECODE_TUNNEL_DEEP;
	return reader(walk, outer->payload);
}
