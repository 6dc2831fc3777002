/*
 * hash.h: keyed hash for tables whose keys strangers choose.
 *
 * SipHash-2-4 costs too much per packet for nothing: SipHash-1-3, as Rust's and
 * Linux's tables use it, has no known way to force collisions without the key
 * (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0, k1;
};

/* A fresh key from getrandom(2); the fixed key of tests is all zero. */
struct hash_key hash_key_random(void);

/* Of a file of our own: against what breaks, not against who forges. */
uint64_t hash_sum(const void *at, size_t len);

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t sip_rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = sip_rotate(s->v1, 13) ^ s->v0;
	s->v3 = sip_rotate(s->v3, 16) ^ s->v2;
	s->v0 = sip_rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = sip_rotate(s->v1, 17) ^ s->v2;
	s->v3 = sip_rotate(s->v3, 21) ^ s->v0;
	s->v2 = sip_rotate(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* SipHash-1-3 of `words` 64-bit words; inline, as most callers have a fixed number. */
static inline uint64_t hash_words(const struct hash_key *key, const uint64_t *at,
				  size_t words)
{
	/* "somepseudorandomlygeneratedbytes", the paper's initial state. */
	struct sip s = {
		.v0 = key->k0 ^ 0x736f6d6570736575,
		.v1 = key->k1 ^ 0x646f72616e646f6d,
		.v2 = key->k0 ^ 0x6c7967656e657261,
		.v3 = key->k1 ^ 0x7465646279746573,
	};
	for (size_t i = 0; i < words; i++)
		sip_word(&s, at[i]);
	/* The last block holds the length in bytes, modulo 256, and no rest. */
	sip_word(&s, (uint64_t)words << 59);
	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
