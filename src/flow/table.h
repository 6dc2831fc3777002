/*
 * table.h: where flows live: an index of cache lines over two slabs.
 *
 * The index is an array of 64-byte buckets of ten 16-bit signatures and ten 32-bit
 * references (the layout of DPDK's rte_hash with the padding used); a flow may
 * be in either of two buckets.  Bodies come from a preallocated slab with a
 * free list.  Embryos, which all live equally long, come from a ring: the oldest
 * is always at its tail, so half-open flows are evicted first-in first-out
 * without a timer or a list.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "flow/body.h"

/* A reference is a body's number, or an embryo's with this bit, or none. */
#define TABLE_EMBRYO 0x80000000u
#define TABLE_NONE   UINT32_MAX

struct bucket {
	uint16_t sig[10]; /* 0: free */
	uint16_t spilled; /* flows of this bucket that live in their other one */
	uint16_t unused;
	uint32_t ref[10];
};
_Static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");

struct table {
	struct hash_key key;
	struct bucket *buckets;
	uint32_t bucket_count;
	struct body *bodies;
	uint32_t body_max, body_used, body_free, body_fresh;
	struct embryo *embryos;
	uint32_t embryo_max, embryo_used;
	uint64_t embryo_head, embryo_tail; /* ever allocated, ever released */
	uint64_t memory_bytes;
};

/* False without memory. */
bool table_init(struct table *t, const struct hash_key *key, uint32_t body_max,
		uint32_t embryo_max);
void table_fini(struct table *t);

/* The same for both directions of a conversation, unless one_way. */
uint64_t table_hash(const struct table *t, const struct packet *p, uint16_t sport,
		    uint16_t dport, bool one_way);
uint64_t table_hash_key(const struct table *t, const struct flow_key *key,
			uint8_t proto, bool one_way);

/* The bucket that a flow of this hash is in, unless it was spilled to its other one. */
static inline struct bucket *table_bucket(const struct table *t, uint64_t hash)
{
	return &t->buckets[((hash & 0xffffffff) * t->bucket_count) >> 32];
}

/*
 * Starts loading the flow that a lookup of this hash will touch, and returns its
 * reference, TABLE_NONE if there is none: a guess, for table_is() to confirm when it is
 * needed.
 */
uint32_t table_prefetch(const struct table *t, uint64_t hash);

/* Who is asked for: src is the sender of the packet. */
struct table_query {
	const struct addr *src, *dst;
	uint16_t sport, dport;
	uint8_t proto;
	bool one_way;
};

/* True if the reference is that of the living flow asked for. *side: who src is. */
bool table_is(const struct table *t, uint32_t ref, const struct table_query *query,
	      unsigned *side);

/* Reference of the flow, or TABLE_NONE. *side: who of the flow src is. */
uint32_t table_find(const struct table *t, uint64_t hash,
		    const struct table_query *query, unsigned *side);

/* False if both buckets are full. */
bool table_insert(struct table *t, uint64_t hash, uint32_t ref);
void table_remove(struct table *t, uint64_t hash, uint32_t ref);
/* The flow at `from` is now at `to`. */
void table_move(struct table *t, uint64_t hash, uint32_t from, uint32_t to);

/* A zeroed body or TABLE_NONE. */
uint32_t table_body_new(struct table *t);
void table_body_free(struct table *t, uint32_t number);
/* Makes the free list anew, of all bodies that don't live. */
void table_free_dead(struct table *t);

/* Next embryo or TABLE_NONE if the oldest still lives. */
uint32_t table_embryo_new(struct table *t);
/* Oldest one still in use, or TABLE_NONE. */
uint32_t table_embryo_oldest(struct table *t);
void table_embryo_free(struct table *t, uint32_t ref);

static inline struct embryo *table_embryo(const struct table *t, uint32_t ref)
{
	return &t->embryos[ref & ~TABLE_EMBRYO];
}
