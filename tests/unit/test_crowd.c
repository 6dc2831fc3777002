/*
 * test_crowd.c: one odd series of a host is nothing, several at once are one event.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limit/crowd.h"

enum { SECOND_US = 1000 * 1000, HOST_SERIES = 12 };

static const struct crowd_rule RULE = {
	.least = 3,
	.share = 0.1,
	.window_us = INT64_C(600) * SECOND_US,
};

static struct crowd crowd;
static struct crowd_event event;

static bool mark(uint32_t series, int64_t second)
{
	return crowd_take(&crowd, &RULE, series, HOST_SERIES, second * SECOND_US,
			  &event);
}

static int begin(void **state)
{
	(void)state;
	crowd = (struct crowd){ 0 };
	event = (struct crowd_event){ 0 };
	return 0;
}

static void the_kth_series_within_the_window_makes_one_event(void **state)
{
	(void)state;
	assert_false(mark(7, 1000));
	assert_false(mark(3, 1300));
	assert_true(mark(5, 1600));
	assert_int_equal(event.count, 3);
	assert_int_equal(event.of, HOST_SERIES);
	assert_int_equal(event.first_us, INT64_C(1000) * SECOND_US);
	assert_int_equal(event.last_us, INT64_C(1600) * SECOND_US);
	assert_int_equal(event.marks[0].series, 7);
	assert_int_equal(event.marks[1].series, 3);
	assert_int_equal(event.marks[2].series, 5);
}

static void the_same_series_again_is_one_series(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		assert_false(mark(1 + i % 2, 1000 + i));
}

static void marks_further_apart_than_the_window_are_no_crowd(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < HOST_SERIES; i++)
		assert_false(mark(i, 1000 + 301 * (int64_t)i));
}

static void one_event_until_the_host_was_calm_for_a_window(void **state)
{
	(void)state;
	mark(1, 1000);
	mark(2, 1000);
	assert_true(mark(3, 1000));
	assert_false(mark(4, 1500));
	assert_false(mark(5, 2000));
	assert_true(crowd_is_open(&crowd, &RULE, INT64_C(2100) * SECOND_US));
	assert_false(crowd_is_open(&crowd, &RULE, INT64_C(2701) * SECOND_US));
	mark(1, 4000);
	mark(2, 4000);
	assert_true(mark(3, 4000));
}

static void the_oldest_comes_first_whatever_order_they_are_told_in(void **state)
{
	(void)state;
	mark(1, 1010);
	mark(2, 1005);
	assert_true(mark(3, 1007));
	assert_int_equal(event.marks[0].series, 2);
	assert_int_equal(event.marks[1].series, 3);
	assert_int_equal(event.marks[2].series, 1);
}

static void of_many_series_a_share_is_needed(void **state)
{
	uint32_t told = 0;
	(void)state;
	for (uint32_t i = 0; i < 100 && told == 0; i++) {
		if (crowd_take(&crowd, &RULE, i, 100, SECOND_US, &event))
			told = i + 1;
	}
	assert_int_equal(told, 10);
}

static void a_host_of_any_size_can_have_a_crowd(void **state)
{
	bool is_told = false;
	(void)state;
	for (uint32_t i = 0; i < 2 * CROWD_MARKS; i++)
		is_told |= crowd_take(&crowd, &RULE, i, UINT32_MAX, SECOND_US, &event);
	assert_true(is_told);
	assert_int_equal(event.count, CROWD_MARKS);
	assert_int_equal(crowd.count, CROWD_MARKS);
}

static void a_clock_that_is_set_back_does_not_silence_the_host(void **state)
{
	(void)state;
	mark(1, 100000);
	mark(2, 100000);
	assert_true(mark(3, 100000));
	mark(1, 50000);
	mark(2, 50000);
	assert_true(mark(3, 50000));
	assert_int_equal(event.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_kth_series_within_the_window_makes_one_event,
				       begin),
		cmocka_unit_test_setup(the_same_series_again_is_one_series, begin),
		cmocka_unit_test_setup(marks_further_apart_than_the_window_are_no_crowd,
				       begin),
		cmocka_unit_test_setup(one_event_until_the_host_was_calm_for_a_window,
				       begin),
		cmocka_unit_test_setup(
			the_oldest_comes_first_whatever_order_they_are_told_in, begin),
		cmocka_unit_test_setup(of_many_series_a_share_is_needed, begin),
		cmocka_unit_test_setup(a_host_of_any_size_can_have_a_crowd, begin),
		cmocka_unit_test_setup(
			a_clock_that_is_set_back_does_not_silence_the_host, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
