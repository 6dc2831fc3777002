/*
 * test_reporting.c: which report is due: once of each period, over restarts, set clocks
 * and failures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/when.h"
#include "cli/reporting.h"

#define MINUTE_US INT64_C(60000000)
#define DAY_US    (24 * 60 * MINUTE_US)

static struct config config;
static struct reporting reporting;
static char folder[] = "/tmp/reporting-XXXXXX";

static int64_t at(const char *text)
{
	int64_t us = 0;
	if (!time_parse(text, &us))
		fail_msg("%s is no time", text);
	return us;
}

/* As after a start, at that time. */
static void start(const char *schedule, int64_t now_us)
{
	struct buf text = { 0 }, errors = { 0 };
	buf_printf(&text, "report: {schedule: [%s]}", schedule);
	config_init(&config);
	if (config_parse(&config, buf_cstr(&text), text.len, "f", &errors) != 0)
		fail_msg("%s", buf_cstr(&errors));
	reporting = (struct reporting){ .config = &config };
	snprintf(reporting.path, sizeof(reporting.path), "%s/reports.json", folder);
	reporting_recall(&reporting);
	reporting_plan(&reporting, now_us);
	assert_int_equal(reporting_keep(&reporting), 0);
	buf_free(&text);
	buf_free(&errors);
}

static int begin(void **state)
{
	(void)state;
	char path[64];
	setenv("TZ", "UTC0", 1);
	tzset();
	if (folder[strlen(folder) - 1] == 'X' && mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/reports.json", folder);
	unlink(path);
	return 0;
}

/* The period of what is due; 0: nothing is. */
static int64_t due(int64_t now_us, struct reporting_item **item)
{
	struct period period;
	*item = reporting_due(&reporting, now_us, &period);
	return *item != NULL ? period.until_us : 0;
}

static bool nothing_is_due(int64_t now_us)
{
	struct reporting_item *item;
	return due(now_us, &item) == 0;
}

static void is_made(int64_t now_us, const char *until)
{
	struct reporting_item *item;
	assert_int_equal(due(now_us, &item), at(until));
	item->tries++;
	reporting_note_made(item, at(until));
	assert_int_equal(reporting_keep(&reporting), 0);
}

#define MONTHLY "{report: cis, every: month, at: \"06:00\"}"

static void a_new_entry_waits_for_the_next_end(void **state)
{
	(void)state;
	start(MONTHLY, at("2026-11-26T12:00:00Z"));
	assert_true(nothing_is_due(at("2026-11-26T12:00:00Z")));
	assert_true(nothing_is_due(at("2026-12-01T05:59:59Z")));
	is_made(at("2026-12-01T06:00:00Z"), "2026-12-01T00:00:00Z");
	assert_true(nothing_is_due(at("2026-12-01T06:00:01Z")));
}

static void what_was_made_is_not_made_again_after_a_restart(void **state)
{
	(void)state;
	start(MONTHLY, at("2026-11-26T12:00:00Z"));
	is_made(at("2026-12-01T06:00:00Z"), "2026-12-01T00:00:00Z");
	start(MONTHLY, at("2026-12-01T06:01:00Z"));
	assert_true(nothing_is_due(at("2026-12-01T06:01:00Z")));
	is_made(at("2027-01-01T06:00:00Z"), "2027-01-01T00:00:00Z");
}

static void of_what_was_missed_the_last_is_made_once(void **state)
{
	(void)state;
	start(MONTHLY, at("2026-08-10T12:00:00Z"));
	start(MONTHLY, at("2026-12-03T12:00:00Z"));
	is_made(at("2026-12-03T12:00:00Z"), "2026-12-01T00:00:00Z");
	assert_true(nothing_is_due(at("2026-12-03T12:00:01Z")));
}

static void a_clock_that_is_set_back_makes_nothing_twice(void **state)
{
	(void)state;
	start(MONTHLY, at("2026-08-10T12:00:00Z"));
	is_made(at("2026-09-01T06:00:00Z"), "2026-09-01T00:00:00Z");
	is_made(at("2026-10-01T06:00:00Z"), "2026-10-01T00:00:00Z");
	assert_true(nothing_is_due(at("2026-09-30T23:00:00Z")));
	assert_true(nothing_is_due(at("2026-10-01T06:00:00Z")));
	is_made(at("2026-11-01T06:00:00Z"), "2026-11-01T00:00:00Z");
}

/* A wrong clock is in 2030 for a while. */
static void a_clock_that_was_ahead_keeps_nothing_from_being_made(void **state)
{
	(void)state;
	start(MONTHLY, at("2026-08-10T12:00:00Z"));
	is_made(at("2030-02-03T06:00:00Z"), "2030-02-01T00:00:00Z");
	is_made(at("2026-09-01T06:00:00Z"), "2026-09-01T00:00:00Z");
	start("{report: soc2, every: day}", at("2030-01-01T00:00:00Z"));
	assert_true(nothing_is_due(at("2026-09-01T06:00:00Z")));
	is_made(at("2026-09-02T06:00:00Z"), "2026-09-02T00:00:00Z");
}

static void older_than_all_that_is_remembered_was_made(void **state)
{
	(void)state;
	int64_t now_us = at("2026-01-01T12:00:00Z");
	struct reporting_item *item;
	start("{report: cis, every: day}", now_us);
	for (int day = 1; day <= 40; day++) {
		int64_t until_us = due(now_us + day * DAY_US, &item);
		assert_true(until_us != 0);
		reporting_note_made(item, until_us);
	}
	reporting_keep(&reporting);
	start("{report: cis, every: day}", now_us + 40 * DAY_US);
	for (int day = 40; day > 0; day--)
		assert_true(nothing_is_due(now_us + day * DAY_US));
	assert_false(nothing_is_due(now_us + 41 * DAY_US));
}

static void what_fails_is_tried_again_later_and_later(void **state)
{
	(void)state;
	static const int64_t minutes[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	int64_t now_us = at("2026-12-01T06:00:00Z"), until_us;
	struct reporting_item *item;
	start(MONTHLY, at("2026-11-26T12:00:00Z"));
	for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
		until_us = due(now_us, &item);
		assert_int_equal(until_us, at("2026-12-01T00:00:00Z"));
		item->tries++;
		reporting_note_failed(item, until_us, now_us);
		now_us += minutes[i] * MINUTE_US;
		assert_true(nothing_is_due(now_us - 1));
	}
	is_made(now_us, "2026-12-01T00:00:00Z");
	assert_true(nothing_is_due(now_us + DAY_US));
}

/* It would wait for the time that the clock showed before. */
static void a_clock_that_is_set_back_does_not_hold_up_what_failed(void **state)
{
	(void)state;
	struct reporting_item *item;
	start(MONTHLY, at("2026-08-10T12:00:00Z"));
	int64_t until_us = due(at("2026-12-20T06:00:00Z"), &item);
	item->tries++;
	reporting_note_failed(item, until_us, at("2026-12-20T06:00:00Z"));
	assert_true(nothing_is_due(at("2026-12-02T06:00:00Z")));
	is_made(at("2026-12-02T07:00:01Z"), "2026-12-01T00:00:00Z");
}

static void the_next_period_does_not_wait_for_one_that_failed(void **state)
{
	(void)state;
	struct reporting_item *item;
	int64_t now_us = at("2026-12-02T05:59:59Z");
	start("{report: cis, every: day}", at("2026-11-30T12:00:00Z"));
	int64_t until_us = due(now_us, &item);
	item->tries = 9;
	reporting_note_failed(item, until_us, now_us);
	is_made(at("2026-12-02T06:00:00Z"), "2026-12-02T00:00:00Z");
}

static void who_asks_gets_the_last_period_also_again(void **state)
{
	(void)state;
	struct reporting_item *item;
	struct buf message = { 0 };
	int64_t now_us = at("2026-12-01T03:00:00Z");
	start(MONTHLY ", {report: cis, every: day}", at("2026-11-30T12:00:00Z"));
	assert_int_equal(reporting_run(&reporting, "report=sox", "root", &message), -2);
	assert_non_null(strstr(buf_cstr(&message), "cis every month, cis every day"));
	assert_int_equal(reporting_run(&reporting, "report=cis", "root", &message),
			 -22);
	reporting.items[0].is_asked = true;
	/* Before the time of day at which it is due by itself. */
	assert_int_equal(due(now_us, &item), at("2026-12-01T00:00:00Z"));
	item->tries++;
	reporting_note_made(item, at("2026-12-01T00:00:00Z"));
	assert_false(item->is_asked);
	reporting.items[1].is_asked = true;
	is_made(at("2026-12-01T06:00:00Z"), "2026-12-01T00:00:00Z");
	reporting.items[0].is_asked = true;
	is_made(at("2026-12-01T07:00:00Z"), "2026-12-01T00:00:00Z");
	buf_free(&message);
}

static void an_entry_that_was_taken_out_is_new_when_it_comes_back(void **state)
{
	(void)state;
	start(MONTHLY, at("2026-08-10T12:00:00Z"));
	start("{report: cis, every: day}", at("2026-09-20T12:00:00Z"));
	assert_int_equal(reporting.item_count, 1);
	start(MONTHLY, at("2026-12-03T12:00:00Z"));
	assert_true(nothing_is_due(at("2026-12-03T12:00:00Z")));
}

#define OF_SITES                                                                       \
	"{report: cis, every: month, site: a}, {report: cis, every: month, "           \
	"site: b}, {report: cis, every: month}"

static struct report_made_record made_by_another(const char *chosen, const char *since,
						 const char *until)
{
	struct report_made_record record;
	record_init(RECORD_report_made, &record);
	record.at = at(until);
	record.state = "made";
	record_text(record.report, sizeof(record.report), "cis");
	record_text(record.chosen, sizeof(record.chosen), chosen);
	record.period_start = at(since);
	record.period_end = at(until);
	return record;
}

static const char *site_of_due(int64_t now_us)
{
	struct reporting_item *item;
	return due(now_us, &item) != 0 ? item->of.site : "nothing";
}

static void what_another_hub_made_is_not_made_here(void **state)
{
	(void)state;
	struct buf said = { 0 };
	int64_t now_us = at("2026-12-01T06:00:00Z");
	struct report_made_record record = made_by_another(
		"site:a", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
	start(OF_SITES, at("2026-11-26T12:00:00Z"));
	reporting.is_fleets = true;
	assert_string_equal(site_of_due(now_us), "a");
	/* Not made, of another length, or not with all who are mailed: it is due. */
	record.state = "failed";
	reporting_heard(&reporting, &record);
	record = made_by_another("site:a", "2026-11-30T00:00:00Z",
				 "2026-12-01T00:00:00Z");
	reporting_heard(&reporting, &record);
	record = made_by_another("site:a", "2026-11-01T00:00:00Z",
				 "2026-12-01T00:00:00Z");
	record_text(record.error, sizeof(record.error),
		    "not mailed to a: there is no room; it is tried again");
	reporting_heard(&reporting, &record);
	assert_string_equal(site_of_due(now_us), "a");
	record.error[0] = '\0';
	reporting_heard(&reporting, &record);
	assert_string_equal(site_of_due(now_us), "b");
	record_text(record.chosen, sizeof(record.chosen), "all");
	reporting_heard(&reporting, &record);
	/* Also after a restart. */
	reporting_keep_heard(&reporting, &said);
	start(OF_SITES, now_us);
	assert_string_equal(site_of_due(now_us), "b");
	is_made(now_us, "2026-12-01T00:00:00Z");
	assert_true(nothing_is_due(now_us + DAY_US));
	assert_int_equal(said.len, 0);
	buf_free(&said);
}

static void who_asks_at_a_hub_says_of_whom(void **state)
{
	(void)state;
	struct buf message = { 0 };
	start(OF_SITES, at("2026-11-26T12:00:00Z"));
	reporting.is_fleets = true;
	assert_int_equal(reporting_run(&reporting, "report=cis", "root", &message),
			 -22);
	assert_non_null(strstr(buf_cstr(&message), "every, sensor, site, tag: "));
	buf_clear(&message);
	assert_int_equal(
		reporting_run(&reporting, "report=cis&site=c", "root", &message), -2);
	assert_non_null(strstr(buf_cstr(&message), "cis.site-a every month"));
	/* It is found: nobody makes it in this test. */
	assert_int_equal(
		reporting_run(&reporting, "report=cis&site=b", "root", &message), -11);
	buf_free(&message);
}

static int end(void **state)
{
	begin(state);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, begin)
		TEST(a_new_entry_waits_for_the_next_end),
		TEST(what_was_made_is_not_made_again_after_a_restart),
		TEST(of_what_was_missed_the_last_is_made_once),
		TEST(a_clock_that_is_set_back_makes_nothing_twice),
		TEST(a_clock_that_was_ahead_keeps_nothing_from_being_made),
		TEST(older_than_all_that_is_remembered_was_made),
		TEST(what_fails_is_tried_again_later_and_later),
		TEST(a_clock_that_is_set_back_does_not_hold_up_what_failed),
		TEST(the_next_period_does_not_wait_for_one_that_failed),
		TEST(who_asks_gets_the_last_period_also_again),
		TEST(what_another_hub_made_is_not_made_here),
		TEST(who_asks_at_a_hub_says_of_whom),
		TEST(an_entry_that_was_taken_out_is_new_when_it_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, end);
}
