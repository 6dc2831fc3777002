/*
 * test_forecast.c: forecasts of series whose future is known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit/capacity.h"
#include "limit/forecast_record.h"

enum { DAY = 24, WEEK = 168, MONTH = 4 * WEEK };

static double hours[FORECAST_HOURS_MAX + WEEK];
static struct forecast told;

static const struct forecast *forecast(size_t count, size_t ahead, double limit)
{
	static struct forecast_room *room;
	if (room == NULL)
		room = forecast_room_new();
	assert_non_null(room);
	const struct forecast_question question = { .hours = hours,
						    .count = count,
						    .ahead = ahead,
						    .limit = limit,
						    .least = 0,
						    .most = INFINITY };
	forecast_make(room, &question, &told);
	return &told;
}

static double noise(void)
{
	static uint32_t state = 1;
	state = state * 1664525u + 1013904223u;
	return (double)(state >> 8) / (1 << 24) - 0.5;
}

static double by_day(size_t hour)
{
	return 10 * sin(2 * M_PI * (double)(hour % DAY) / DAY);
}

static void assert_near(double value, double wanted, double tolerance)
{
	if (!(fabs(value - wanted) <= tolerance))
		fail_msg("%f, not %f", value, wanted);
}

static void what_never_changes_stays(void **state)
{
	(void)state;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = 7;
	const struct forecast *f = forecast(MONTH, WEEK, 8);
	assert_int_equal(f->hidden, FORECAST_SHOWN);
	assert_int_equal(f->ahead, WEEK);
	assert_near(f->at[0], 7, 0);
	assert_near(f->low[WEEK - 1], 7, 0);
	assert_near(f->high[WEEK - 1], 7, 0);
	assert_true(isnan(f->skill));
	assert_true(f->probability < 0.05);
	assert_true(isnan(f->crosses));
}

static void a_line_crosses_when_it_crosses(void **state)
{
	(void)state;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = 100 + 0.1 * (double)i + noise();
	/* 167.1 now; 180 is 129 hours ahead. */
	const struct forecast *f = forecast(MONTH, 2 * WEEK, 180);
	assert_int_equal(f->hidden, FORECAST_SHOWN);
	assert_true(f->skill > 0.8);
	assert_true(f->probability > 0.9);
	assert_near(f->crosses, 129, 12);
	assert_true(f->crosses_low <= f->crosses && f->crosses <= f->crosses_high);
	assert_near(f->at[2 * WEEK - 1], 100 + 0.1 * (MONTH + 2 * WEEK), 1.5);
	f = forecast(MONTH, 2 * WEEK, 230);
	assert_true(f->probability < 0.1);
}

static void a_day_comes_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = 50 + by_day(i) + noise();
	const struct forecast *f = forecast(MONTH, WEEK, 65);
	assert_int_equal(f->hidden, FORECAST_SHOWN);
	for (size_t h = 0; h < WEEK; h++)
		assert_near(f->at[h], 50 + by_day(MONTH + h), 1.5);
	assert_true(f->probability < 0.05);
	f = forecast(MONTH, WEEK, 59);
	assert_true(f->probability > 0.9);
	assert_true(f->crosses <= DAY);
}

static void a_weekend_is_quiet_next_week_too(void **state)
{
	(void)state;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = i % WEEK >= 5 * DAY ? 5 : 50 + by_day(i);
	const struct forecast *f = forecast(MONTH, WEEK, NAN);
	assert_int_equal(f->hidden, FORECAST_SHOWN);
	assert_near(f->at[6 * DAY], 5, 0.5);
	assert_near(f->at[2 * DAY + 6], 60, 0.5);
	assert_true(isnan(f->probability));
}

static void a_night_spike_each_night_is_no_spike(void **state)
{
	(void)state;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = i % DAY == 3 ? 500 : 5 + noise();
	const struct forecast *f = forecast(MONTH, 2 * DAY, NAN);
	assert_near(f->at[3], 500, 1);
	assert_near(f->at[4], 5, 1);
}

static void spikes_bend_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = 50 + by_day(i) + noise();
	hours[200] = hours[431] = hours[MONTH - 30] = 5000;
	const struct forecast *f = forecast(MONTH, WEEK, 100);
	for (size_t h = 0; h < WEEK; h++)
		assert_near(f->high[h], 50 + by_day(MONTH + h), 4);
	assert_true(f->probability < 0.05);
}

static void gaps_are_not_zeros(void **state)
{
	(void)state;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = 50 + by_day(i) + noise();
	for (size_t i = 300; i < 340; i++)
		hours[i] = NAN;
	hours[MONTH - 1] = hours[MONTH - 2] = hours[10] = NAN;
	const struct forecast *f = forecast(MONTH, WEEK, NAN);
	assert_int_equal(f->hidden, FORECAST_SHOWN);
	for (size_t h = 0; h < WEEK; h++)
		assert_near(f->at[h], 50 + by_day(MONTH + h), 2.5);
}

/* Of the last week only its begin and six hours are known. */
static void what_was_missed_is_as_the_week_before(void **state)
{
	(void)state;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = 50 + by_day(i) + noise();
	for (size_t i = MONTH - 6 * DAY; i < MONTH - 6; i++)
		hours[i] = NAN;
	const struct forecast *f = forecast(MONTH, DAY, NAN);
	assert_int_equal(f->hidden, FORECAST_SHOWN);
	for (size_t h = 0; h < DAY; h++)
		assert_near(f->at[h], 50 + by_day(MONTH + h), 2);
}

static void what_is_over_its_limit_is_told_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = 50 + by_day(i) + noise() - (i < MONTH - 3 ? 0 : 20);
	const struct forecast *f = forecast(MONTH, WEEK, 20);
	assert_near(f->probability, 1, 0);
	assert_near(f->crosses, 0, 0);
	assert_near(f->crosses_high, 0, 0);
}

static void without_enough_history_nothing_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = NAN;
	assert_int_equal(forecast(MONTH, WEEK, 1)->hidden, FORECAST_TOO_SHORT);
	assert_true(isnan(told.now));
	assert_int_equal(forecast(0, WEEK, 1)->hidden, FORECAST_TOO_SHORT);
	for (size_t i = MONTH - 2 * DAY; i < MONTH; i++)
		hours[i] = by_day(i);
	assert_int_equal(forecast(MONTH, WEEK, 1)->hidden, FORECAST_TOO_SHORT);
	assert_string_equal(forecast_hidden_why(told.hidden),
			    "less than three days of history");
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = i % 3 == 0 ? by_day(i) : NAN;
	assert_int_equal(forecast(MONTH, WEEK, 1)->hidden, FORECAST_TOO_FEW);
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = i < MONTH - DAY ? by_day(i) : NAN;
	assert_int_equal(forecast(MONTH, WEEK, 1)->hidden, FORECAST_TOO_OLD);
}

static void three_days_are_enough_for_a_day_and_a_half(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3 * DAY; i++)
		hours[i] = 50 + by_day(i) + noise();
	const struct forecast *f = forecast(3 * DAY, WEEK, NAN);
	assert_int_equal(f->hidden, FORECAST_SHOWN);
	assert_int_equal(f->ahead, 36);
	for (size_t h = 0; h < f->ahead; h++)
		assert_near(f->at[h], 50 + by_day(h), 2.5);
}

/* Of fifty walks that nobody can foretell, few may look as if. */
static void a_random_walk_is_not_foretold(void **state)
{
	unsigned shown = 0;
	(void)state;
	for (int walk = 0; walk < 50; walk++) {
		hours[0] = 1000;
		for (size_t i = 1; i < MONTH; i++)
			hours[i] = hours[i - 1] + noise();
		shown += forecast(MONTH, WEEK, NAN)->hidden == FORECAST_SHOWN;
	}
	if (shown > 15)
		fail_msg("%u of 50 are shown", shown);
}

static void more_history_than_is_looked_at_is_cut(void **state)
{
	(void)state;
	const size_t count = FORECAST_HOURS_MAX + WEEK;
	for (size_t i = 0; i < count; i++)
		hours[i] = 50 + by_day(i) + noise();
	const struct forecast *f = forecast(count, 10 * FORECAST_AHEAD_MAX, 100);
	assert_int_equal(f->hours, FORECAST_HOURS_MAX);
	assert_int_equal(f->ahead, FORECAST_AHEAD_MAX);
	assert_near(f->at[FORECAST_AHEAD_MAX - 1],
		    50 + by_day(count + FORECAST_AHEAD_MAX - 1), 2);
}

static void a_share_stays_between_none_and_all(void **state)
{
	(void)state;
	struct forecast_room *room = forecast_room_new();
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = fmax(0, 0.5 - 0.001 * (double)i + 0.1 * noise());
	const struct forecast_question question = { hours, MONTH, WEEK, NAN, 0, 1 };
	forecast_make(room, &question, &told);
	for (size_t h = 0; h < told.ahead; h++) {
		assert_true(told.low[h] >= 0 && told.low[h] <= told.at[h]);
		assert_true(told.high[h] >= told.at[h] && told.high[h] <= 1);
	}
	forecast_room_free(room);
}

static void the_record_has_times_and_room(void **state)
{
	(void)state;
	const int64_t hour_us = INT64_C(3600000000), at_us = 1700000 * hour_us / 3600;
	struct forecast_record record;
	for (size_t i = 0; i < MONTH; i++)
		hours[i] = 100 + 0.1 * (double)i;
	const struct forecast_question question = { hours, MONTH, 2 * WEEK,
						    180,   0,     INFINITY };
	const struct forecast *f = forecast(MONTH, 2 * WEEK, 180);
	record_init(RECORD_forecast, &record);
	forecast_tell(f, &question, at_us, &record);
	assert_int_equal(record.at, at_us);
	assert_near((double)(record.crosses_at - at_us) / (double)hour_us, 129, 12);
	assert_true(forecast_is_bad(&record));
	assert_near(record.headroom_ratio, 0, 0);
	assert_int_equal(record.horizon_s, 2 * WEEK * 3600);
	assert_string_equal(record.hidden, "");
}

static void a_certificate_ends_when_it_says(void **state)
{
	(void)state;
	const int64_t day_us = INT64_C(86400000000), at_us = 20000 * day_us;
	struct forecast_record record;
	record_init(RECORD_forecast, &record);
	forecast_tell_end(at_us + 30 * day_us, 21 * 86400, at_us, 14 * 86400, &record);
	assert_int_equal(record.crosses_at, at_us + 9 * day_us);
	assert_near(record.probability, 1, 0);
	record_init(RECORD_forecast, &record);
	forecast_tell_end(at_us + 90 * day_us, 21 * 86400, at_us, 14 * 86400, &record);
	assert_near(record.probability, 0, 0);
	assert_false(forecast_is_bad(&record));
	record_init(RECORD_forecast, &record);
	forecast_tell_end(at_us - day_us, 21 * 86400, at_us, 14 * 86400, &record);
	assert_int_equal(record.crosses_at, at_us);
	assert_near(record.headroom_ratio, 0, 0);
}

static void capacity_knows_the_busiest_hour(void **state)
{
	(void)state;
	static double bytes[2 * WEEK], flows[2 * WEEK];
	/* 2023-11-13T00:00:00Z was a Monday. */
	const int64_t monday_us = INT64_C(1699833600000000);
	struct capacity_record c;
	for (size_t i = 0; i < WEEK * 2; i++) {
		bytes[i] = i % WEEK == 38 ? 500 : i % WEEK == 100 ? 0 : 100;
		flows[i] = i < WEEK ? 1 : 0;
	}
	bytes[5] = NAN;
	const struct capacity_hours all = { bytes, flows, WEEK * 2,
					    monday_us + 2 * WEEK * INT64_C(3600000000),
					    1000 };
	record_init(RECORD_capacity, &c);
	capacity_tell(&all, &c);
	assert_int_equal(c.busiest_hour, 38);
	assert_int_equal(c.busiest_bytes, 500);
	assert_int_equal(c.quietest_hour, 100);
	assert_near(c.headroom_ratio, 0.5, 1e-9);
	assert_near(c.idle_ratio, 0.5, 1e-9);
	assert_int_equal(c.last_used, monday_us + (WEEK - 1) * INT64_C(3600000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_never_changes_stays),
		cmocka_unit_test(a_line_crosses_when_it_crosses),
		cmocka_unit_test(a_day_comes_again),
		cmocka_unit_test(a_weekend_is_quiet_next_week_too),
		cmocka_unit_test(a_night_spike_each_night_is_no_spike),
		cmocka_unit_test(spikes_bend_nothing),
		cmocka_unit_test(gaps_are_not_zeros),
		cmocka_unit_test(what_was_missed_is_as_the_week_before),
		cmocka_unit_test(what_is_over_its_limit_is_told_at_once),
		cmocka_unit_test(without_enough_history_nothing_is_told),
		cmocka_unit_test(three_days_are_enough_for_a_day_and_a_half),
		cmocka_unit_test(a_random_walk_is_not_foretold),
		cmocka_unit_test(more_history_than_is_looked_at_is_cut),
		cmocka_unit_test(a_share_stays_between_none_and_all),
		cmocka_unit_test(the_record_has_times_and_room),
		cmocka_unit_test(a_certificate_ends_when_it_says),
		cmocka_unit_test(capacity_knows_the_busiest_hour),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
