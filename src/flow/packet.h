/*
 * packet.h: one decoded packet; lives for one call, payload borrowed.
 *
 * A frame gives several packets when a tunnel's outer packet is a conversation of
 * its own (VXLAN, Geneve, GTP-U, Teredo over UDP): outer first, then inner.
 * Tunnels directly over IP (IP-in-IP, 6in4, 4in6, GRE, ERSPAN) give the inner only, or
 * the outer without ports if what it carries can't be decoded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/frame.h"

enum tunnel {
	TUNNEL_NONE,
	TUNNEL_IPIP,
	TUNNEL_6IN4,
	TUNNEL_4IN6,
	TUNNEL_GRE,
	TUNNEL_ERSPAN,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE,
	TUNNEL_GTPU,
	TUNNEL_TEREDO,
	TUNNELS
};
/* "ipip", "6in4", ...; NULL for TUNNEL_NONE. */
const char *tunnel_name(enum tunnel tunnel);

enum packet_flag {
	PACKET_FRAGMENT = 1,       /* part of a fragmented datagram */
	PACKET_LATER_FRAGMENT = 2, /* not its first: no header, ports from the table */
	PACKET_QUOTES = 4,         /* ICMP error: quoted_* name the flow it is about */
	PACKET_BAD_CSUM = 8,   /* transport checksum wrong, and not left to a card */
	PACKET_TRUNCATED = 16, /* captured shorter than it was on the wire */
	PACKET_NO_PORTS = 32,  /* later fragment whose first one was not seen */
	PACKET_FAST_OPEN = 64, /* TCP SYN with a Fast Open option (RFC 7413) */
	PACKET_UNHEARD = 128,  /* BAD_CSUM where most are right: no host reads it */
	PACKET_TO_ALL = 256, /* the link brings it to everybody: broadcast, multicast */
};

enum tcp_flag {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
	TCP_URG = 32,
	TCP_ECE = 64,
	TCP_CWR = 128,
	TCP_CONTROL = 63, /* all but the two about congestion (RFC 3168) */
};

struct packet {
	int64_t at_us;
	struct addr src, dst;
	uint16_t sport, dport; /* ICMP: type, code */
	uint8_t proto;         /* IPPROTO_ after extension headers */
	uint8_t tcp_flags;
	uint8_t tunnel;            /* enum tunnel, the innermost */
	uint16_t flags;            /* enum packet_flag */
	uint16_t vlan, vlan_inner; /* 0: none */
	uint16_t iface;
	uint8_t ttl;          /* or hop limit */
	uint16_t ip_id;       /* IPv4 identification */
	uint16_t window;      /* TCP, as sent */
	uint32_t seq, ack;    /* TCP */
	uint32_t ip_len;      /* IP datagram with its header */
	uint32_t payload_len; /* above TCP, UDP, ICMP's 8 bytes ...: on the wire */
	struct bytes payload; /* what was captured of it */
	const uint8_t *ip;    /* its IP header, borrowed; NULL: not at hand */
	uint32_t ip_captured; /* from there on */
	uint16_t icmp_id;     /* echo identifier */
	uint8_t quoted_proto;
	uint16_t quoted_sport, quoted_dport;
	struct addr quoted_src, quoted_dst; /* quoted_*: set if PACKET_QUOTES */
};

enum { PACKETS_PER_FRAME = 5 }; /* tunnels nest at most 4 deep */

/* Why a frame, or what a tunnel carries, could not be decoded. */
#define DECODE_REASONS(X)                                                              \
	X(OK, "ok", "Decoded.")                                                        \
	X(NOT_IP, "not_ip", "A protocol that is not IP, such as ARP, LLDP or STP.")    \
	X(LINK_UNKNOWN, "link_unknown", "A link type that is not supported.")          \
	X(LINK_SHORT, "link_short", "Frame shorter than its link-layer headers.")      \
	X(VLAN_DEEP, "vlan_deep", "More tags or labels than are looked through.")      \
	X(IP4_SHORT, "ip4_short", "IPv4 header cut off.")                              \
	X(IP4_HEADER, "ip4_header",                                                    \
	  "IPv4 version, header length or total length is wrong.")                     \
	X(IP4_CSUM, "ip4_csum", "IPv4 header checksum is wrong; the packet counts.")   \
	X(IP6_SHORT, "ip6_short", "IPv6 header cut off.")                              \
	X(IP6_HEADER, "ip6_header", "IPv6 version or payload length is wrong.")        \
	X(IP6_EXT, "ip6_ext", "IPv6 extension header cut off, misplaced or too many.") \
	X(FRAG_OVERLAP, "frag_overlap",                                                \
	  "Fragments overlap; IPv6 drops them (RFC 5722), IPv4 keeps the first.")      \
	X(FRAG_BAD, "frag_bad", "Fragment of impossible offset or length.")            \
	X(FRAG_TABLE, "frag_table",                                                    \
	  "Fragment that the bounded table had no room for.")                          \
	X(TCP_SHORT, "tcp_short", "TCP header cut off.")                               \
	X(TCP_HEADER, "tcp_header", "TCP data offset is wrong.")                       \
	X(UDP_SHORT, "udp_short", "UDP header cut off.")                               \
	X(UDP_HEADER, "udp_header", "UDP length is wrong.")                            \
	X(ICMP_SHORT, "icmp_short", "ICMP header cut off.")                            \
	X(SCTP_SHORT, "sctp_short", "SCTP header cut off.")                            \
	X(TUNNEL_BAD, "tunnel_bad",                                                    \
	  "Tunnel header is wrong; the outer packet counts.")                          \
	X(TUNNEL_DEEP, "tunnel_deep", "Tunnels nested deeper than are looked through.")

enum decode_reason {
#define X(id, name, doc) DECODE_##id,
	DECODE_REASONS(X)
#undef X
		DECODE_REASON_COUNT
};
/* True for what was decoded, if oddly, and for what there is nothing of ours in. */
static inline bool decode_is_used(enum decode_reason reason)
{
	return reason == DECODE_OK || reason == DECODE_NOT_IP ||
	       reason == DECODE_IP4_CSUM || reason == DECODE_TUNNEL_BAD ||
	       reason == DECODE_TUNNEL_DEEP;
}

const char *decode_reason_name(enum decode_reason reason);
const char *decode_reason_doc(enum decode_reason reason);

/* Counters and the fragment table; one per thread.  NULL without memory. */
struct decoder;
struct decoder *decoder_new(void);
void decoder_free(struct decoder *decoder);

/*
 * Whether DECODE_IP4_CSUM and PACKET_BAD_CSUM are looked for.  They are, unless told:
 * it reads all payload, and captures with replaced addresses are full of them.
 */
void decoder_verify_checksums(struct decoder *decoder, bool verify);

/*
 * Decodes a frame into at most PACKETS_PER_FRAME packets; returns how many.  The
 * reason that stopped it is counted (one per frame, DECODE_OK if nothing did).
 */
size_t decode(struct decoder *decoder, const struct frame *frame,
	      struct packet out[static PACKETS_PER_FRAME]);

/*
 * The newest fragment that somebody made to deceive (FRAG_BAD: too small for its header
 * or over it; FRAG_OVERLAP), since the last call; DECODE_OK if there was none.
 */
enum decode_reason decoder_odd_fragment(struct decoder *decoder, struct packet *out);

/* Frames by reason since the start; DECODE_REASON_COUNT counters, borrowed. */
const uint64_t *decoder_counts(const struct decoder *decoder);
