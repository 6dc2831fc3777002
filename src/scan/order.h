/*
 * order.h: every probe once, in an order that looks like chance, without remembering
 * which were sent.
 *
 * A Feistel network is a permutation of 2^n numbers whatever its round function does.
 * What falls outside the wanted size goes through it again (cycle walking: Black and
 * Rogaway, "Ciphers with arbitrary finite domains", 2002); the domain is less than
 * twice the size, so that is seldom.  The order need not be secret, only spread.
 */
#pragma once

#include <stdint.h>

#include "base/hash.h"

enum { ORDER_ROUNDS = 4 };

struct order {
	uint64_t size;
	unsigned left_bits, right_bits;
	uint64_t keys[ORDER_ROUNDS];
};

/* Of the numbers 0 to size - 1; size is 1 to 2^62. */
struct order order_of(uint64_t size, const struct hash_key *key);

/* The number at that place; at < size. */
uint64_t order_at(const struct order *order, uint64_t at);
