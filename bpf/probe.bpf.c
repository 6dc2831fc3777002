/*
 * probe.bpf.c: the kernel's side of src/probe/recorder.c: of all packets of this
 * machine, lets through those of our own probes.
 *
 * Our sockets send with RECORDER_PRIORITY.  A packet that leaves with it makes its two
 * ends known; from then on all packets between these two pass, either way, and so do
 * ICMP errors that quote one.  It is a filter of a packet socket that begins with the
 * IP header (SOCK_DGRAM), and changes nothing.
 */
#include "kernel.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "probe/recorder_wire.h"

/* The helpers are for programs under the GPL; the kernel takes this for it. */
const char terms[] SEC("license") = "Dual BSD/GPL";

/* linux/bpf.h, up to what is read here. */
struct __sk_buff {
	__u32 len, pkt_type, mark, queue_mapping, protocol;
	__u32 vlan_present, vlan_tci, vlan_proto;
	__u32 priority, ingress_ifindex, ifindex;
};

enum { PACKET_OUTGOING = 4, LOOPBACK = 1 };
enum { ETH_P_ARP = 0x0806, ETH_P_IPV6 = 0x86dd, ARP_REQUEST = 1 };
enum { ICMP = 1, ICMPV6 = 58, NEIGHBOUR_SOLICITATION = 135 };
enum { ANY = 0 }; /* BPF_ANY */

/* The same for both directions: the end with the larger port comes first. */
struct ends {
	__u8 addr[2][16];
	__u16 port[2];
	__u32 protocol;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, RECORDER_TUPLES);
	__type(key, struct ends);
	__type(value, __u8);
} ours SEC(".maps");

struct header {
	struct ends ends;
	__u32 protocol, behind; /* where what the IP header is about begins */
};

static __always_inline void put_v4(__u8 out[16], const __u8 *at)
{
	out[10] = out[11] = 0xff;
	__builtin_memcpy(out + 12, at, 4);
}

/* Of a fragment, only the first has ports. */
static __always_inline bool read_v4(struct __sk_buff *skb, __u32 at,
				    struct header *header)
{
	__u8 ip[20];
	if (bpf_skb_load_bytes(skb, at, ip, sizeof(ip)) != 0 ||
	    ((ip[6] & 0x1f) | ip[7]) != 0)
		return false;
	put_v4(header->ends.addr[0], ip + 12);
	put_v4(header->ends.addr[1], ip + 16);
	header->protocol = ip[9];
	header->behind = at + (ip[0] & 15u) * 4;
	return true;
}

static __always_inline bool read_v6(struct __sk_buff *skb, __u32 at,
				    struct header *header)
{
	__u8 ip[40];
	if (bpf_skb_load_bytes(skb, at, ip, sizeof(ip)) != 0)
		return false;
	__builtin_memcpy(header->ends.addr[0], ip + 8, 16);
	__builtin_memcpy(header->ends.addr[1], ip + 24, 16);
	header->protocol = ip[6];
	header->behind = at + 40;
	return true;
}

static __always_inline bool read_ip(struct __sk_buff *skb, __u32 at,
				    struct header *header)
{
	__u8 first;
	__builtin_memset(header, 0, sizeof(*header));
	if (bpf_skb_load_bytes(skb, at, &first, 1) != 0)
		return false;
	if (first >> 4 == 4)
		return read_v4(skb, at, header);
	return first >> 4 == 6 && read_v6(skb, at, header);
}

static __always_inline bool is_error(const struct header *header, __u8 type)
{
	if (header->protocol == ICMP)
		return type == 3 || type == 11 || type == 12;
	return header->protocol == ICMPV6 && type >= 1 && type <= 4;
}

static __always_inline void order(struct ends *ends)
{
	bool swap = ends->port[0] < ends->port[1];
	for (int i = 0; i < 16 && ends->port[0] == ends->port[1]; i++)
		if (ends->addr[0][i] != ends->addr[1][i]) {
			swap = ends->addr[0][i] < ends->addr[1][i];
			break;
		}
	if (!swap)
		return;
	struct ends other = *ends;
	__builtin_memcpy(ends->addr[0], other.addr[1], 16);
	__builtin_memcpy(ends->addr[1], other.addr[0], 16);
	ends->port[0] = other.port[1];
	ends->port[1] = other.port[0];
}

/* An echo's identifier stands for both ports. */
static __always_inline bool read_ports(struct __sk_buff *skb, struct header *header)
{
	__u16 words[4];
	struct ends *ends = &header->ends;
	ends->protocol = header->protocol;
	if (header->protocol == ICMP || header->protocol == ICMPV6) {
		if (bpf_skb_load_bytes(skb, header->behind, words, 8) != 0)
			return false;
		ends->port[0] = ends->port[1] = words[2];
	} else if (header->protocol == IPPROTO_TCP || header->protocol == IPPROTO_UDP) {
		if (bpf_skb_load_bytes(skb, header->behind, words, 4) != 0)
			return false;
		ends->port[0] = bpf_ntohs(words[0]);
		ends->port[1] = bpf_ntohs(words[1]);
	} else {
		return false;
	}
	order(ends);
	return true;
}

/* Who asks for a neighbour's address could not send to it yet. */
static __always_inline bool is_arp_request(struct __sk_buff *skb)
{
	__u8 operation[2];
	return skb->protocol == bpf_htons(ETH_P_ARP) &&
	       bpf_skb_load_bytes(skb, 6, operation, 2) == 0 &&
	       operation[1] == ARP_REQUEST;
}

/* IPv6's way to ask that. */
static __always_inline bool is_solicitation(struct __sk_buff *skb)
{
	__u8 next, type;
	return skb->protocol == bpf_htons(ETH_P_IPV6) &&
	       bpf_skb_load_bytes(skb, 6, &next, 1) == 0 && next == ICMPV6 &&
	       bpf_skb_load_bytes(skb, 40, &type, 1) == 0 &&
	       type == NEIGHBOUR_SOLICITATION;
}

/* The ends that it is about, of an ICMP error those it quotes. */
static __always_inline bool read_ends(struct __sk_buff *skb, struct header *header)
{
	__u8 type;
	if (!read_ip(skb, 0, header))
		return false;
	if (header->protocol != ICMP && header->protocol != ICMPV6)
		return read_ports(skb, header);
	if (bpf_skb_load_bytes(skb, header->behind, &type, 1) != 0)
		return false;
	if (is_error(header, type) && !read_ip(skb, header->behind + 8, header))
		return false;
	return read_ports(skb, header);
}

SEC("socket")
int ours_only(struct __sk_buff *skb)
{
	struct header header;
	__u8 seen = 1;
	bool leaves = skb->pkt_type == PACKET_OUTGOING;
	bool is_ours = leaves && skb->priority == RECORDER_PRIORITY;
	/* There each packet leaves, and comes. */
	if (!leaves && skb->ifindex == LOOPBACK)
		return 0;
	if (leaves && (is_arp_request(skb) || is_solicitation(skb)))
		return RECORDER_SNAP;
	/* Ours, and not to be read any more: IPsec, a fragment. */
	if (!read_ends(skb, &header))
		return is_ours ? RECORDER_SNAP : 0;
	if (is_ours)
		bpf_map_update_elem(&ours, &header.ends, &seen, ANY);
	else if (bpf_map_lookup_elem(&ours, &header.ends) == NULL)
		return 0;
	return RECORDER_SNAP;
}
