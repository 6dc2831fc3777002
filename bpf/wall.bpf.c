/*
 * wall.bpf.c: the kernel's side of src/guard/wall_xdp.c: drops packets of blocked
 * sources where they come in, before the rest of the kernel, and any capture, sees
 * them; so it counts them, for the block and for the port they were for.
 *
 * Only the source decides, also of fragments and behind extension headers; then the
 * port may be unknown.  What it can't read, it lets pass: nftables has the same blocks.
 */
#include "kernel.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "guard/wall_xdp_wire.h"

/* The helpers are for programs under the GPL; the kernel takes this for it. */
const char terms[] SEC("license") = "Dual BSD/GPL";

/* linux/bpf.h, up to what is read here. */
struct xdp_md {
	__u32 data, data_end;
};

enum { XDP_DROP = 1, XDP_PASS = 2 };
enum { ETH_P_IP = 0x0800, ETH_P_IPV6 = 0x86dd };
enum { ETH_P_8021Q = 0x8100, ETH_P_8021AD = 0x88a8, TAGS = 2 };
enum { FRAGMENT_OFFSET = 0x1fff, WORD = 4, PORTS = 4 };

struct ethernet {
	__u8 to[6], from[6];
	__be16 type;
};
struct tag {
	__be16 number, type;
};
struct ip4 {
	__u8 version_len, service;
	__be16 len, id, fragment;
	__u8 ttl, proto;
	__be16 checksum;
	__be32 source, server;
};
struct ip6 {
	__u8 version, label[3];
	__be16 payload;
	__u8 proto, hops;
	__u64 source[2], server[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wall_xdp_state);
} state SEC(".maps");

/* How many there may be is set by who loads this. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wall_xdp_block);
} hosts4 SEC(".maps");

/* A /64 is one source: the upper half of the address. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct wall_xdp_block);
} hosts6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WALL_XDP_PREFIXES);
	__type(key, struct wall_xdp_prefix);
	__type(value, struct wall_xdp_block);
} prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * WALL_XDP_PLACES);
	__type(key, __u32);
	__type(value, struct wall_xdp_bucket);
} services SEC(".maps");

/* Who is asked for, and how much it is. */
struct wanted {
	__u64 server[2];
	__u64 bytes;
	__u32 place; /* of its bucket */
	__u16 port;
	__u8 proto;
};

/* ---- counting ---- */

static __always_inline void count_service(struct wall_xdp_service *service,
					  const struct wanted *wanted)
{
	service->packets++;
	service->bytes += wanted->bytes;
}

static __always_inline void begin_service(struct wall_xdp_service *service,
					  const struct wanted *wanted, __u32 turn)
{
	service->addr[0] = wanted->server[0];
	service->addr[1] = wanted->server[1];
	service->port = wanted->port;
	service->proto = wanted->proto;
	service->packets = 1;
	service->bytes = wanted->bytes;
	service->turn = turn;
}

static __always_inline bool is_service(const struct wall_xdp_service *service,
				       const struct wanted *wanted)
{
	return service->addr[1] == wanted->server[1] &&
	       service->addr[0] == wanted->server[0] && service->port == wanted->port &&
	       service->proto == wanted->proto;
}

static __always_inline bool count_in(struct wall_xdp_bucket *bucket,
				     const struct wanted *wanted, __u32 turn)
{
#pragma unroll
	for (int i = 0; i < WALL_XDP_WAYS; i++) {
		struct wall_xdp_service *service = &bucket->at[i];
		if (service->turn != turn) {
			begin_service(service, wanted, turn);
			return true;
		}
		if (is_service(service, wanted)) {
			count_service(service, wanted);
			return true;
		}
	}
	return false;
}

/* Strangers choose what is asked for: the secret keeps them from choosing its place. */
static __always_inline __u32 place_of(const struct wall_xdp_state *now,
				      const struct wanted *wanted)
{
	__u64 mixed = (wanted->server[0] ^ now->secret[0]) * 0x9e3779b97f4a7c15;
	mixed ^= mixed >> 32;
	mixed += wanted->server[1] ^ ((__u64)wanted->port << 8 | wanted->proto);
	mixed = (mixed ^ now->secret[1]) * 0xbf58476d1ce4e5b9;
	return (mixed >> 40) % WALL_XDP_BUCKETS;
}

static __always_inline void count_others(const struct wanted *wanted, __u32 turn,
					 __u32 half)
{
	const struct wanted others = { .bytes = wanted->bytes };
	__u32 place = half + WALL_XDP_BUCKETS;
	struct wall_xdp_bucket *bucket = bpf_map_lookup_elem(&services, &place);
	if (bucket)
		count_in(bucket, &others, turn);
}

static __always_inline void count(const struct wall_xdp_state *now,
				  const struct wanted *wanted)
{
	__u32 turn = now->turn, half = turn % 2 * WALL_XDP_PLACES;
	if (wanted->proto != 0) {
		__u32 place = half + place_of(now, wanted);
		struct wall_xdp_bucket *bucket = bpf_map_lookup_elem(&services, &place);
		if (bucket && count_in(bucket, wanted, turn))
			return;
	}
	count_others(wanted, turn, half);
}

/* ---- whom it is about ---- */

/*
 * With counters for every processor (a map "per CPU"), a hundred thousand blocks would
 * take five times as long to add, and that memory for each of them.
 */
static __always_inline void count_block(const struct wall_xdp_state *now,
					struct wall_xdp_block *block, __u64 bytes)
{
	__u32 processor = bpf_get_smp_processor_id();
	struct wall_xdp_share *share = &block->at[processor % WALL_XDP_SHARES];
	if (now->is_shared) {
		__sync_fetch_and_add(&share->packets, 1);
		__sync_fetch_and_add(&share->bytes, bytes);
		return;
	}
	share->packets++;
	share->bytes += bytes;
}

static __always_inline bool is_in_force(const struct wall_xdp_state *now,
					struct wall_xdp_block *block,
					const struct wanted *wanted)
{
	if (!block || bpf_ktime_get_coarse_ns() >= block->until_ns)
		return false;
	count_block(now, block, wanted->bytes);
	return true;
}

static __always_inline bool is_in_prefix(const struct wall_xdp_state *now,
					 const __u64 source[2],
					 const struct wanted *wanted)
{
	struct wall_xdp_prefix key = { .len = 128 };
	__builtin_memcpy(key.addr, source, sizeof(key.addr));
	return is_in_force(now, bpf_map_lookup_elem(&prefixes, &key), wanted);
}

/* ---- packets ---- */

static __always_inline bool has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

/* Without one it counts as one of the others. */
static __always_inline void read_port(const __u8 *at, const __u8 *end, __u8 proto,
				      struct wanted *wanted)
{
	if (!has_ports(proto) || at + PORTS > end)
		return;
	wanted->port = at[2] << 8 | at[3];
	wanted->proto = proto;
}

/* As the header says, without what pads a frame; but who sends may lie. */
static __always_inline __u64 bytes_of(__u64 said, const __u8 *at, const __u8 *end)
{
	__u64 most = end - at;
	return said < most ? said : most;
}

static __always_inline void map_v4(__be32 address, __u64 out[2])
{
	out[0] = 0;
	out[1] = (__u64)address << 32 | bpf_htonl(0xffff);
}

static __always_inline bool is_blocked4(const struct wall_xdp_state *now,
					const struct ip4 *ip,
					const struct wanted *wanted)
{
	__u64 mapped[2];
	__u32 source = ip->source;
	if (now->held[WALL_XDP_HOSTS4] > 0 &&
	    is_in_force(now, bpf_map_lookup_elem(&hosts4, &source), wanted))
		return true;
	if (now->held[WALL_XDP_TRIE] == 0)
		return false;
	map_v4(source, mapped);
	return is_in_prefix(now, mapped, wanted);
}

static __always_inline int judge4(const struct wall_xdp_state *now, const __u8 *at,
				  const __u8 *end)
{
	const struct ip4 *ip = (const void *)at;
	struct wanted wanted = { 0 };
	if (at + sizeof(*ip) > end || ip->version_len >> 4 != 4)
		return XDP_PASS;
	wanted.bytes = bytes_of(bpf_ntohs(ip->len), at, end);
	if (!is_blocked4(now, ip, &wanted))
		return XDP_PASS;
	map_v4(ip->server, wanted.server);
	/* Of a fragment, only the first has ports. */
	if ((ip->fragment & bpf_htons(FRAGMENT_OFFSET)) == 0)
		read_port(at + (ip->version_len & 15) * WORD, end, ip->proto, &wanted);
	count(now, &wanted);
	return XDP_DROP;
}

static __always_inline bool is_blocked6(const struct wall_xdp_state *now,
					const struct ip6 *ip,
					const struct wanted *wanted)
{
	__u64 source[2] = { ip->source[0], ip->source[1] };
	if (now->held[WALL_XDP_HOSTS6] > 0 &&
	    is_in_force(now, bpf_map_lookup_elem(&hosts6, &source[0]), wanted))
		return true;
	return now->held[WALL_XDP_TRIE] > 0 && is_in_prefix(now, source, wanted);
}

static __always_inline int judge6(const struct wall_xdp_state *now, const __u8 *at,
				  const __u8 *end)
{
	const struct ip6 *ip = (const void *)at;
	struct wanted wanted = { 0 };
	if (at + sizeof(*ip) > end || ip->version >> 4 != 6)
		return XDP_PASS;
	wanted.bytes = bytes_of(sizeof(*ip) + bpf_ntohs(ip->payload), at, end);
	if (!is_blocked6(now, ip, &wanted))
		return XDP_PASS;
	wanted.server[0] = ip->server[0];
	wanted.server[1] = ip->server[1];
	read_port(at + sizeof(*ip), end, ip->proto, &wanted);
	count(now, &wanted);
	return XDP_DROP;
}

static __always_inline bool holds_any(const struct wall_xdp_state *now)
{
	return (now->held[WALL_XDP_HOSTS4] | now->held[WALL_XDP_HOSTS6] |
		now->held[WALL_XDP_TRIE]) != 0;
}

SEC("xdp")
int drop_blocked(struct xdp_md *context)
{
	const __u8 *at = (const void *)(long)context->data;
	const __u8 *end = (const void *)(long)context->data_end;
	const struct ethernet *frame = (const void *)at;
	__u32 only = 0;
	struct wall_xdp_state *now = bpf_map_lookup_elem(&state, &only);
	if (!now || !holds_any(now) || at + sizeof(*frame) > end)
		return XDP_PASS;
	__be16 type = frame->type;
	at += sizeof(*frame);
#pragma unroll
	for (int i = 0; i < TAGS; i++) {
		const struct tag *tag = (const void *)at;
		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if (at + sizeof(*tag) > end)
			return XDP_PASS;
		type = tag->type;
		at += sizeof(*tag);
	}
	if (type == bpf_htons(ETH_P_IP))
		return judge4(now, at, end);
	return type == bpf_htons(ETH_P_IPV6) ? judge6(now, at, end) : XDP_PASS;
}
