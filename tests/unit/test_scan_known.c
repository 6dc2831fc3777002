/*
 * test_scan_known.c: what leaves for the targets of our scans is known, as long as they
 * go on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/scan_known.h"

#define NOW    1800000000000000LL
#define SECOND 1000000LL

static struct addr addr(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static bool holds(const struct scan_known *known, const char *text, int64_t at_us)
{
	struct addr a = addr(text);
	return scan_known_holds(known, &a, at_us);
}

static bool begins(struct scan_known *known, const char *targets, int64_t start_us)
{
	struct scan_run_record run;
	record_init(RECORD_scan_run, &run);
	run.start = start_us;
	record_text(run.targets, sizeof(run.targets), targets);
	return scan_known_begin(known, &run, NOW);
}

static void targets_are_known_until_the_scan_has_ended(void **state)
{
	static struct scan_known known;
	(void)state;
	assert_true(begins(&known, "10.0.0.4-10.0.0.9,2001:db8::1-2001:db8::1", NOW));
	assert_true(holds(&known, "10.0.0.4", NOW));
	assert_true(holds(&known, "10.0.0.9", NOW));
	assert_false(holds(&known, "10.0.0.10", NOW));
	assert_false(holds(&known, "10.0.0.3", NOW));
	assert_true(holds(&known, "2001:db8::1", NOW));
	scan_known_end(&known, NOW + 1, NOW); /* another's */
	assert_true(holds(&known, "10.0.0.9", NOW + 60 * SECOND));
	scan_known_end(&known, NOW, NOW);
	assert_true(holds(&known, "10.0.0.9", NOW + SECOND));
	assert_false(holds(&known, "10.0.0.9", NOW + 60 * SECOND));
}

static void who_never_says_that_it_ended_is_forgotten(void **state)
{
	static struct scan_known known;
	(void)state;
	assert_true(begins(&known, "10.0.0.4-10.0.0.9", NOW));
	assert_false(holds(&known, "10.0.0.4", NOW + 3601 * SECOND));
}

static void what_is_no_range_is_refused_whole(void **state)
{
	static const char *const wrong[] = { "10.0.0.1",
					     "10.0.0.9-10.0.0.4",
					     "10.0.0.1-host",
					     "10.0.0.1-10.0.0.2,x",
					     "10.0.0.1-fd00::1",
					     "-",
					     "a-b" };
	static struct scan_known known;
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(begins(&known, wrong[i], NOW));
	assert_false(holds(&known, "10.0.0.1", NOW));
}

static void many_scans_push_out_the_oldest(void **state)
{
	static struct scan_known known;
	struct buf text = { 0 };
	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		uint8_t four[4] = { 10, 1, 0, (uint8_t)i };
		struct addr a = addr_v4(four);
		buf_clear(&text);
		scan_known_text(&text, &a, &a);
		assert_true(begins(&known, buf_cstr(&text), NOW + i));
	}
	buf_free(&text);
	assert_true(holds(&known, "10.1.0.99", NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_known_until_the_scan_has_ended),
		cmocka_unit_test(who_never_says_that_it_ended_is_forgotten),
		cmocka_unit_test(what_is_no_range_is_refused_whole),
		cmocka_unit_test(many_scans_push_out_the_oldest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
