/*
 * test_median.c: the middle is the middle, and a few wild values don't move it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/median.h"

static void of_values_the_one_in_the_middle_is_the_median(void **state)
{
	uint64_t odd[] = { 9, 1, 5 }, even[] = { 8, 2, 4, 6 }, none[1] = { 7 };
	(void)state;
	assert_int_equal(median_u64(odd, 3), 5);
	assert_int_equal(median_u64(even, 4), 6);
	assert_int_equal(median_u64(none, 0), 0);
}

/* As a difference that is cut to an int would not. */
static void large_values_are_in_order_too(void **state)
{
	uint64_t values[] = { UINT64_MAX, 1ULL << 32, 0, 1ULL << 63, 1 };
	(void)state;
	sort_u64(values, 5);
	for (size_t i = 1; i < 5; i++)
		assert_true(values[i - 1] < values[i]);
}

static void less_than_half_of_them_move_neither_median_nor_deviation(void **state)
{
	uint64_t calm[] = { 10, 11, 12, 13, 14 };
	uint64_t wild[] = { 12, UINT64_MAX, 11, UINT64_MAX, 13 };
	(void)state;
	assert_int_equal(median_u64(calm, 5), 12);
	assert_int_equal(median_deviation_u64(calm, 5, 12), 1);
	assert_int_equal(median_u64(wild, 5), 13);
	assert_int_equal(median_deviation_u64(wild, 5, 13), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_values_the_one_in_the_middle_is_the_median),
		cmocka_unit_test(large_values_are_in_order_too),
		cmocka_unit_test(
			less_than_half_of_them_move_neither_median_nor_deviation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
