/*
 * order.c: see order.h.
 */
#include "scan/order.h"

struct order order_of(uint64_t size, const struct hash_key *key)
{
	struct order order = { .size = size };
	unsigned bits = 2;
	while (UINT64_C(1) << bits < size)
		bits++;
	order.left_bits = bits / 2;
	order.right_bits = bits - bits / 2;
	for (uint64_t i = 0; i < ORDER_ROUNDS; i++)
		order.keys[i] = hash_words(key, &i, 1);
	return order;
}

/* The upper bits of the product depend on all of the half. */
static uint64_t mix(uint64_t half, uint64_t key, unsigned bits)
{
	uint64_t mixed = (half ^ key) * UINT64_C(0x9e3779b97f4a7c15);
	mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return mixed >> (64 - bits);
}

static uint64_t encipher(const struct order *order, uint64_t number)
{
	uint64_t left = number >> order->right_bits;
	uint64_t right = number & ((UINT64_C(1) << order->right_bits) - 1);
	for (int i = 0; i < ORDER_ROUNDS; i += 2) {
		left ^= mix(right, order->keys[i], order->left_bits);
		right ^= mix(left, order->keys[i + 1], order->right_bits);
	}
	return left << order->right_bits | right;
}

uint64_t order_at(const struct order *order, uint64_t at)
{
	do
		at = encipher(order, at);
	while (at >= order->size);
	return at;
}
