/*
 * flood.bpf.c: for tests/bench/flood.c: packets that look as if a driver had just
 * received them, and the least that can drop them.
 */
#include "kernel.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const char terms[] SEC("license") = "Dual BSD/GPL";

/* linux/bpf.h, up to what is read here. */
struct xdp_md {
	__u32 data, data_end;
};

enum { XDP_DROP = 1, XDP_TX = 3 };

/* Of a frame without a tag and options: where what differs is. */
enum { CHECKSUM = 24, SOURCE = 26, CLIENT_PORT = 34, ENDS = 54 };

/* Set before it is loaded. */
const volatile struct {
	__u32 sources; /* so many, from 10.0.0.0 on */
	__u32 sum;     /* of the header's words with the first of them */
} told = { 1, 0 };

static __always_inline void put16(__u8 *at, __u16 value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/* Each packet has another source and port. */
SEC("xdp")
int generate(struct xdp_md *context)
{
	__u8 *at = (void *)(long)context->data;
	const __u8 *end = (const void *)(long)context->data_end;
	if (at + ENDS > end)
		return XDP_DROP;
	__u32 any = bpf_get_prandom_u32(), n = any % told.sources;
	__u32 changed = told.sum + (n >> 16) + (n & 0xffff);
	changed = (changed & 0xffff) + (changed >> 16);
	changed = (changed & 0xffff) + (changed >> 16);
	at[SOURCE + 1] = n >> 16;
	put16(at + SOURCE + 2, n);
	put16(at + CHECKSUM, ~changed);
	put16(at + CLIENT_PORT, any >> 16);
	return XDP_TX;
}

SEC("xdp")
int drop_all(struct xdp_md *context)
{
	return XDP_DROP;
}
