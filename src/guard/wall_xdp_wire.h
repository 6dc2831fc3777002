/*
 * wall_xdp_wire.h: what the wall and its program in the kernel (bpf/wall.bpf.c) have to
 * agree on, byte for byte.
 */
#pragma once

#include <stdint.h>

enum {
	WALL_XDP_PREFIXES = 1024, /* a person makes each of them */
	/* Blocks in a line of the table of hosts. */
	WALL_XDP_WAYS = 3,
	/* Blocks whose packets each processor counts by itself. */
	WALL_XDP_TALKERS = 256,
	/* Services whose packets are counted each by itself, on each processor. */
	WALL_XDP_BUCKETS = 256,
	WALL_XDP_SERVICES = 4, /* in a bucket */
	/* The last one is for what has no port, and what had no room. */
	WALL_XDP_PLACES = WALL_XDP_BUCKETS + 1,
};

/*
 * Times are CLOCK_MONOTONIC in units of 67 ms: nine years fit in 32 bits.  Asking for
 * CLOCK_BOOTTIME would take a twelfth of all packets' rate, and where that differs,
 * after a sleep of the machine, the wall removes.
 */
enum { WALL_XDP_TIME_SHIFT = 26 };

/* Packets and bytes are one number, so that one addition counts both. */
enum { WALL_XDP_PACKETS_SHIFT = 38 };

/* What blocks are about. */
enum { WALL_XDP_HOSTS4, WALL_XDP_HOSTS6, WALL_XDP_TRIE, WALL_XDP_KINDS };

/*
 * Blocks, their ends and their counters: one line of the cache, as most of what a
 * packet of one of many sources costs is waiting for memory.  A block is in one of two
 * lines that its key says, but that of a prefix, whose line the trie says.
 *
 * Nothing here has a timeout: what has ended stops nothing, whoever should remove it.
 */
struct wall_xdp_line {
	uint64_t key[WALL_XDP_WAYS];
	uint64_t stopped[WALL_XDP_WAYS]; /* since the wall last took it */
	uint32_t until[WALL_XDP_WAYS];   /* 0: nothing is here */
	uint32_t beyond; /* whose first line this is, and who are in the other one */
};
_Static_assert(sizeof(struct wall_xdp_line) == 64, "a line");

/*
 * One source may send to all processors, which would wait for each other at its line:
 * each counts the first ones of a turn for itself.
 */
struct wall_xdp_talkers {
	struct wall_xdp_talker {
		uint64_t key, stopped; /* stopped 0: free */
	} at[WALL_XDP_TALKERS];
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
	struct wall_xdp_service at[WALL_XDP_SERVICES];
};

/*
 * What each packet is judged by.  Services and talkers are counted in turns, of which
 * the even ones have one half of the places, and the odd ones the other: while one is
 * written, the other is read.
 */
struct wall_xdp_state {
	uint64_t secret[2];
	uint32_t turn;                 /* from 1 on */
	uint32_t held[WALL_XDP_KINDS]; /* how many; 0: no need to look */
	uint32_t mask;                 /* of the numbers of hosts' lines */
	uint32_t zero;
};

/* ---- keys ---- */

/* A /64 is its upper half; no source is in ff00::/8, so the rest can't be one. */
#define WALL_XDP_KEY4       UINT32_C(0xffffffff)
#define WALL_XDP_KEY_PREFIX UINT32_C(0xfefefeff)

static inline uint64_t wall_xdp_key4(uint32_t address)
{
	return (uint64_t)address << 32 | WALL_XDP_KEY4;
}

/* Strangers choose the keys: the secret keeps them from choosing their places. */
static inline uint64_t wall_xdp_mix(const uint64_t secret[2], uint64_t key)
{
	uint64_t mixed = (key ^ secret[0]) * 0x9e3779b97f4a7c15;
	mixed ^= mixed >> 32;
	return (mixed ^ secret[1]) * 0xbf58476d1ce4e5b9;
}

/* The two lines of a mixed key, still to be masked: bits that they do not share. */
static inline uint32_t wall_xdp_first(uint64_t mixed)
{
	return (uint32_t)(mixed >> 42);
}

static inline uint32_t wall_xdp_second(uint64_t mixed)
{
	return (uint32_t)(mixed >> 20) & 0x3fffff;
}
