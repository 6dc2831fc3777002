/*
 * test_hash.c: SipHash-1-3 against the definition, and counting of distinct things.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cardinality.h"
#include "base/hash.h"

/* The paper's algorithm byte by byte, with the rounds as parameters. */
static void reference_rounds(uint64_t v[4], int rounds)
{
#define ROTATE(x, b) ((x) = ((x) << (b)) | ((x) >> (64 - (b))))
	for (int i = 0; i < rounds; i++) {
		v[0] += v[1], ROTATE(v[1], 13), v[1] ^= v[0], ROTATE(v[0], 32);
		v[2] += v[3], ROTATE(v[3], 16), v[3] ^= v[2];
		v[0] += v[3], ROTATE(v[3], 21), v[3] ^= v[0];
		v[2] += v[1], ROTATE(v[1], 17), v[1] ^= v[2], ROTATE(v[2], 32);
	}
#undef ROTATE
}

static uint64_t reference(int c, int d, const uint64_t key[2], const uint8_t *at,
			  size_t len)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
			  key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
	uint64_t word = 0;
	for (size_t i = 0; i <= (len | 7); i++) {
		uint64_t byte = i < len ? at[i] : i == (len | 7) ? len & 0xff : 0;
		word |= byte << 8 * (i % 8);
		if (i % 8 < 7)
			continue;
		v[3] ^= word;
		reference_rounds(v, c);
		v[0] ^= word;
		word = 0;
	}
	v[2] ^= 0xff;
	reference_rounds(v, d);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void the_reference_gives_the_papers_vector(void **state)
{
	(void)state;
	/* Appendix A: SipHash-2-4, key 00..0f, message 00..0e. */
	uint8_t message[15];
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
	uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	assert_true(reference(2, 4, key, message, sizeof(message)) ==
		    0xa129ca6149be45e5);
}

static void hash_words_is_siphash_1_3(void **state)
{
	(void)state;
	struct hash_key key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	uint64_t words[40], reference_key[2] = { key.k0, key.k1 };
	for (size_t i = 0; i < 40; i++)
		words[i] = i * 0x9e3779b97f4a7c15;
	for (size_t n = 0; n <= 40; n++)
		assert_true(
			hash_words(&key, words, n) ==
			reference(1, 3, reference_key, (const uint8_t *)words, n * 8));
}

static void random_keys_differ(void **state)
{
	(void)state;
	struct hash_key a = hash_key_random(), b = hash_key_random();
	assert_true(memcmp(&a, &b, sizeof(a)) != 0);
}

static uint64_t hash_of(uint64_t value)
{
	return hash_words(&(struct hash_key){ 0, 0 }, &value, 1);
}

static void the_estimate_stays_within_four_standard_errors(void **state)
{
	(void)state;
	struct cardinality c = { 0 };
	assert_true(cardinality_estimate(&c) == 0);
	uint64_t next = 100;
	for (uint64_t n = 1; n <= 1000000; n++) {
		cardinality_add(&c, hash_of(n));
		cardinality_add(&c, hash_of(n)); /* again counts nothing */
		if (n != next)
			continue;
		double error = fabs((double)cardinality_estimate(&c) - (double)n);
		assert_true(error <= 4 * 0.0325 * (double)n);
		next = next * 3 / 2;
	}
}

static void few_things_are_counted_nearly_exactly(void **state)
{
	(void)state;
	struct cardinality c = { 0 };
	for (uint64_t n = 1; n <= 100; n++) {
		cardinality_add(&c, hash_of(n));
		double error = fabs((double)cardinality_estimate(&c) - (double)n);
		assert_true(error <= 1 + 0.06 * (double)n);
	}
}

static void few_things_are_counted_exactly(void **state)
{
	(void)state;
	struct cardinality used = { 0 }, other = { 0 };
	for (int round = 0; round < 100; round++) {
		uint64_t many = (uint64_t)round % 2 * 1000;
		cardinality_reset(&used);
		for (uint64_t n = 0; n < many; n++)
			cardinality_add(&used, hash_of(n));
		cardinality_reset(&used);
		cardinality_reset(&other);
		for (uint64_t n = 0; n < CARDINALITY_FEW; n++) {
			cardinality_add(n % 3 == 0 ? &used : &other, hash_of(n));
			cardinality_add(&used, hash_of(n / 2));
		}
		cardinality_merge(&used, &other);
		assert_int_equal(cardinality_estimate(&used), CARDINALITY_FEW);
	}
}

static void a_merge_counts_the_union(void **state)
{
	(void)state;
	struct cardinality a = { 0 }, b = { 0 }, whole = { 0 };
	for (uint64_t n = 0; n < 30000; n++) {
		cardinality_add(n % 3 == 0 ? &a : &b, hash_of(n));
		cardinality_add(n % 5 == 0 ? &a : &b, hash_of(n));
		cardinality_add(&whole, hash_of(n));
	}
	cardinality_merge(&a, &b);
	assert_memory_equal(a.reg, whole.reg, sizeof(a.reg));
	assert_int_equal(cardinality_estimate(&a), cardinality_estimate(&whole));
}

static void a_packed_cardinality_is_the_same_and_bad_bytes_are_none(void **state)
{
	(void)state;
	static const uint64_t counts[] = { 0, 1, CARDINALITY_FEW, CARDINALITY_FEW + 1,
					   100000 };
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct cardinality c = { 0 }, back = { 0 };
		uint8_t packed[CARDINALITY_PACKED_MAX];
		for (uint64_t n = 0; n < counts[i]; n++)
			cardinality_add(&c, hash_of(n));
		size_t len = cardinality_pack(&c, packed, sizeof(packed));
		assert_true(len > 0);
		assert_int_equal(cardinality_pack(&c, packed, len - 1), 0);
		assert_int_equal(cardinality_unpack(&back, packed, len), len);
		assert_int_equal(back.count, c.count);
		assert_memory_equal(back.reg, c.reg, sizeof(c.reg));
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(cardinality_unpack(&back, packed, cut), 0);
		packed[0] ^= 0x10;
		assert_int_equal(cardinality_unpack(&back, packed, len), 0);
		packed[0] ^= 0x10;
		packed[1] = CARDINALITY_FEW + 1;
		assert_int_equal(cardinality_unpack(&back, packed, len), 0);
	}
	uint8_t full[CARDINALITY_PACKED_MAX];
	struct cardinality into = { 0 };
	memset(full, 0xff, sizeof(full)); /* ranks of 63 */
	full[0] = 0x44;
	full[1] = 0;
	assert_int_equal(cardinality_unpack(&into, full, sizeof(full)), 0);
	assert_int_equal(into.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_packed_cardinality_is_the_same_and_bad_bytes_are_none),
		cmocka_unit_test(the_reference_gives_the_papers_vector),
		cmocka_unit_test(hash_words_is_siphash_1_3),
		cmocka_unit_test(random_keys_differ),
		cmocka_unit_test(the_estimate_stays_within_four_standard_errors),
		cmocka_unit_test(few_things_are_counted_nearly_exactly),
		cmocka_unit_test(few_things_are_counted_exactly),
		cmocka_unit_test(a_merge_counts_the_union),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
