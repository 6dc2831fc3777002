/*
 * test_histogram.c: the stated error holds for whatever is put in.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/histogram.h"

enum { SAMPLES = 5000, ROUNDS = 60 };

static uint64_t seed;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

/* A fresh seed for every run, printed so that a failure can be had again. */
static int choose_seed(void **state)
{
	(void)state;
	const char *given = getenv("SEED");
	seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) + 1;
	printf("# SEED=%llu\n", (unsigned long long)seed);
	return 0;
}

/* Uniform in the number of bits, so that every octave is met. */
static uint64_t random_value(unsigned bits_most)
{
	return random64() >> (64 - 1 - random64() % bits_most);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void assert_quantiles(const struct histogram *h, uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(values[0]), by_value);
	for (int i = 0; i <= 1000; i++) {
		double q = i / 1000.0;
		size_t rank = (size_t)ceil(q * (double)count);
		double exact = (double)values[rank == 0 ? 0 : rank - 1];
		double got = (double)histogram_quantile(h, q);
		assert_true(fabs(got - exact) <= exact / 128);
	}
}

static void every_quantile_is_within_1_in_128(void **state)
{
	(void)state;
	static struct histogram h;
	static uint64_t values[SAMPLES];
	for (int round = 0; round < ROUNDS; round++) {
		size_t count = 1 + random64() % SAMPLES;
		unsigned bits = 1 + (unsigned)(random64() % 32);
		histogram_clear(&h);
		for (size_t i = 0; i < count; i++)
			histogram_add(&h, values[i] = random_value(bits));
		assert_quantiles(&h, values, count);
	}
}

static void what_is_at_most_a_bound_is_counted(void **state)
{
	(void)state;
	static struct histogram h;
	static const uint64_t bounds[] = { 0, 1, 63, 64, 1000, 1000000, UINT64_MAX };
	for (int many = 0; many < 2; many++) {
		histogram_clear(&h);
		for (uint64_t i = 0; i < (many ? 7000 : 28); i++)
			histogram_add(&h, bounds[i % 7]);
		for (uint64_t i = 0; i < 7; i++)
			assert_int_equal(histogram_count_to(&h, bounds[i]),
					 (many ? 1000 : 4) * (i + 1));
	}
}

static void every_boundary_of_a_bucket_is_within_1_in_128(void **state)
{
	(void)state;
	static struct histogram h;
	for (int bit = 0; bit < 32; bit++)
		for (uint64_t sub = 0; sub < 128; sub++)
			for (int delta = -1; delta <= 1; delta++) {
				uint64_t value = (UINT64_C(1) << bit) * sub / 64;
				value += (uint64_t)(int64_t)delta;
				if (value > UINT32_MAX)
					continue;
				histogram_clear(&h);
				histogram_add(&h, value);
				assert_quantiles(&h, &value, 1);
			}
}

static void an_empty_histogram_has_no_quantile(void **state)
{
	(void)state;
	static struct histogram h; /* zeroed is empty as well */
	assert_true(histogram_quantile(&h, 0.5) == UINT64_MAX);
	histogram_clear(&h);
	assert_true(histogram_quantile(&h, 0.5) == UINT64_MAX);
}

static void what_is_too_large_counts_as_the_largest(void **state)
{
	(void)state;
	static struct histogram h;
	histogram_clear(&h);
	histogram_add(&h, UINT64_MAX);
	histogram_add(&h, UINT32_MAX);
	const uint64_t least = UINT32_MAX - UINT32_MAX / 64;
	assert_int_equal(h.total, 2);
	assert_true(histogram_quantile(&h, 0) >= least);
	assert_true(histogram_quantile(&h, 0) == histogram_quantile(&h, 1));
}

/* What a histogram holds is what it packs, however it keeps it. */
static void assert_same(const struct histogram *a, const struct histogram *b)
{
	static uint8_t left[HISTOGRAM_PACKED_MAX], right[HISTOGRAM_PACKED_MAX];
	size_t len = histogram_pack(a, left, sizeof(left));
	assert_int_equal(histogram_pack(b, right, sizeof(right)), len);
	assert_memory_equal(left, right, len);
}

static void a_reset_histogram_is_as_good_as_new(void **state)
{
	(void)state;
	static struct histogram used, fresh;
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t count = random64() % (2 * HISTOGRAM_FEW);
		histogram_reset(&used);
		histogram_clear(&fresh);
		for (uint64_t i = 0; i < count; i++) {
			uint64_t value = random_value(20);
			histogram_add(&used, value);
			histogram_add(&fresh, value);
		}
		assert_same(&used, &fresh);
	}
}

static void a_merge_equals_one_histogram_of_all(void **state)
{
	(void)state;
	static struct histogram part[4], whole, sum;
	histogram_clear(&whole);
	histogram_clear(&sum);
	for (int i = 0; i < 4; i++)
		histogram_clear(&part[i]);
	for (int i = 0; i < SAMPLES; i++) {
		uint64_t value = random_value(30);
		histogram_add(&whole, value);
		histogram_add(&part[random64() % 3], value); /* one stays empty */
	}
	for (int i = 0; i < 4; i++)
		histogram_merge(&sum, &part[i]);
	assert_same(&sum, &whole);
}

static void counts_saturate_and_quantiles_stay_true(void **state)
{
	(void)state;
	static struct histogram h, copy;
	histogram_clear(&h);
	histogram_add(&h, 10);
	for (int i = 0; i < 31; i++) { /* doubles: 2^31 */
		copy = h;
		histogram_merge(&h, &copy);
	}
	histogram_merge(&h, &copy); /* and half more */
	histogram_add(&copy, 20);
	histogram_merge(&h, &copy);
	histogram_merge(&h, &copy);
	assert_true(h.total == UINT32_MAX);
	assert_true(histogram_quantile(&h, 0.5) == 10);
	assert_true(histogram_quantile(&h, 1) == 20);
}

static void the_mean_is_within_1_in_128(void **state)
{
	(void)state;
	static struct histogram h;
	histogram_clear(&h);
	assert_true(histogram_mean(&h) == UINT64_MAX);
	for (int round = 0; round < ROUNDS; round++) {
		double sum = 0;
		uint64_t count = 1 + random64() % (3 * HISTOGRAM_FEW);
		histogram_clear(&h);
		for (uint64_t i = 0; i < count; i++) {
			uint64_t value = random_value(24);
			histogram_add(&h, value);
			sum += (double)value;
		}
		double exact = sum / (double)count;
		double error = fabs((double)histogram_mean(&h) - exact);
		assert_true(error <= exact / 128 + 1);
	}
}

static void packing_and_unpacking_gives_the_same(void **state)
{
	(void)state;
	static struct histogram h, back;
	static uint8_t packed[HISTOGRAM_PACKED_MAX];
	for (int round = 0; round < ROUNDS; round++) {
		histogram_clear(&h);
		histogram_clear(&back);
		/* Every other round few enough to be kept one by one. */
		uint64_t most = round % 2 == 0 ? SAMPLES : HISTOGRAM_FEW + 2;
		for (uint64_t i = random64() % most; i > 0; i--)
			histogram_add(&h, random_value(round % 4 < 2 ? 32 : 7));
		size_t len = histogram_pack(&h, packed, sizeof(packed));
		assert_true(len >= 3);
		assert_true(histogram_unpack(&back, packed, len) == len);
		assert_same(&back, &h);
	}
}

static void every_bucket_used_still_fits_the_largest_packing(void **state)
{
	(void)state;
	static struct histogram h;
	static uint8_t packed[HISTOGRAM_PACKED_MAX];
	histogram_clear(&h);
	for (uint64_t value = 0; value <= UINT32_MAX; value += 1 + value / 256)
		histogram_add(&h, value);
	size_t len = histogram_pack(&h, packed, sizeof(packed));
	assert_true(len > 0 && len <= HISTOGRAM_PACKED_MAX);
	for (size_t size = 0; size < len; size += 101)
		assert_true(histogram_pack(&h, packed, size) == 0);
}

static void hostile_bytes_are_refused_and_change_nothing(void **state)
{
	(void)state;
	static struct histogram h, before, into;
	uint8_t *packed = malloc(HISTOGRAM_PACKED_MAX);
	histogram_clear(&h);
	for (int i = 0; i < 50; i++)
		histogram_add(&h, random_value(20));
	size_t len = histogram_pack(&h, packed, HISTOGRAM_PACKED_MAX);
	histogram_clear(&into);
	before = into;
	for (size_t cut = 0; cut < len; cut++) {
		/* Of its own size, so that a sanitizer sees a byte read too far. */
		uint8_t *exact = malloc(cut + 1);
		memcpy(exact, packed, cut);
		assert_true(histogram_unpack(&into, exact, cut) == 0);
		free(exact);
	}
	for (size_t at = 0; at < len; at++) {
		packed[at] ^= 0x80;
		size_t taken = histogram_unpack(&into, packed, len);
		packed[at] ^= 0x80;
		/* A bucket number may stay valid: then it is another histogram. */
		assert_true(taken == 0 || into.total == h.total);
		if (taken == 0)
			assert_memory_equal(&into, &before, sizeof(into));
		histogram_clear(&into);
	}
	packed[5] = 0; /* the second bucket is the first once more */
	assert_true(histogram_unpack(&into, packed, len) == 0);
	for (int i = 0; i < 20000; i++) {
		for (size_t at = 8; at < len; at++)
			packed[at] = (uint8_t)random64();
		size_t taken = histogram_unpack(&into, packed, len);
		assert_true(taken == 0);
	}
	free(packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_quantile_is_within_1_in_128),
		cmocka_unit_test(what_is_at_most_a_bound_is_counted),
		cmocka_unit_test(every_boundary_of_a_bucket_is_within_1_in_128),
		cmocka_unit_test(an_empty_histogram_has_no_quantile),
		cmocka_unit_test(what_is_too_large_counts_as_the_largest),
		cmocka_unit_test(a_reset_histogram_is_as_good_as_new),
		cmocka_unit_test(a_merge_equals_one_histogram_of_all),
		cmocka_unit_test(counts_saturate_and_quantiles_stay_true),
		cmocka_unit_test(the_mean_is_within_1_in_128),
		cmocka_unit_test(packing_and_unpacking_gives_the_same),
		cmocka_unit_test(every_bucket_used_still_fits_the_largest_packing),
		cmocka_unit_test(hostile_bytes_are_refused_and_change_nothing),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
