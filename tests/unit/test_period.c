/*
 * test_period.c: months, quarters and the rest, by the clock on the wall, which is set
 * twice a year and by people.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/period.h"
#include "base/when.h"
#include "record/record.h"

#define HOUR_US (3600 * INT64_C(1000000))
#define BERLIN  "CET-1CEST,M3.5.0,M10.5.0/3"
/* The clock jumps from 00:00 to 01:00, and from 01:00 to 00:00. */
#define MIDNIGHT "XST3XDT,M10.3.0/0,M2.3.0/1"

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static int64_t at(const char *text)
{
	int64_t us = 0;
	if (!time_parse(text, &us))
		fail_msg("%s is no time", text);
	return us;
}

static void assert_time(int64_t us, const char *text)
{
	char said[TIME_TEXT_MAX];
	record_time_text(us, said);
	if (us != at(text))
		fail_msg("%s, not %s", said, text);
}

static void assert_last(enum period_kind kind, const char *now, const char *since,
			const char *until, const char *name)
{
	char said[PERIOD_NAME_MAX];
	struct period period = period_last(kind, 0, at(now));
	assert_time(period.since_us, since);
	assert_time(period.until_us, until);
	period_name(kind, &period, said);
	assert_string_equal(said, name);
}

static void each_kind_is_of_the_calendar(void **state)
{
	(void)state;
	set_zone("UTC0");
	assert_last(PERIOD_DAY, "2026-03-01T00:00:00Z", "2026-02-28T00:00:00Z",
		    "2026-03-01T00:00:00Z", "2026-02-28");
	assert_last(PERIOD_WEEK, "2026-11-26T12:00:00Z", "2026-11-16T00:00:00Z",
		    "2026-11-23T00:00:00Z", "2026-W47");
	assert_last(PERIOD_MONTH, "2026-01-31T23:59:59Z", "2025-12-01T00:00:00Z",
		    "2026-01-01T00:00:00Z", "2025-12");
	assert_last(PERIOD_QUARTER, "2026-02-10T00:00:00Z", "2025-10-01T00:00:00Z",
		    "2026-01-01T00:00:00Z", "2025-Q4");
	assert_last(PERIOD_YEAR, "2026-12-31T23:59:59Z", "2025-01-01T00:00:00Z",
		    "2026-01-01T00:00:00Z", "2025");
}

static void a_leap_year_has_a_longer_february(void **state)
{
	(void)state;
	set_zone("UTC0");
	assert_last(PERIOD_MONTH, "2028-03-01T00:00:00Z", "2028-02-01T00:00:00Z",
		    "2028-03-01T00:00:00Z", "2028-02");
	assert_last(PERIOD_DAY, "2028-03-01T08:00:00Z", "2028-02-29T00:00:00Z",
		    "2028-03-01T00:00:00Z", "2028-02-29");
	/* From the 31st a month back there is no 31st. */
	assert_last(PERIOD_MONTH, "2028-05-31T10:00:00Z", "2028-04-01T00:00:00Z",
		    "2028-05-01T00:00:00Z", "2028-04");
}

static void a_week_belongs_to_the_year_that_has_its_thursday(void **state)
{
	(void)state;
	set_zone("UTC0");
	assert_last(PERIOD_WEEK, "2027-01-04T00:00:00Z", "2026-12-28T00:00:00Z",
		    "2027-01-04T00:00:00Z", "2026-W53");
}

static void it_is_due_at_its_time_of_day_and_not_before(void **state)
{
	(void)state;
	unsigned six = 0;
	set_zone("UTC0");
	assert_true(period_minute("06:00", &six));
	struct period before =
		period_last(PERIOD_MONTH, six, at("2026-11-01T05:59:59Z"));
	assert_time(before.until_us, "2026-10-01T00:00:00Z");
	struct period then = period_last(PERIOD_MONTH, six, at("2026-11-01T06:00:00Z"));
	assert_time(then.until_us, "2026-11-01T00:00:00Z");
	assert_time(then.due_us, "2026-11-01T06:00:00Z");
	assert_time(period_next_due_us(PERIOD_MONTH, six, at("2026-11-01T05:59:59Z")),
		    "2026-11-01T06:00:00Z");
	assert_time(period_next_due_us(PERIOD_MONTH, six, at("2026-11-01T06:00:00Z")),
		    "2026-12-01T06:00:00Z");
}

static void days_on_which_the_clock_is_set_are_longer_or_shorter(void **state)
{
	(void)state;
	set_zone(BERLIN);
	struct period spring = period_last(PERIOD_DAY, 0, at("2026-03-30T10:00:00Z"));
	assert_time(spring.since_us, "2026-03-28T23:00:00Z");
	assert_int_equal(spring.until_us - spring.since_us, 23 * HOUR_US);
	struct period autumn = period_last(PERIOD_DAY, 0, at("2026-10-26T10:00:00Z"));
	assert_int_equal(autumn.until_us - autumn.since_us, 25 * HOUR_US);
	struct period month = period_last(PERIOD_MONTH, 0, at("2026-11-10T10:00:00Z"));
	assert_time(month.since_us, "2026-09-30T22:00:00Z");
	assert_time(month.until_us, "2026-10-31T23:00:00Z");
}

/* 02:30 is not on 29 March, and twice on 25 October. */
static void a_time_that_the_clock_jumps_over_comes_right_after(void **state)
{
	(void)state;
	unsigned minute = 0;
	set_zone(BERLIN);
	assert_true(period_minute("02:30", &minute));
	assert_time(period_next_due_us(PERIOD_DAY, minute, at("2026-03-29T00:00:00Z")),
		    "2026-03-29T01:30:00Z");
	assert_time(period_next_due_us(PERIOD_DAY, minute, at("2026-10-24T23:00:00Z")),
		    "2026-10-25T00:30:00Z");
	/* The second time that the clock shows it, it was due an hour ago. */
	struct period last =
		period_last(PERIOD_DAY, minute, at("2026-10-25T01:30:00Z"));
	assert_time(last.due_us, "2026-10-25T00:30:00Z");
}

static void midnight_may_be_missing_or_come_twice(void **state)
{
	(void)state;
	set_zone(MIDNIGHT);
	/* Sunday 18 October begins at 01:00. */
	assert_last(PERIOD_DAY, "2026-10-19T12:00:00Z", "2026-10-18T03:00:00Z",
		    "2026-10-19T02:00:00Z", "2026-10-18");
	/* Sunday 15 February has its first hour twice. */
	assert_last(PERIOD_DAY, "2026-02-16T12:00:00Z", "2026-02-15T02:00:00Z",
		    "2026-02-16T03:00:00Z", "2026-02-15");
}

static void periods_follow_one_another_without_a_gap(void **state)
{
	(void)state;
	static const char *const zones[] = { "UTC0", BERLIN, MIDNIGHT,
					     "LHST-10:30LHDT-11,M10.1.0,M4.1.0" };
	for (size_t zone = 0; zone < sizeof(zones) / sizeof(zones[0]); zone++) {
		set_zone(zones[zone]);
		for (enum period_kind kind = PERIOD_DAY; kind <= PERIOD_YEAR; kind++) {
			int64_t now_us = at("2025-12-31T20:00:00Z"), until_us = 0;
			for (int step = 0; step < 800; step++) {
				now_us = period_next_due_us(kind, 61, now_us);
				struct period last = period_last(kind, 61, now_us);
				assert_int_equal(last.due_us, now_us);
				assert_true(last.since_us < last.until_us);
				if (until_us != 0)
					assert_int_equal(last.since_us, until_us);
				until_us = last.until_us;
			}
		}
	}
}

static void a_time_of_day_has_two_and_two_digits(void **state)
{
	(void)state;
	static const char *const none[] = { "6:00", "24:00", "06:60", "06.00", "0600",
					    "",     "06:0x", "-1:00", "06:000" };
	unsigned minute = 7;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(period_minute(none[i], &minute));
	assert_int_equal(minute, 7);
	assert_true(period_minute("23:59", &minute));
	assert_int_equal(minute, 1439);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_of_the_calendar),
		cmocka_unit_test(a_leap_year_has_a_longer_february),
		cmocka_unit_test(a_week_belongs_to_the_year_that_has_its_thursday),
		cmocka_unit_test(it_is_due_at_its_time_of_day_and_not_before),
		cmocka_unit_test(days_on_which_the_clock_is_set_are_longer_or_shorter),
		cmocka_unit_test(a_time_that_the_clock_jumps_over_comes_right_after),
		cmocka_unit_test(midnight_may_be_missing_or_come_twice),
		cmocka_unit_test(periods_follow_one_another_without_a_gap),
		cmocka_unit_test(a_time_of_day_has_two_and_two_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
