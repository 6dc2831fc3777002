/*
 * test_range.c: ranges as Nagios plugins write them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/range.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The examples of the plugins' guidelines, and their neighbours. */
static const struct {
	const char *text, *written;
	double fine, not_fine;
} ranges[] = {
	{ "10", "10.000000", 10, 10.01 },
	{ "10", "10.000000", 0, -0.01 },
	{ "10:", "10.000000:", 10, 9.99 },
	{ "~:10", "~:10.000000", -1e9, 10.01 },
	{ ":10", "10.000000", 0, 11 },
	{ "10:20", "10.000000:20.000000", 20, 21 },
	{ "-5.5:-2", "-5.500000:-2.000000", -5.5, 0 },
	{ "@10:20", "@10.000000:20.000000", 9.99, 10 },
	{ "@10:20", "@10.000000:20.000000", 20.01, 20 },
	{ "@10", "@10.000000", -1, 0 },
};

static void what_is_outside_of_a_range_alerts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ranges); i++) {
		struct range range;
		struct buf out = { 0 };
		assert_true(range_parse(ranges[i].text, &range));
		assert_false(range_alerts(&range, ranges[i].fine));
		assert_true(range_alerts(&range, ranges[i].not_fine));
		range_write(&range, 1, &out);
		assert_string_equal(buf_cstr(&out), ranges[i].written);
		buf_free(&out);
	}
}

static void what_is_no_range_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "",      "@",     "x",   "10x",  "10:x",
					     "20:10", "1:2:3", " 10", "0x10", "inf",
					     "nan",   "~",     "10~", "1-2",  "@@1" };
	struct range range = { 0 };
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (range_parse(wrong[i], &range))
			fail_msg("\"%s\" was taken", wrong[i]);
	assert_false(range.is_set);
}

static void a_range_that_is_not_set_never_alerts(void **state)
{
	(void)state;
	struct range range = { 0 };
	struct buf out = { 0 };
	assert_false(range_alerts(&range, 1e9));
	range_write(&range, 1, &out);
	assert_int_equal(out.len, 0);
}

static void a_factor_changes_the_unit(void **state)
{
	(void)state;
	struct range range;
	struct buf out = { 0 };
	assert_true(range_parse("500:1500", &range));
	range_write(&range, 0.001, &out);
	assert_string_equal(buf_cstr(&out), "0.500000:1.500000");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_outside_of_a_range_alerts),
		cmocka_unit_test(what_is_no_range_is_refused),
		cmocka_unit_test(a_range_that_is_not_set_never_alerts),
		cmocka_unit_test(a_factor_changes_the_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
