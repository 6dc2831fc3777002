/*
 * test_window.c: windows as people write them, on days on which the clock is set, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/when.h"
#include "base/window.h"

static bool holds(const char *text, const char *at)
{
	struct window window;
	int64_t at_us;
	if (!window_parse(text, &window))
		fail_msg("%s was refused", text);
	if (!time_parse(at, &at_us))
		fail_msg("%s is no time", at);
	return window_holds(&window, at_us);
}

static int in_berlin(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return 0;
}

static void the_machines_zone_is_meant_unless_utc_is_said(void **state)
{
	(void)state;
	/* 2026-01-04 is a Sunday. */
	assert_true(holds("Sun 02:00-04:00", "2026-01-04T02:00:00+01:00"));
	assert_true(holds("Sun 02:00-04:00", "2026-01-04T02:59:59Z"));
	assert_false(holds("Sun 02:00-04:00", "2026-01-04T03:00:00Z"));
	assert_false(holds("Sun 02:00-04:00", "2026-01-04T00:59:59Z"));
	assert_false(holds("Sun 02:00-04:00", "2026-01-05T01:30:00Z"));
	assert_true(holds("Sun 02:00-04:00 UTC", "2026-01-04T03:00:00Z"));
	assert_false(holds("Sun 02:00-04:00 UTC", "2026-01-04T01:00:00Z"));
}

static void days_are_lists_and_ranges(void **state)
{
	(void)state;
	assert_true(holds("daily 01:00-01:30", "2026-01-07T01:29:00+01:00"));
	assert_true(holds("mon-fri 09:00-10:00", "2026-01-09T09:00:00+01:00"));
	assert_false(holds("mon-fri 09:00-10:00", "2026-01-10T09:00:00+01:00"));
	assert_true(holds("Sat-Mon 09:00-10:00", "2026-01-11T09:00:00+01:00"));
	assert_false(holds("Sat-Mon 09:00-10:00", "2026-01-13T09:00:00+01:00"));
	assert_true(holds("Monday,Thu 9:00-10:00", "2026-01-08T09:30:00+01:00"));
	assert_true(holds("Monday, Thu 9:00-10:00", "2026-01-05T09:30:00+01:00"));
}

static void a_window_goes_on_over_midnight(void **state)
{
	(void)state;
	const char *window = "Fri 22:00-06:00";
	assert_true(holds(window, "2026-01-09T22:00:00+01:00"));
	assert_true(holds(window, "2026-01-10T05:59:00+01:00"));
	assert_false(holds(window, "2026-01-10T06:00:00+01:00"));
	assert_false(holds(window, "2026-01-10T22:00:00+01:00"));
	assert_false(holds(window, "2026-01-09T05:00:00+01:00"));
	assert_true(holds("Fri 22:00-24:00", "2026-01-09T23:59:59+01:00"));
	assert_false(holds("Fri 22:00-24:00", "2026-01-10T00:00:00+01:00"));
}

/* On 2026-03-29 the clock jumps from 02:00 to 03:00, that is at 01:00 UTC. */
static void what_the_clock_jumps_over_is_where_it_jumped(void **state)
{
	(void)state;
	assert_false(holds("Sun 02:00-04:00", "2026-03-29T00:59:59Z"));
	assert_true(holds("Sun 02:00-04:00", "2026-03-29T01:00:00Z"));
	assert_true(holds("Sun 02:00-04:00", "2026-03-29T01:59:59Z"));
	assert_false(holds("Sun 02:00-04:00", "2026-03-29T02:00:00Z"));
	/* Whole: as long as it would have been. */
	assert_false(holds("Sun 02:10-02:40", "2026-03-29T00:59:59Z"));
	assert_true(holds("Sun 02:10-02:40", "2026-03-29T01:00:00Z"));
	assert_true(holds("Sun 02:10-02:40", "2026-03-29T01:29:59Z"));
	assert_false(holds("Sun 02:10-02:40", "2026-03-29T01:30:00Z"));
	/* Its end alone. */
	assert_true(holds("Sun 01:00-02:30", "2026-03-29T00:59:59Z"));
	assert_false(holds("Sun 01:00-02:30", "2026-03-29T01:00:00Z"));
}

/* On 2026-10-25 it shows 02:00 to 03:00 twice, from 00:00 UTC to 02:00 UTC. */
static void what_the_clock_shows_twice_is_within_both_times(void **state)
{
	(void)state;
	assert_false(holds("Sun 02:30-03:00", "2026-10-25T00:29:59Z"));
	assert_true(holds("Sun 02:30-03:00", "2026-10-25T00:30:00Z"));
	assert_true(holds("Sun 02:30-03:00", "2026-10-25T01:10:00Z"));
	assert_true(holds("Sun 02:30-03:00", "2026-10-25T01:59:59Z"));
	assert_false(holds("Sun 02:30-03:00", "2026-10-25T02:00:00Z"));
	assert_true(holds("Sat 22:00-02:30", "2026-10-25T01:29:00Z"));
	assert_false(holds("Sat 22:00-02:30", "2026-10-25T01:30:00Z"));
}

static void one_that_does_not_come_again_has_a_zone(void **state)
{
	(void)state;
	const char *window = "2026-12-01T22:00Z/2026-12-02T04:00:30+01:00";
	assert_false(holds(window, "2026-12-01T21:59:59Z"));
	assert_true(holds(window, "2026-12-01T22:00:00Z"));
	assert_true(holds(window, "2026-12-02T03:00:29Z"));
	assert_false(holds(window, "2026-12-02T03:00:30Z"));
}

static void what_is_no_window_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"Sun",
		"Sun 02:00",
		"Sun 02:00-02:00",
		"Sun 2-4",
		"Sun 02:00-25:00",
		"Sun 24:00-02:00",
		"Sun 02:60-03:00",
		"Sun 02:5-03:00",
		"Sun 002:05-03:00",
		"Sun",
		"Sun 02:-1-03:00",
		"Sun -2:00-03:00",
		"Sun 02:00-04:00 CET",
		"Sun 02:00-04:00x",
		"Sun,02:00-04:00",
		"Son 02:00-04:00",
		"02:00-04:00",
		"Mon- 02:00-04:00",
		"2026-12-01T22:00/2026-12-02T04:00Z",
		"2026-12-02T22:00Z/2026-12-01T04:00Z",
		"2026-12-01T22:00Z/",
		"/2026-12-01T22:00Z",
		"2026-12-01T22:00Z/2026-12-02T04:00Z/",
	};
	struct window window;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (window_parse(bad[i], &window))
			fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_machines_zone_is_meant_unless_utc_is_said),
		cmocka_unit_test(days_are_lists_and_ranges),
		cmocka_unit_test(a_window_goes_on_over_midnight),
		cmocka_unit_test(what_the_clock_jumps_over_is_where_it_jumped),
		cmocka_unit_test(what_the_clock_shows_twice_is_within_both_times),
		cmocka_unit_test(one_that_does_not_come_again_has_a_zone),
		cmocka_unit_test(what_is_no_window_is_refused),
	};
	return cmocka_run_group_tests(tests, in_berlin, NULL);
}
