/*
 * test_anomaly.c: what was not seen before is odd, once, whatever the interval; what
 * clocks, holes and broken values do is not.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../bench/random.h"
#include "limit/anomaly.h"

enum {
	MINUTE_S = 60,
	HOUR_S = 3600,
	DAY_S = 86400,
	MARKS_MAX = 6, /* by chance, in a month or two */
};

static const int64_t SECOND_US = 1000 * 1000;

/* A series, and the time that it has come to. */
static struct anomaly series;
static int64_t now_s;

static int begin(void **state)
{
	(void)state;
	series = (struct anomaly){ 0 };
	now_s = INT64_C(1700006400);
	return 0;
}

/* From 90 to 110, by chance, but the same ones each time. */
static double calm(int64_t number)
{
	uint64_t state = (uint64_t)number;
	return 90 + 20 * random_unit(&state);
}

static double take(double value, int64_t step_s)
{
	now_s += step_s;
	return anomaly_take(&series, now_s * SECOND_US, value);
}

/* How many of these calm values are marks. */
static int marks_in_calm(int64_t seconds, int64_t step_s)
{
	int marks = 0;
	for (int64_t i = 0; i < seconds / step_s; i++)
		marks += take(calm(i), step_s) >= ANOMALY_MARK;
	return marks;
}

/* The highest score while a value lasts. */
static double highest(double value, int64_t seconds, int64_t step_s)
{
	double most = 0;
	for (int64_t i = 0; i < seconds / step_s; i++)
		most = fmax(most, take(value, step_s));
	return most;
}

static void a_new_series_says_nothing(void **state)
{
	(void)state;
	assert_float_equal(highest(5, DAY_S / 2, MINUTE_S), 0, 0);
	assert_float_equal(highest(5000, DAY_S, MINUTE_S), 0, 0);
}

static void a_calm_series_has_few_marks(void **state)
{
	(void)state;
	assert_in_range(marks_in_calm(INT64_C(60) * DAY_S, MINUTE_S), 0, MARKS_MAX);
}

static void what_is_far_out_of_the_range_is_a_mark_at_any_interval(void **state)
{
	const int64_t steps_s[] = { 1, 7, 30, MINUTE_S, 300, HOUR_S, DAY_S };
	(void)state;
	for (size_t i = 0; i < sizeof(steps_s) / sizeof(steps_s[0]); i++) {
		int64_t step_s = steps_s[i], days_s = 3 * DAY_S;
		int64_t lasts_s = 2 * (step_s > MINUTE_S ? step_s : MINUTE_S);
		if (step_s == DAY_S)
			days_s = INT64_C(60) * DAY_S;
		for (int up = 0; up < 2; up++) {
			begin(NULL);
			marks_in_calm(days_s, step_s);
			assert_true(highest(up ? 160 : 40, lasts_s, step_s) >=
				    ANOMALY_MARK);
		}
	}
}

/* 108 is within the range, but calm values come to 100. */
static void what_lasts_is_odd_though_no_value_is(void **state)
{
	(void)state;
	marks_in_calm(3 * DAY_S, MINUTE_S);
	assert_true(take(108, MINUTE_S) < ANOMALY_MARK);
	assert_true(highest(108, HOUR_S, MINUTE_S) >= ANOMALY_MARK);
}

static void a_few_values_are_no_experience_however_long_they_took(void **state)
{
	(void)state;
	marks_in_calm(INT64_C(20) * DAY_S, DAY_S);
	assert_float_equal(take(5000, DAY_S), 0, 0);
}

static void what_comes_every_second_is_judged_by_the_minute(void **state)
{
	(void)state;
	marks_in_calm(3 * DAY_S, 1);
	uint32_t before = series.judged;
	marks_in_calm(600, 1);
	assert_in_range(series.judged - before, 9, 11);
}

static void the_same_again_is_not_told_again(void **state)
{
	(void)state;
	marks_in_calm(3 * DAY_S, MINUTE_S);
	assert_true(take(200, MINUTE_S) >= ANOMALY_MARK);
	marks_in_calm(HOUR_S, MINUTE_S);
	assert_true(take(200, MINUTE_S) < ANOMALY_MARK);
	assert_true(take(400, MINUTE_S) >= ANOMALY_MARK);
}

static void a_new_level_is_told_once(void **state)
{
	int marks = 0;
	(void)state;
	marks_in_calm(3 * DAY_S, MINUTE_S);
	for (int64_t i = 0; i < 5 * DAY_S / MINUTE_S; i++)
		marks += take(500 + calm(i), MINUTE_S) >= ANOMALY_MARK;
	assert_in_range(marks, 1, 3);
}

static void after_months_it_is_odd_again(void **state)
{
	(void)state;
	marks_in_calm(3 * DAY_S, MINUTE_S);
	take(200, MINUTE_S);
	marks_in_calm(INT64_C(120) * DAY_S, MINUTE_S);
	assert_true(take(200, MINUTE_S) >= ANOMALY_MARK);
}

/* 1000 by day, 10 by night. */
static double by_day(int64_t at_s)
{
	double wave = (double)(at_s / MINUTE_S * 7 % 21);
	return at_s % DAY_S >= 8 * HOUR_S && at_s % DAY_S < 20 * HOUR_S ? 1000 + wave
									: 10 + wave;
}

static void what_is_usual_by_day_is_odd_by_night(void **state)
{
	int marks = 0;
	(void)state;
	for (int64_t i = 0; i < 10 * DAY_S / MINUTE_S; i++)
		marks += take(by_day(now_s + MINUTE_S), MINUTE_S) >= ANOMALY_MARK;
	assert_int_equal(marks, 0);
	while (now_s % DAY_S != 3 * HOUR_S)
		take(by_day(now_s + MINUTE_S), MINUTE_S);
	assert_true(highest(1000, 2 * MINUTE_S, MINUTE_S) >= ANOMALY_MARK);
}

static void a_flat_series_shows_its_first_change_and_no_rounding(void **state)
{
	(void)state;
	highest(100, 3 * DAY_S, MINUTE_S);
	assert_true(take(100.001, MINUTE_S) < ANOMALY_MARK);
	assert_true(take(200, MINUTE_S) >= ANOMALY_MARK);
}

static void what_is_no_number_changes_nothing(void **state)
{
	const double broken[] = { NAN, INFINITY, -INFINITY };
	struct anomaly before;
	(void)state;
	marks_in_calm(3 * DAY_S, MINUTE_S);
	memcpy(&before, &series, sizeof(before));
	for (size_t i = 0; i < 3; i++)
		assert_float_equal(take(broken[i], MINUTE_S), 0, 0);
	assert_memory_equal(&before, &series, sizeof(before));
}

static void the_greatest_numbers_do_no_harm(void **state)
{
	uint8_t saved[ANOMALY_SAVED_LEN];
	(void)state;
	for (int i = 0; i < 10000; i++) {
		double score = take(i % 2 ? 1.7e308 : -1.7e308, MINUTE_S);
		assert_true(score >= 0 && score <= 1);
	}
	anomaly_save(&series, saved);
	assert_true(anomaly_restore(&series, saved, sizeof(saved)));
}

static void a_hole_is_neither_odd_nor_experience(void **state)
{
	(void)state;
	marks_in_calm(DAY_S, MINUTE_S);
	now_s += INT64_C(20) * HOUR_S;
	assert_true(take(5000, MINUTE_S) == 0);
	begin(NULL);
	marks_in_calm(5 * DAY_S, MINUTE_S);
	now_s += INT64_C(90) * DAY_S;
	assert_int_equal(marks_in_calm(5 * DAY_S, MINUTE_S), 0);
	assert_true(take(300, MINUTE_S) >= ANOMALY_MARK);
}

static void missing_values_change_little(void **state)
{
	int marks = 0;
	(void)state;
	for (int64_t i = 0; i < INT64_C(30) * DAY_S / MINUTE_S; i++)
		marks += take(i % 3 ? calm(i) : NAN, MINUTE_S) >= ANOMALY_MARK;
	assert_in_range(marks, 0, MARKS_MAX);
	assert_true(highest(300, 2 * MINUTE_S, MINUTE_S) >= ANOMALY_MARK);
}

static void a_clock_that_is_set_goes_on(void **state)
{
	const int64_t steps_s[] = { -1, -HOUR_S, -365 * DAY_S, 365 * DAY_S };
	(void)state;
	for (size_t i = 0; i < sizeof(steps_s) / sizeof(steps_s[0]); i++) {
		begin(NULL);
		marks_in_calm(3 * DAY_S, MINUTE_S);
		now_s += steps_s[i];
		assert_int_equal(marks_in_calm(DAY_S, MINUTE_S), 0);
		assert_true(take(300, MINUTE_S) >= ANOMALY_MARK);
	}
}

static void one_that_stands_or_jitters_never_divides_by_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		double score = take(calm(i), i % 3 - 1);
		assert_true(score >= 0 && score <= 1);
	}
}

static void what_is_saved_goes_on_as_if_nothing_had_been(void **state)
{
	uint8_t saved[ANOMALY_SAVED_LEN];
	struct anomaly other;
	(void)state;
	marks_in_calm(3 * DAY_S, 20);
	take(120, 20);
	anomaly_save(&series, saved);
	assert_true(anomaly_restore(&other, saved, sizeof(saved)));
	for (int i = 0; i < 1000; i++) {
		double value = calm(i) + i / 10.0;
		double score = take(value, 20);
		assert_float_equal(anomaly_take(&other, now_s * SECOND_US, value),
				   score, 0);
	}
}

static void what_is_not_saved_by_us_is_a_new_series(void **state)
{
	uint8_t saved[ANOMALY_SAVED_LEN];
	const struct anomaly none = { 0 };
	(void)state;
	marks_in_calm(3 * DAY_S, MINUTE_S);
	anomaly_save(&series, saved);
	assert_false(anomaly_restore(&series, saved, sizeof(saved) - 1));
	assert_false(anomaly_restore(&series, NULL, 0));
	saved[0]++;
	assert_false(anomaly_restore(&series, saved, sizeof(saved)));
	saved[0]--;
	series.smooth = NAN;
	anomaly_save(&series, saved);
	assert_false(anomaly_restore(&series, saved, sizeof(saved)));
	assert_memory_equal(&series, &none, sizeof(none));
	series.last_us = INT64_MIN;
	anomaly_save(&series, saved);
	assert_false(anomaly_restore(&series, saved, sizeof(saved)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_new_series_says_nothing, begin),
		cmocka_unit_test_setup(a_calm_series_has_few_marks, begin),
		cmocka_unit_test_setup(
			what_is_far_out_of_the_range_is_a_mark_at_any_interval, begin),
		cmocka_unit_test_setup(what_lasts_is_odd_though_no_value_is, begin),
		cmocka_unit_test_setup(
			a_few_values_are_no_experience_however_long_they_took, begin),
		cmocka_unit_test_setup(what_comes_every_second_is_judged_by_the_minute,
				       begin),
		cmocka_unit_test_setup(the_same_again_is_not_told_again, begin),
		cmocka_unit_test_setup(a_new_level_is_told_once, begin),
		cmocka_unit_test_setup(after_months_it_is_odd_again, begin),
		cmocka_unit_test_setup(what_is_usual_by_day_is_odd_by_night, begin),
		cmocka_unit_test_setup(
			a_flat_series_shows_its_first_change_and_no_rounding, begin),
		cmocka_unit_test_setup(what_is_no_number_changes_nothing, begin),
		cmocka_unit_test_setup(the_greatest_numbers_do_no_harm, begin),
		cmocka_unit_test_setup(a_hole_is_neither_odd_nor_experience, begin),
		cmocka_unit_test_setup(missing_values_change_little, begin),
		cmocka_unit_test_setup(a_clock_that_is_set_goes_on, begin),
		cmocka_unit_test_setup(
			one_that_stands_or_jitters_never_divides_by_nothing, begin),
		cmocka_unit_test_setup(what_is_saved_goes_on_as_if_nothing_had_been,
				       begin),
		cmocka_unit_test_setup(what_is_not_saved_by_us_is_a_new_series, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
