/*
 * wall_xdp_wire.h: what the wall and its program in the kernel (bpf/wall.bpf.c) have to
 * agree on, byte for byte.
 */
#pragma once

#include <stdint.h>

enum {
	WALL_XDP_PREFIXES = 1024, /* a person makes each of them */
	/* Of each block's counters, so that few processors wait for each other. */
	WALL_XDP_SHARES = 8,
	/* Services whose packets are counted each by itself, on each processor. */
	WALL_XDP_BUCKETS = 256,
	WALL_XDP_WAYS = 4,
	/* The last one is for what has no port, and what had no room. */
	WALL_XDP_PLACES = WALL_XDP_BUCKETS + 1,
};

/* Where blocks are. */
enum { WALL_XDP_HOSTS4, WALL_XDP_HOSTS6, WALL_XDP_TRIE, WALL_XDP_MAPS };

/*
 * Maps have no timeouts: what has ended stops nothing, whoever should remove it. Asking
 * the time by CLOCK_BOOTTIME would take a twelfth of all packets' rate, and where that
 * differs, after a sleep of the machine, the wall removes.
 */
struct wall_xdp_block {
	uint64_t until_ns; /* CLOCK_MONOTONIC */
	struct wall_xdp_share {
		uint64_t packets, bytes;
	} at[WALL_XDP_SHARES]; /* by processor, modulo */
};

/* Of the trie. */
struct wall_xdp_prefix {
	uint32_t len; /* of the 128 */
	uint8_t addr[16];
};

/* As the kernel's side compares them: in words, and IPv4 mapped. */
struct wall_xdp_service {
	uint64_t addr[2];
	uint64_t packets, bytes;
	uint32_t turn; /* of which it is; of another one: free */
	uint16_t port; /* in host order */
	uint8_t proto, zero;
};

struct wall_xdp_bucket {
	struct wall_xdp_service at[WALL_XDP_WAYS];
};

/*
 * What each packet is judged by.  Services are counted in turns, of which the even ones
 * have one half of the places, and the odd ones the other: while one is written, the
 * other is read.
 */
struct wall_xdp_state {
	uint64_t secret[2];
	uint32_t turn;                /* from 1 on */
	uint32_t held[WALL_XDP_MAPS]; /* 0: no need to look */
	uint32_t is_shared;           /* there are more processors than shares */
	uint32_t zero;
};
