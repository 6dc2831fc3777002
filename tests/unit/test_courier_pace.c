/*
 * test_courier_pace.c: what waited is told at a bounded pace, and what comes in
 * steadily is not held up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet/courier_pace.h"

enum { RATE = 1000000, LARGE = 500000, SMALL = 100 };

#define SECOND_US 1000000LL

static void without_a_bound_nothing_waits(void **state)
{
	struct courier_pace pace = { 0 };
	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(courier_pace_take_us(&pace, LARGE, 0), 0);
}

static void an_outage_is_caught_up_at_that_rate(void **state)
{
	struct courier_pace pace = { .bytes_per_s = RATE };
	int64_t now_us = 3600 * SECOND_US, began_us = now_us;
	(void)state;
	for (int i = 0; i < 100; i++)
		now_us += courier_pace_take_us(&pace, LARGE, now_us);
	/* A second's worth went at once, and each costs a little more than its bytes.
	 */
	int64_t least_us = (int64_t)100 * LARGE / RATE * SECOND_US - SECOND_US;
	assert_in_range(now_us - began_us, least_us, least_us + 3 * SECOND_US);
}

static void many_small_ones_are_bounded_too(void **state)
{
	struct courier_pace pace = { .bytes_per_s = RATE };
	int64_t now_us = 3600 * SECOND_US, began_us = now_us;
	(void)state;
	for (int i = 0; i < 1000; i++)
		now_us += courier_pace_take_us(&pace, SMALL, now_us);
	assert_true(now_us - began_us > 10 * SECOND_US);
}

static void what_comes_in_below_it_never_waits(void **state)
{
	struct courier_pace pace = { .bytes_per_s = RATE };
	(void)state;
	for (int64_t now_us = SECOND_US; now_us < 600 * SECOND_US; now_us += SECOND_US)
		assert_int_equal(courier_pace_take_us(&pace, LARGE, now_us), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_bound_nothing_waits),
		cmocka_unit_test(an_outage_is_caught_up_at_that_rate),
		cmocka_unit_test(many_small_ones_are_bounded_too),
		cmocka_unit_test(what_comes_in_below_it_never_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
