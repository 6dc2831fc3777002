/*
 * plain.c: the frame that most are, without the walk: Ethernet, IPv4 without options or
 * fragments, TCP.
 *
 * Whatever is odd about a frame is left to the walk, which gives it a verdict; what is
 * taken here comes out as the walk would have given it.
 */
#include "flow/checksum.h"
#include "flow/decode.h"

enum {
	ETHERNET_LEN = 14,
	IP4_LEN = 20,
	TCP_LEN = 20,
	PLAIN_LEN = ETHERNET_LEN + IP4_LEN + TCP_LEN,
	TCP_CHECKSUM_AT = 16,
};

static bool is_plain(const struct frame *frame)
{
	const uint8_t *ip = frame->at + ETHERNET_LEN;
	return frame->link == LINK_ETHERNET && frame->len >= PLAIN_LEN &&
	       !(frame->flags & FRAME_VLAN) &&
	       load_be16(frame->at + 12) == ETHERTYPE_IP4 && ip[0] == 0x45 &&
	       ip[9] == PROTO_TCP && !(load_be16(ip + 6) & 0x3fff) &&
	       checksum_fold(checksum_words(ip, IP4_LEN)) == 0xffff;
}

bool decode_plain(struct decoder *decoder, const struct frame *frame,
		  struct packet *out)
{
	if (!is_plain(frame))
		return false;
	const uint8_t *ip = frame->at + ETHERNET_LEN, *tcp = ip + IP4_LEN;
	size_t captured = frame->len - ETHERNET_LEN, total = load_be16(ip + 2);
	size_t wire = frame->wire_len > frame->len ? frame->wire_len : frame->len;
	size_t header = (tcp[12] >> 4) * 4u;
	if (header < TCP_LEN || total < IP4_LEN + header || total > wire - ETHERNET_LEN)
		return false;
	if (captured > total)
		captured = total;
	size_t headers = IP4_LEN + header;
	size_t payload = captured > headers ? captured - headers : 0;
	if (payload > 0 && (tcp[13] & TCP_SYN))
		return false; /* whether it may have some, an option says */
	/* Field by field: clearing all of it first costs as much as the rest. */
	out->at_us = frame->at_us;
	out->src = addr_v4(ip + 12);
	out->dst = addr_v4(ip + 16);
	out->sport = load_be16(tcp);
	out->dport = load_be16(tcp + 2);
	out->proto = PROTO_TCP;
	out->tcp_flags = tcp[13];
	out->tunnel = TUNNEL_NONE;
	out->flags = captured < total ? PACKET_TRUNCATED : 0;
	out->vlan = out->vlan_inner = 0;
	out->iface = frame->iface;
	out->window = load_be16(tcp + 14);
	out->seq = load_be32(tcp + 4);
	out->ack = load_be32(tcp + 8);
	out->ip_len = (uint32_t)total;
	out->payload_len = (uint32_t)(total - headers);
	out->payload = bytes_of(payload > 0 ? tcp + header : NULL, payload);
	out->icmp_id = 0;
	out->quoted_proto = 0;
	out->quoted_sport = out->quoted_dport = 0;
	if (captured == total) {
		const struct walk walk = { .decoder = decoder,
					   .frame = frame,
					   .may_judge = true };
		transport_judge(&walk, out, tcp, total - IP4_LEN, TCP_CHECKSUM_AT);
	}
	return true;
}
