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

/* SipHash-1-3 of `words` 64-bit words. */
uint64_t hash_words(const struct hash_key *key, const uint64_t *at, size_t words);
