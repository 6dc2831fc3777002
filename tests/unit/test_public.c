/*
 * test_public.c: what strangers may see is text, is looked up seldom, and says neither
 * more nor less than is known.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "limit/level_history.h"
#include "web/public.h"

static void names_are_text(void **state)
{
	struct buf out = { 0 };
	(void)state;
	public_text(&out, "<a href='x'>\"&\x01\x7f\xc3\xa4");
	assert_string_equal(buf_cstr(&out), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;"
					    "\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4");
	buf_free(&out);
}

static void check_share(double share, const char *expected)
{
	struct buf out = { 0 };
	public_say_share(&out, share);
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
}

static void what_failed_once_is_not_all(void **state)
{
	(void)state;
	check_share(1, "100 %");
	check_share(0.99999999, "99.99 %");
	check_share(0.5, "50.00 %");
	check_share(0, "0.00 %");
	check_share((double)NAN, "not known");
}

static void days_without_knowledge_count_as_nothing(void **state)
{
	struct web_public target = { .name = "a" };
	(void)state;
	assert_true(isnan(public_uptime(&target, 30)));
	target.days[0] = (struct web_public_day){ 3600, 0 };
	target.days[29] = (struct web_public_day){ 0, 3600 };
	target.days[30] = (struct web_public_day){ 0, 3600 };
	assert_true(public_uptime(&target, 1) == 1);
	assert_true(public_uptime(&target, 30) == 0.5);
	assert_true(fabs(public_uptime(&target, 90) - 1.0 / 3) < 1e-9);
}

struct asked {
	int times;
};

static void give_one(void *self, web_public_take take, void *to)
{
	struct asked *asked = self;
	const struct web_public one = { .name = "a", .state = "up" };
	asked->times++;
	take(to, &one);
}

static void it_is_looked_up_seldom(void **state)
{
	struct asked asked = { 0 };
	struct public_view view = { 0 };
	struct web_source source = { .self = &asked, .public_targets = give_one };
	(void)state;
	for (int ms = 1; ms < 15000; ms++)
		assert_non_null(public_view_look(&view, &source, 1000 + ms, 0));
	assert_int_equal(asked.times, 1);
	assert_int_equal(view.count, 1);
	assert_string_equal(view.targets[0].known.name, "a");
	public_view_look(&view, &source, 1001 + 15000, 0);
	assert_int_equal(asked.times, 2);
	assert_int_equal(view.count, 1);
	source.public_targets = NULL;
	assert_null(public_view_look(&view, &source, 1000000, 0));
	public_view_free(&view);
}

static void a_day_is_what_was_in_it(void **state)
{
	static struct level_history history;
	const int64_t hour_us = 3600 * 1000000LL, day_us = 24 * hour_us,
		      begin_us = 20000 * day_us;
	const struct level_amount good = { .good = 6 * 3600 }, bad = { .bad = 3600 };
	(void)state;
	level_history_begin(&history, 30 * day_us);
	level_history_add(&history, begin_us, begin_us + 6 * hour_us, &good);
	level_history_add(&history, begin_us + day_us, begin_us + day_us + hour_us,
			  &bad);
	struct level_amount first =
		level_history_between(&history, begin_us, begin_us + day_us);
	struct level_amount second = level_history_between(&history, begin_us + day_us,
							   begin_us + 2 * day_us);
	struct level_amount before =
		level_history_between(&history, begin_us - day_us, begin_us);
	assert_true(fabs(first.good - 6 * 3600) < 1e-6 && first.bad == 0);
	assert_true(fabs(second.bad - 3600) < 1e-6 && second.good == 0);
	assert_true(before.good == 0 && before.bad == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_text),
		cmocka_unit_test(what_failed_once_is_not_all),
		cmocka_unit_test(days_without_knowledge_count_as_nothing),
		cmocka_unit_test(it_is_looked_up_seldom),
		cmocka_unit_test(a_day_is_what_was_in_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
