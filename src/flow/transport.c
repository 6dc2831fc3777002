/*
 * transport.c: TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260), ICMP (RFC 792, RFC
 * 4443).
 *
 * `len` ends with the datagram, so what is missing of a header was either cut by the
 * capture or never sent; both are the same verdict.
 */
#include <arpa/inet.h>

#include "flow/checksum.h"
#include "flow/decode.h"

enum {
	TCP_HEADER_LEN = 20,
	UDP_HEADER_LEN = 8,
	SCTP_HEADER_LEN = 12,
	ICMP_HEADER_LEN = 8,
	ICMP_MIN = 4, /* type, code, checksum */
	JUMBO_MIN = 65536,
	QUOTED_EXTENSIONS_MAX = 8,
};

static inline void set_payload(const struct walk *walk, struct packet *packet,
			       const uint8_t *at, size_t len, size_t header)
{
	/* Less than the header may be captured, if its options are cut. */
	size_t captured = len > header ? len - header : 0;
	packet->payload.at = captured ? at + header : NULL;
	packet->payload.len = captured;
	packet->payload_len = (uint32_t)(len + walk->missing - header);
}

static uint64_t pseudo_sum(const struct packet *packet)
{
	/* ::ffff: before an IPv4 address adds 0xffff, which is 0 to this sum. */
	uint64_t sum = checksum_words(packet->src.ip6, 16);
	sum += checksum_words(packet->dst.ip6, 16);
	uint8_t proto[2] = { 0, packet->proto };
	return sum + load_u16(proto);
}

/*
 * True if neither right nor a value that a card replaces: 0, or the sum of the pseudo
 * header with the length or (segmentation offload) without it.
 */
static bool is_wrong(uint64_t pseudo, const uint8_t *at, size_t len, uint16_t stated)
{
	uint64_t with_len = pseudo + htonl((uint32_t)len);
	return checksum_fold(with_len + checksum_sum(at, len)) != 0xffff &&
	       stated != checksum_fold(pseudo) && stated != checksum_fold(with_len);
}

/*
 * A wrong checksum is one that no host reads, and a way to tell us other than it. Where
 * most are wrong, something else made them so: replaced addresses, a card's own work.
 */
static uint8_t wrong_flags(struct decoder *decoder)
{
	decoder->misjudged++;
	return decoder->misjudged * 2 > decoder->judged
		       ? PACKET_BAD_CSUM
		       : PACKET_BAD_CSUM | PACKET_UNHEARD;
}

void transport_judge(const struct walk *walk, struct packet *packet, const uint8_t *at,
		     size_t len, size_t field)
{
	enum { NOT_JUDGED = PACKET_FRAGMENT | PACKET_TRUNCATED };
	if (!walk->decoder->verify_checksums || !walk->may_judge ||
	    (packet->flags & NOT_JUDGED) || (walk->frame->flags & FRAME_CSUM_PARTIAL))
		return;
	uint16_t stated = load_u16(at + field);
	if (stated == 0)
		return;
	/* RFC 792: the one checksum without a pseudo header. */
	uint64_t pseudo = packet->proto == PROTO_ICMP ? 0 : pseudo_sum(packet);
	bool wrong = packet->proto == PROTO_ICMP
			     ? checksum_fold(checksum_sum(at, len)) != 0xffff
			     : is_wrong(pseudo, at, len, stated);
	walk->decoder->judged++;
	if (wrong)
		packet->flags |= wrong_flags(walk->decoder);
}

/* RFC 7413 4.1.1, and its experimental form (RFC 6994) of the same. */
static bool has_fast_open(struct bytes options)
{
	enum { END = 0, NOP = 1, FAST_OPEN = 34, EXPERIMENT = 254, MAGIC = 0xf989 };
	while (options.len > 0) {
		uint8_t kind = bytes_u8(&options);
		if (kind == END)
			return false;
		if (kind == NOP)
			continue;
		uint8_t len = bytes_u8(&options);
		struct bytes value =
			bytes_take(&options, len < 2 ? SIZE_MAX : len - 2u);
		if (!bytes_ok(&options))
			return false;
		if (kind == FAST_OPEN || (kind == EXPERIMENT && value.len >= 2 &&
					  load_be16(value.at) == MAGIC))
			return true;
	}
	return false;
}

static enum decode_reason read_tcp(struct walk *walk, struct packet *packet,
				   const uint8_t *at, size_t len)
{
	if (len < TCP_HEADER_LEN)
		return DECODE_TCP_SHORT;
	size_t header = (at[12] >> 4) * 4u;
	if (header < TCP_HEADER_LEN || header > len + walk->missing)
		return DECODE_TCP_HEADER;
	packet->sport = load_be16(at);
	packet->dport = load_be16(at + 2);
	packet->seq = load_be32(at + 4);
	packet->ack = load_be32(at + 8);
	packet->tcp_flags = at[13];
	packet->window = load_be16(at + 14);
	bool syn_data = (packet->tcp_flags & 2) != 0 && len > header;
	if (syn_data &&
	    has_fast_open(bytes_of(at + TCP_HEADER_LEN, header - TCP_HEADER_LEN)))
		packet->flags |= PACKET_FAST_OPEN;
	set_payload(walk, packet, at, len, header);
	transport_judge(walk, packet, at, len, 16);
	return DECODE_OK;
}

/* The length a UDP header states, cut to; a fragment has only a part of it. */
static bool trim_udp(struct walk *walk, const struct packet *packet, size_t *len,
		     size_t stated)
{
	if (packet->flags & PACKET_FRAGMENT)
		return stated >= UDP_HEADER_LEN;
	/* RFC 2675 4: 0 in a jumbogram; a segment for the card to cut is the same. */
	if (stated == 0 && *len + walk->missing >= JUMBO_MIN)
		return true;
	return stated >= UDP_HEADER_LEN && walk_trim(walk, len, stated);
}

static enum decode_reason read_udp(struct walk *walk, struct packet *packet,
				   const uint8_t *at, size_t len)
{
	if (len < UDP_HEADER_LEN)
		return DECODE_UDP_SHORT;
	if (!trim_udp(walk, packet, &len, load_be16(at + 4)))
		return DECODE_UDP_HEADER;
	packet->sport = load_be16(at);
	packet->dport = load_be16(at + 2);
	set_payload(walk, packet, at, len, UDP_HEADER_LEN);
	transport_judge(walk, packet, at, len, 6);
	return DECODE_OK;
}

static enum decode_reason read_sctp(struct walk *walk, struct packet *packet,
				    const uint8_t *at, size_t len)
{
	if (len < SCTP_HEADER_LEN)
		return DECODE_SCTP_SHORT;
	packet->sport = load_be16(at);
	packet->dport = load_be16(at + 2);
	set_payload(walk, packet, at, len, SCTP_HEADER_LEN);
	return DECODE_OK;
}

static bool has_icmp_id(const struct packet *packet)
{
	if (packet->proto == PROTO_ICMP6)
		return packet->sport == 128 || packet->sport == 129;
	/* echo, timestamp, information, address mask and their answers */
	return packet->sport == 0 || packet->sport == 8 ||
	       (packet->sport >= 13 && packet->sport <= 18);
}

/* Unreachable, quench, redirect, exceeded, parameter; too big of ICMPv6. */
static bool is_icmp_error(const struct packet *packet)
{
	uint16_t type = packet->sport;
	if (packet->proto == PROTO_ICMP6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* What every quoted transport header begins with: ports, or type and code. */
static bool read_quoted_ports(struct packet *packet, struct bytes quoted)
{
	switch (packet->quoted_proto) {
	case PROTO_TCP:
	case PROTO_UDP:
	case PROTO_SCTP:
		packet->quoted_sport = bytes_be16(&quoted);
		packet->quoted_dport = bytes_be16(&quoted);
		break;
	case PROTO_ICMP:
	case PROTO_ICMP6:
		packet->quoted_sport = bytes_u8(&quoted);
		packet->quoted_dport = bytes_u8(&quoted);
		break;
	default:
		break;
	}
	return bytes_ok(&quoted);
}

/* The quoted header's lengths are not judged: routers quote what they like. */
static bool read_quoted_ip4(struct packet *packet, struct bytes quoted)
{
	enum { FIXED = 20 };
	if (quoted.len < FIXED || quoted.at[0] >> 4 != 4)
		return false;
	const uint8_t *at = quoted.at;
	size_t header = (at[0] & 15) * 4u;
	if (header < FIXED || (load_be16(at + 6) & 0x1fff))
		return false;
	packet->quoted_proto = at[9];
	packet->quoted_src = addr_v4(at + 12);
	packet->quoted_dst = addr_v4(at + 16);
	bytes_take(&quoted, header);
	return read_quoted_ports(packet, quoted);
}

static bool read_quoted_ip6(struct packet *packet, struct bytes quoted)
{
	enum { FIXED = 40, FRAGMENT_HEADER = 8 };
	struct bytes header = bytes_take(&quoted, FIXED);
	if (header.bad || header.at[0] >> 4 != 6)
		return false;
	uint8_t next = header.at[6];
	packet->quoted_src = addr_v6(header.at + 8);
	packet->quoted_dst = addr_v6(header.at + 24);
	for (int i = 0; i < QUOTED_EXTENSIONS_MAX; i++) {
		if (next == PROTO_FRAGMENT) {
			struct bytes place = bytes_take(&quoted, FRAGMENT_HEADER);
			if (place.bad || (load_be16(place.at + 2) & 0xfff8))
				return false;
			next = place.at[0];
		} else if (!ip6_skip_extension(&next, &quoted)) {
			break;
		}
	}
	packet->quoted_proto = next;
	return read_quoted_ports(packet, quoted);
}

static enum decode_reason read_icmp(struct walk *walk, struct packet *packet,
				    const uint8_t *at, size_t len)
{
	if (len < ICMP_MIN)
		return DECODE_ICMP_SHORT;
	packet->sport = at[0];
	packet->dport = at[1];
	if (len + walk->missing >= ICMP_HEADER_LEN)
		set_payload(walk, packet, at, len, ICMP_HEADER_LEN);
	if (len >= ICMP_HEADER_LEN && has_icmp_id(packet))
		packet->icmp_id = load_be16(at + 4);
	transport_judge(walk, packet, at, len, 2);
	if (!is_icmp_error(packet))
		return DECODE_OK;
	bool is_quoted = packet->proto == PROTO_ICMP
				 ? read_quoted_ip4(packet, packet->payload)
				 : read_quoted_ip6(packet, packet->payload);
	if (is_quoted)
		packet->flags |= PACKET_QUOTES;
	return DECODE_OK;
}

enum decode_reason transport_header(struct walk *walk, struct packet *packet,
				    const uint8_t *at, size_t len)
{
	switch (packet->proto) {
	case PROTO_TCP:
		return read_tcp(walk, packet, at, len);
	case PROTO_UDP:
		return read_udp(walk, packet, at, len);
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return read_icmp(walk, packet, at, len);
	case PROTO_SCTP:
		return read_sctp(walk, packet, at, len);
	default:
		set_payload(walk, packet, at, len, 0);
		return DECODE_OK;
	}
}

enum decode_reason transport_decode(struct walk *walk, struct packet *packet,
				    const uint8_t *at, size_t len)
{
	if (tunnel_is_over_ip(packet->proto))
		return tunnel_over_ip(walk, packet, at, len);
	enum decode_reason reason = transport_header(walk, packet, at, len);
	if (reason != DECODE_OK)
		return reason;
	walk->count++;
	if (packet->proto == PROTO_UDP && udp_may_be_tunnel(packet))
		return tunnel_over_udp(walk, packet);
	return DECODE_OK;
}
