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

/* How many there may be is set by who loads this; at last those of prefixes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wall_xdp_line);
} hosts SEC(".maps");

/* The line of each. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WALL_XDP_PREFIXES);
	__type(key, struct wall_xdp_prefix);
	__type(value, __u32);
} prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct wall_xdp_talkers);
} talkers SEC(".maps");

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
	for (int i = 0; i < WALL_XDP_SERVICES; i++) {
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

static __always_inline __u32 place_of(const struct wall_xdp_state *now,
				      const struct wanted *wanted)
{
	__u64 asked = (__u64)wanted->port << 8 | wanted->proto;
	__u64 server = wanted->server[0] * 0x9e3779b97f4a7c15 + wanted->server[1];
	return wall_xdp_first(wall_xdp_mix(now->secret, server ^ asked)) %
	       WALL_XDP_BUCKETS;
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

static __always_inline bool count_talker(const struct wall_xdp_state *now, __u64 key,
					 __u32 number, __u64 more)
{
	__u32 half = now->turn % 2;
	struct wall_xdp_talkers *own = bpf_map_lookup_elem(&talkers, &half);
	if (!own)
		return false;
	struct wall_xdp_talker *talker = &own->at[number % WALL_XDP_TALKERS];
	if (talker->stopped == 0)
		talker->key = key;
	if (talker->key != key)
		return false;
	talker->stopped += more;
	return true;
}

static __always_inline bool is_in_force(const struct wall_xdp_state *now,
					struct wall_xdp_line *line, __u32 number,
					int way, __u64 bytes)
{
	__u64 more = 1ULL << WALL_XDP_PACKETS_SHIFT | bytes;
	if (bpf_ktime_get_coarse_ns() >> WALL_XDP_TIME_SHIFT >= line->until[way])
		return false;
	if (!count_talker(now, line->key[way], number, more))
		__sync_fetch_and_add(&line->stopped[way], more);
	return true;
}

/* WALL_XDP_WAYS: it is not there. */
static __always_inline int way_of(const struct wall_xdp_line *line, __u64 key)
{
	int way = 0;
#pragma unroll
	for (; way < WALL_XDP_WAYS; way++)
		if (line->key[way] == key)
			break;
	return way;
}

static __always_inline bool is_host(const struct wall_xdp_state *now, __u64 key,
				    __u64 bytes)
{
	__u64 mixed = wall_xdp_mix(now->secret, key);
	__u32 number = wall_xdp_first(mixed) & now->mask;
	struct wall_xdp_line *line = bpf_map_lookup_elem(&hosts, &number);
	if (!line)
		return false;
	int way = way_of(line, key);
	if (way == WALL_XDP_WAYS && line->beyond > 0) {
		number = wall_xdp_second(mixed) & now->mask;
		line = bpf_map_lookup_elem(&hosts, &number);
		if (!line)
			return false;
		way = way_of(line, key);
	}
	return way < WALL_XDP_WAYS && is_in_force(now, line, number, way, bytes);
}

static __always_inline bool is_in_prefix(const struct wall_xdp_state *now,
					 const __u64 source[2], __u64 bytes)
{
	struct wall_xdp_prefix key = { .len = 128 };
	__builtin_memcpy(key.addr, source, sizeof(key.addr));
	__u32 *number = bpf_map_lookup_elem(&prefixes, &key);
	struct wall_xdp_line *line =
		number ? bpf_map_lookup_elem(&hosts, number) : (void *)0;
	return line && is_in_force(now, line, *number, 0, bytes);
}

static __always_inline bool is_blocked(const struct wall_xdp_state *now, __u32 hosts,
				       __u64 key, const __u64 source[2], __u64 bytes)
{
	if (hosts > 0 && is_host(now, key, bytes))
		return true;
	return now->held[WALL_XDP_TRIE] > 0 && is_in_prefix(now, source, bytes);
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

static __always_inline int judge4(const struct wall_xdp_state *now, const __u8 *at,
				  const __u8 *end)
{
	const struct ip4 *ip = (const void *)at;
	struct wanted wanted = { 0 };
	if (at + sizeof(*ip) > end || ip->version_len >> 4 != 4)
		return XDP_PASS;
	wanted.bytes = bytes_of(bpf_ntohs(ip->len), at, end);
	__u64 source[2];
	map_v4(ip->source, source);
	if (!is_blocked(now, now->held[WALL_XDP_HOSTS4], wall_xdp_key4(ip->source),
			source, wanted.bytes))
		return XDP_PASS;
	map_v4(ip->server, wanted.server);
	/* Of a fragment, only the first has ports. */
	if ((ip->fragment & bpf_htons(FRAGMENT_OFFSET)) == 0)
		read_port(at + (ip->version_len & 15) * WORD, end, ip->proto, &wanted);
	count(now, &wanted);
	return XDP_DROP;
}

static __always_inline int judge6(const struct wall_xdp_state *now, const __u8 *at,
				  const __u8 *end)
{
	const struct ip6 *ip = (const void *)at;
	struct wanted wanted = { 0 };
	if (at + sizeof(*ip) > end || ip->version >> 4 != 6)
		return XDP_PASS;
	wanted.bytes = bytes_of(sizeof(*ip) + bpf_ntohs(ip->payload), at, end);
	__u64 source[2] = { ip->source[0], ip->source[1] };
	if (!is_blocked(now, now->held[WALL_XDP_HOSTS6], source[0], source,
			wanted.bytes))
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
