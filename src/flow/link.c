/*
 * link.c: from the link layer to IP.
 *
 * Plain Ethernet goes the short way (link_ethernet to IP by two compares); tags,
 * labels and the rarer link types read through a sticky cursor.
 */
#include "flow/decode.h"

enum {
	ETHERNET_HEADER = 14,
	ETHERTYPE_AT = 12,
	ETHERTYPE_MIN = 0x0600, /* below: an IEEE 802.3 length */
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_VLAN_SERVICE = 0x88a8,
	ETHERTYPE_VLAN_OLD = 0x9100, /* QinQ before 802.1ad */
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_MULTICAST = 0x8848,
	ETHERTYPE_PPPOE_SESSION = 0x8864,
	VLAN_TAGS_MAX = 4,
	MPLS_LABELS_MAX = 8,
	PPP_IP4 = 0x0021,
	PPP_IP6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MPLS_MULTICAST = 0x0283,
	SLL_8022 = 0x0004,  /* an LLC header follows instead of an EtherType */
	ARPHRD_IPGRE = 778, /* the protocol field is GRE's: an EtherType, too */
	ARPHRD_NETLINK = 824,
	NFLOG_TLVS_MAX = 64,
	NFLOG_PAYLOAD = 9,
};

static bool is_vlan(uint16_t type)
{
	return type == ETHERTYPE_VLAN || type == ETHERTYPE_VLAN_SERVICE ||
	       type == ETHERTYPE_VLAN_OLD;
}

/* The outermost and the innermost identifier stay; 0 is a priority tag, no VLAN. */
static void note_vlan(struct walk *walk, uint16_t tag)
{
	uint16_t identifier = tag & 0x0fff;
	if (identifier == 0)
		return;
	if (walk->tags++ == 0) {
		walk->vlan = identifier;
		walk->vlan_inner = 0;
	} else {
		walk->vlan_inner = identifier;
	}
}

/* IEEE 802.2, and SNAP (RFC 1042) behind it. */
enum decode_reason link_llc(struct walk *walk, struct bytes rest)
{
	uint8_t dsap = bytes_u8(&rest);
	uint8_t ssap = bytes_u8(&rest);
	uint8_t control = bytes_u8(&rest);
	if (!bytes_ok(&rest))
		return DECODE_LINK_SHORT;
	if (dsap == 0x06 && ssap == 0x06 && control == 0x03)
		return ip4_decode(walk, rest.at, rest.len);
	if (dsap != 0xaa || ssap != 0xaa || control != 0x03)
		return DECODE_NOT_IP;
	struct bytes organisation = bytes_take(&rest, 3);
	uint16_t type = bytes_be16(&rest);
	if (!bytes_ok(&rest))
		return DECODE_LINK_SHORT;
	/* RFC 1042, and the bridge-tunnel encapsulation of 802.1H */
	bool is_ethertype = memcmp(organisation.at, "\0\0\0", 3) == 0 ||
			    memcmp(organisation.at, "\0\0\xf8", 3) == 0;
	if (!is_ethertype || type < ETHERTYPE_MIN)
		return DECODE_NOT_IP;
	return link_ethertype(walk, type, rest);
}

/* True if an IP header with a length that fits starts here. */
static bool looks_like_ip(const struct walk *walk, const struct bytes *b)
{
	size_t on_wire = b->len + walk->missing;
	if (b->len >= 20 && b->at[0] >> 4 == 4)
		return (b->at[0] & 15) >= 5 && load_be16(b->at + 2) <= on_wire;
	if (b->len >= 40 && b->at[0] >> 4 == 6)
		return load_be16(b->at + 4) + 40u <= on_wire;
	return false;
}

static bool holds_known_type(const struct bytes *b, size_t at)
{
	if (b->len < at + 2)
		return false;
	uint16_t type = load_be16(b->at + at);
	return type == ETHERTYPE_IP4 || type == ETHERTYPE_IP6 || type == 0x0806 ||
	       is_vlan(type) || type == ETHERTYPE_MPLS;
}

/* Ethernet over MPLS (RFC 4448), which is another way back to the top. */
static enum decode_reason decode_pseudowire(struct walk *walk, struct bytes rest)
{
	if (walk->depth++ >= TUNNEL_DEPTH_MAX)
		return DECODE_TUNNEL_DEEP;
	walk->tags = 0;
	return link_ethernet(walk, rest.at, rest.len);
}

/*
 * Labels do not say what they carry.  As routers do (RFC 4928), the first nibble
 * decides: 4 and 6 are IP, 0 a control word (RFC 4385), 1 an associated channel.  As
 * a MAC address may begin with each of them, a known EtherType in the right place
 * goes before.
 */
static enum decode_reason decode_mpls_payload(struct walk *walk, struct bytes rest)
{
	enum { CONTROL_WORD = 4 };
	if (rest.len == 0)
		return walk->missing ? DECODE_LINK_SHORT : DECODE_NOT_IP;
	uint8_t nibble = rest.at[0] >> 4;
	if (looks_like_ip(walk, &rest))
		return ip_decode(walk, rest.at, rest.len);
	if (nibble == 0 && holds_known_type(&rest, CONTROL_WORD + ETHERTYPE_AT)) {
		bytes_take(&rest, CONTROL_WORD);
		return decode_pseudowire(walk, rest);
	}
	if (holds_known_type(&rest, ETHERTYPE_AT))
		return decode_pseudowire(walk, rest);
	if (nibble == 4 || nibble == 6)
		return ip_decode(walk, rest.at, rest.len);
	return DECODE_NOT_IP;
}

static enum decode_reason decode_mpls(struct walk *walk, struct bytes rest)
{
	for (int i = 0; i < MPLS_LABELS_MAX; i++) {
		uint32_t label = bytes_be32(&rest);
		if (!bytes_ok(&rest))
			return DECODE_LINK_SHORT;
		if (label & 0x100) /* bottom of stack */
			return decode_mpls_payload(walk, rest);
	}
	return DECODE_VLAN_DEEP;
}

/* RFC 2516; only session data comes here. */
static enum decode_reason decode_pppoe(struct walk *walk, struct bytes rest)
{
	uint8_t version_type = bytes_u8(&rest);
	uint8_t code = bytes_u8(&rest);
	bytes_be16(&rest); /* session */
	uint16_t len = bytes_be16(&rest);
	if (!bytes_ok(&rest) || !walk_trim(walk, &rest.len, len))
		return DECODE_LINK_SHORT;
	if (version_type != 0x11 || code != 0)
		return DECODE_NOT_IP;
	return link_ppp(walk, rest);
}

/* RFC 1661, with the framing of RFC 1662 if it is there, fields compressed or not. */
enum decode_reason link_ppp(struct walk *walk, struct bytes rest)
{
	if (rest.len >= 2 && rest.at[0] == 0xff && rest.at[1] == 0x03)
		bytes_take(&rest, 2);
	uint16_t protocol = bytes_u8(&rest);
	if (!(protocol & 1)) /* RFC 1661 2: the last byte of the field is odd */
		protocol = (uint16_t)(protocol << 8 | bytes_u8(&rest));
	if (!bytes_ok(&rest))
		return DECODE_LINK_SHORT;
	switch (protocol) {
	case PPP_IP4:
		return ip4_decode(walk, rest.at, rest.len);
	case PPP_IP6:
		return ip6_decode(walk, rest.at, rest.len);
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return decode_mpls(walk, rest);
	default:
		return DECODE_NOT_IP;
	}
}

/* PPP in HDLC framing, or Cisco HDLC, told apart by the address byte. */
static enum decode_reason decode_hdlc(struct walk *walk, struct bytes rest)
{
	bool is_cisco = rest.len >= 1 && (rest.at[0] == 0x0f || rest.at[0] == 0x8f);
	if (!is_cisco)
		return link_ppp(walk, rest);
	bytes_take(&rest, 2);
	uint16_t type = bytes_be16(&rest);
	if (!bytes_ok(&rest))
		return DECODE_LINK_SHORT;
	return link_ethertype(walk, type, rest);
}

/* Takes the tags off; *type is then what they wrap. */
static enum decode_reason skip_vlans(struct walk *walk, uint16_t *type,
				     struct bytes *rest)
{
	for (int i = 0; is_vlan(*type); i++) {
		if (i == VLAN_TAGS_MAX)
			return DECODE_VLAN_DEEP;
		uint16_t tag = bytes_be16(rest);
		*type = bytes_be16(rest);
		if (!bytes_ok(rest))
			return DECODE_LINK_SHORT;
		note_vlan(walk, tag);
	}
	return DECODE_OK;
}

enum decode_reason link_ethertype(struct walk *walk, uint16_t type, struct bytes rest)
{
	enum decode_reason reason = skip_vlans(walk, &type, &rest);
	if (reason != DECODE_OK)
		return reason;
	switch (type) {
	case ETHERTYPE_IP4:
		return ip4_decode(walk, rest.at, rest.len);
	case ETHERTYPE_IP6:
		return ip6_decode(walk, rest.at, rest.len);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_MULTICAST:
		return decode_mpls(walk, rest);
	case ETHERTYPE_PPPOE_SESSION:
		return decode_pppoe(walk, rest);
	default:
		break;
	}
	if (type >= ETHERTYPE_MIN)
		return DECODE_NOT_IP;
	if (!walk_trim(walk, &rest.len, type))
		return DECODE_LINK_SHORT;
	return link_llc(walk, rest);
}

enum decode_reason link_ethernet(struct walk *walk, const uint8_t *at, size_t len)
{
	if (len < ETHERNET_HEADER)
		return DECODE_LINK_SHORT;
	walk->to_all = at[0] & 1; /* IEEE 802.3: a group address */
	uint16_t type = load_be16(at + ETHERTYPE_AT);
	at += ETHERNET_HEADER;
	len -= ETHERNET_HEADER;
	if (type == ETHERTYPE_IP4)
		return ip4_decode(walk, at, len);
	if (type == ETHERTYPE_IP6)
		return ip6_decode(walk, at, len);
	return link_ethertype(walk, type, bytes_of(at, len));
}

/* The family's byte order is the writer's, so both are tried: values are small. */
static enum decode_reason decode_null(struct walk *walk, struct bytes rest)
{
	uint32_t family = bytes_be32(&rest);
	if (!bytes_ok(&rest))
		return DECODE_LINK_SHORT;
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2: /* AF_INET everywhere */
		return ip4_decode(walk, rest.at, rest.len);
	case 10: /* AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS */
	case 24:
	case 28:
	case 30:
		return ip6_decode(walk, rest.at, rest.len);
	default:
		return DECODE_NOT_IP;
	}
}

/* What both Linux cooked headers come to. */
static enum decode_reason decode_cooked(struct walk *walk, uint16_t hardware,
					uint16_t protocol, struct bytes rest)
{
	if (!bytes_ok(&rest))
		return DECODE_LINK_SHORT;
	if (hardware == ARPHRD_NETLINK)
		return DECODE_NOT_IP;
	if (hardware == ARPHRD_IPGRE && protocol == ETHERTYPE_BRIDGED)
		return link_ethernet(walk, rest.at, rest.len);
	if (protocol == SLL_8022)
		return link_llc(walk, rest);
	if (protocol < ETHERTYPE_MIN)
		return DECODE_NOT_IP;
	return link_ethertype(walk, protocol, rest);
}

static enum decode_reason decode_sll(struct walk *walk, struct bytes rest)
{
	bytes_be16(&rest); /* to us, from us, ... */
	uint16_t hardware = bytes_be16(&rest);
	bytes_take(&rest, 10); /* address and its length */
	uint16_t protocol = bytes_be16(&rest);
	return decode_cooked(walk, hardware, protocol, rest);
}

static enum decode_reason decode_sll2(struct walk *walk, struct bytes rest)
{
	uint16_t protocol = bytes_be16(&rest);
	bytes_take(&rest, 6); /* reserved, interface index */
	uint16_t hardware = bytes_be16(&rest);
	bytes_take(&rest, 10); /* packet type, address and its length */
	return decode_cooked(walk, hardware, protocol, rest);
}

/* In the byte order of the machine that wrote the file. */
static uint16_t writers_u16(const struct walk *walk, struct bytes *rest)
{
	struct bytes two = bytes_take(rest, 2);
	uint16_t value = 0;
	if (two.bad)
		return 0;
	memcpy(&value, two.at, sizeof(value));
	return walk->frame->flags & FRAME_SWAPPED ? __builtin_bswap16(value) : value;
}

static enum decode_reason decode_nflog(struct walk *walk, struct bytes rest)
{
	enum { TLV_HEADER = 4, FAMILY_IP4 = 2, FAMILY_IP6 = 10 };
	uint8_t family = bytes_u8(&rest);
	uint8_t version = bytes_u8(&rest);
	bytes_be16(&rest); /* resource */
	for (int i = 0; i < NFLOG_TLVS_MAX; i++) {
		uint16_t size = writers_u16(walk, &rest);
		uint16_t type = writers_u16(walk, &rest) & 0x7fff;
		if (!bytes_ok(&rest) || size < TLV_HEADER)
			return DECODE_LINK_SHORT;
		if (version != 0 || (family != FAMILY_IP4 && family != FAMILY_IP6))
			return DECODE_NOT_IP;
		size_t len = size - TLV_HEADER;
		if (type == NFLOG_PAYLOAD) {
			if (!walk_trim(walk, &rest.len, len))
				return DECODE_LINK_SHORT;
			return ip_decode(walk, rest.at, rest.len);
		}
		bytes_take(&rest, (len + 3) & ~(size_t)3);
	}
	return DECODE_VLAN_DEEP;
}

enum decode_reason link_decode(struct walk *walk, const uint8_t *at, size_t len)
{
	struct bytes rest = bytes_of(at, len);
	switch (walk->frame->link) {
	case LINK_ETHERNET:
		return link_ethernet(walk, at, len);
	case LINK_NULL:
	case LINK_LOOP:
		return decode_null(walk, rest);
	case LINK_PPP:
		return link_ppp(walk, rest);
	case LINK_PPP_HDLC:
		return decode_hdlc(walk, rest);
	case LINK_RAW:
	case LINK_RAW_BSD:
	case LINK_RAW_OPENBSD:
		return ip_decode(walk, at, len);
	case LINK_IPV4:
		return ip4_decode(walk, at, len);
	case LINK_IPV6:
		return ip6_decode(walk, at, len);
	case LINK_SLL:
		return decode_sll(walk, rest);
	case LINK_SLL2:
		return decode_sll2(walk, rest);
	case LINK_NFLOG:
		return decode_nflog(walk, rest);
	case LINK_80211:
		return wireless_decode(walk, rest);
	case LINK_RADIOTAP:
		return wireless_radiotap(walk, rest);
	default:
		return DECODE_LINK_UNKNOWN;
	}
}
