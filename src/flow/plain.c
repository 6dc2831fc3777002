/*
 * plain.c: the frames that most are, without the walk: Ethernet, IPv4 without options
 * or fragments or IPv6 without extensions, TCP or UDP.
 *
 * Whatever is odd about a frame is left to the walk, which gives it a verdict; what is
 * taken here comes out as the walk would have given it.
 */
#include "flow/checksum.h"
#include "flow/decode.h"

enum {
	ETHERNET_LEN = 14,
	IP4_LEN = 20,
	IP6_LEN = 40,
	TCP_LEN = 20,
	UDP_LEN = 8,
	TCP_CHECKSUM_AT = 16,
	UDP_CHECKSUM_AT = 6,
};

/* The datagram of a frame. */
struct datagram {
	const uint8_t *at;
	size_t header;   /* of IP */
	size_t total;    /* as IP says */
	size_t captured; /* of it */
	uint8_t proto;
};

static inline bool is_ip4(const struct frame *frame, struct datagram *d)
{
	const uint8_t *ip = frame->at + ETHERNET_LEN;
	d->at = ip;
	d->header = IP4_LEN;
	if (frame->len < ETHERNET_LEN + IP4_LEN || ip[0] != 0x45 ||
	    (load_be16(ip + 6) & 0x3fff) ||
	    checksum_fold(checksum_words(ip, IP4_LEN)) != 0xffff)
		return false;
	d->total = load_be16(ip + 2);
	d->proto = ip[9];
	return true;
}

static inline bool is_ip6(const struct frame *frame, struct datagram *d)
{
	const uint8_t *ip = frame->at + ETHERNET_LEN;
	d->at = ip;
	d->header = IP6_LEN;
	if (frame->len < ETHERNET_LEN + IP6_LEN || ip[0] >> 4 != 6)
		return false;
	/* 0 stands for something else: less than a header, so it is left. */
	d->total = IP6_LEN + (size_t)load_be16(ip + 4);
	d->proto = ip[6];
	return true;
}

static inline bool find_datagram(const struct frame *frame, struct datagram *d)
{
	if (frame->link != LINK_ETHERNET || (frame->flags & FRAME_VLAN) ||
	    frame->len < ETHERNET_LEN)
		return false;
	uint16_t type = load_be16(frame->at + 12);
	if (!(type == ETHERTYPE_IP4   ? is_ip4(frame, d)
	      : type == ETHERTYPE_IP6 ? is_ip6(frame, d)
				      : false))
		return false;
	size_t wire = frame->wire_len > frame->len ? frame->wire_len : frame->len;
	d->captured = frame->len - ETHERNET_LEN;
	if (d->captured > d->total)
		d->captured = d->total;
	return d->total <= wire - ETHERNET_LEN;
}

/* Field by field: clearing all of it first costs as much as the rest. */
static inline void fill(const struct frame *frame, const struct datagram *d,
			size_t header, struct packet *out)
{
	const uint8_t *at = d->at, *transport = at + d->header;
	size_t headers = d->header + header;
	size_t payload = d->captured > headers ? d->captured - headers : 0;
	out->at_us = frame->at_us;
	out->src = d->header == IP4_LEN ? addr_v4(at + 12) : addr_v6(at + 8);
	out->dst = d->header == IP4_LEN ? addr_v4(at + 16) : addr_v6(at + 24);
	out->sport = load_be16(transport);
	out->dport = load_be16(transport + 2);
	out->proto = d->proto;
	out->ttl = d->header == IP4_LEN ? at[8] : at[7];
	out->ip_id = d->header == IP4_LEN ? load_be16(at + 4) : 0;
	out->tunnel = TUNNEL_NONE;
	out->flags = (uint16_t)((d->captured < d->total ? PACKET_TRUNCATED : 0) |
				(frame->at[0] & 1 ? PACKET_TO_ALL : 0));
	out->vlan = out->vlan_inner = 0;
	out->iface = frame->iface;
	out->ip_len = (uint32_t)d->total;
	out->payload_len = (uint32_t)(d->total - headers);
	out->payload = bytes_of(payload > 0 ? transport + header : NULL, payload);
	out->ip = at;
	out->ip_captured = (uint32_t)d->captured;
	out->icmp_id = 0;
	out->quoted_proto = 0;
	out->quoted_sport = out->quoted_dport = 0;
}

static inline bool take_tcp(const struct frame *frame, const struct datagram *d,
			    struct packet *out)
{
	if (d->captured < d->header + TCP_LEN)
		return false;
	const uint8_t *tcp = d->at + d->header;
	size_t header = (tcp[12] >> 4) * 4u;
	if (header < TCP_LEN || d->total < d->header + header)
		return false;
	/* Whether a SYN may have data, an option says. */
	if ((tcp[13] & TCP_SYN) && d->captured > d->header + header)
		return false;
	fill(frame, d, header, out);
	out->tcp_flags = tcp[13];
	out->window = load_be16(tcp + 14);
	out->seq = load_be32(tcp + 4);
	out->ack = load_be32(tcp + 8);
	return true;
}

static inline bool take_udp(const struct frame *frame, const struct datagram *d,
			    struct packet *out)
{
	const uint8_t *udp = d->at + d->header;
	if (d->captured < d->header + UDP_LEN ||
	    load_be16(udp + 4) != d->total - d->header)
		return false;
	fill(frame, d, UDP_LEN, out);
	out->tcp_flags = 0;
	out->window = 0;
	out->seq = out->ack = 0;
	return !udp_may_be_tunnel(out);
}

bool decode_plain(struct decoder *decoder, const struct frame *frame,
		  struct packet *out)
{
	struct datagram d;
	if (!find_datagram(frame, &d))
		return false;
	bool is_tcp = d.proto == PROTO_TCP;
	if (!(is_tcp                 ? take_tcp(frame, &d, out)
	      : d.proto == PROTO_UDP ? take_udp(frame, &d, out)
				     : false))
		return false;
	if (d.captured == d.total) {
		const struct walk walk = { .decoder = decoder,
					   .frame = frame,
					   .may_judge = true };
		transport_judge(&walk, out, d.at + d.header, d.total - d.header,
				is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
	}
	return true;
}
