/*
 * test_heartbeat.c: jobs that say that they live, and who may say so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probe/heartbeat.h"
#include "web/form.h"

#define SECOND_US 1000000LL
#define HOUR_US   (3600 * SECOND_US)
#define TOKEN     "tide-4711"

static struct target target;

static void parse(const char *text)
{
	char why[TARGET_WHY_MAX];
	target_free(&target);
	if (!target_parse(&target, text, why))
		fail_msg("%s", why);
}

static int setup(void **state)
{
	(void)state;
	parse("heartbeat://:" TOKEN "@backup?every=1h&grace=5m");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	target_free(&target);
	return 0;
}

static struct probe_record judged(const struct heartbeat *beat, int64_t now_us)
{
	struct probe_record told;
	record_init(RECORD_probe, &told);
	heartbeat_judge(beat, &target, HOUR_US, now_us, &told);
	return told;
}

static void a_name_and_two_times_are_written(void **state)
{
	(void)state;
	assert_string_equal(target.text, "heartbeat://@backup?every=1h&grace=5m");
	assert_int_equal(target.every_s, 3600);
	assert_int_equal(target.grace_s, 300);
	assert_string_equal(target.token, TOKEN);
	parse("heartbeat://core_web-1.x");
	assert_int_equal(target.every_s, 0);
	assert_int_equal(target.grace_s, HEARTBEAT_GRACE_S);
	assert_null(target.token);
}

static void what_is_none_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"heartbeat://backup:80",
		"heartbeat://backup/x",
		"heartbeat://backup?every=0s",
		"heartbeat://backup?every=500d",
		"heartbeat://backup?grace=soon",
		"heartbeat://:short@backup",
		("heartbeat://user:" TOKEN "@backup"),
		"heartbeat://a%20b",
		"heartbeat://backup?count=3",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct target none;
		char why[TARGET_WHY_MAX];
		if (target_parse(&none, bad[i], why))
			fail_msg("%s was taken", bad[i]);
	}
}

static void before_its_time_nothing_is_known(void **state)
{
	(void)state;
	const struct heartbeat beat = { .since_us = 1000 };
	struct probe_record told = judged(&beat, 1000 + HOUR_US + 299 * SECOND_US);
	assert_string_equal(told.state, "unknown");
	assert_string_equal(told.reason, "no_heartbeat_yet");
	told = judged(&beat, 1000 + HOUR_US + 300 * SECOND_US);
	assert_string_equal(told.state, "down");
	assert_string_equal(told.reason, "no_heartbeat");
	assert_int_equal(heartbeat_due_us(&beat, &target, HOUR_US, 2000),
			 1000 + HOUR_US + 300 * SECOND_US);
}

static void what_was_said_holds_for_its_time(void **state)
{
	(void)state;
	struct heartbeat beat = { .since_us = 1000 };
	struct heartbeat_push push = { .took_us = 17 };
	heartbeat_hear(&beat, &push, 5000);
	assert_string_equal(judged(&beat, 6000).state, "up");
	assert_int_equal(judged(&beat, 6000).answer_us, 17);
	push.is_down = 1;
	heartbeat_hear(&beat, &push, 7000);
	assert_string_equal(judged(&beat, 8000).state, "down");
	assert_string_equal(judged(&beat, 8000).detail, "it says that it is down");
	push.is_down = 0;
	heartbeat_hear(&beat, &push, 9000);
	struct probe_record told = judged(&beat, 9000 + HOUR_US + 300 * SECOND_US);
	assert_string_equal(told.state, "down");
	assert_string_equal(told.detail,
			    "not heard for 3900 s, due every 3600 s with a "
			    "grace of 300 s");
	assert_int_equal(heartbeat_due_us(&beat, &target, HOUR_US, 9000 + 2 * HOUR_US),
			 0);
}

static bool is_meant(const char *name, const char *token, bool is_trusted)
{
	struct heartbeat_push push = { .is_trusted = is_trusted };
	strncpy(push.name, name, sizeof(push.name) - 1);
	strncpy(push.token, token, sizeof(push.token) - 1);
	return heartbeat_is_meant(&target, &push);
}

static void only_who_may_says_it(void **state)
{
	(void)state;
	assert_true(is_meant("backup", TOKEN, false));
	assert_true(is_meant("", TOKEN, false));
	assert_true(is_meant("backup", "", true));
	assert_false(is_meant("backup", "", false));
	assert_false(is_meant("backup", TOKEN "x", false));
	assert_false(is_meant("backup", "tide-4712", false));
	assert_false(is_meant("other", TOKEN, false));
	assert_false(is_meant("other", TOKEN, true));
	assert_false(is_meant("", "", true));
	parse("heartbeat://backup");
	assert_false(is_meant("", "", true));
	assert_false(is_meant("backup", "", false));
	assert_true(is_meant("backup", "", true));
}

static void forms_are_read(void **state)
{
	(void)state;
	char out[FORM_VALUE_MAX];
	assert_true(form_value("status=up&msg=a+b%21&x", "msg", out));
	assert_string_equal(out, "a b!");
	assert_true(form_value("a=1&a=2", "a", out));
	assert_string_equal(out, "1");
	assert_true(form_value("a=", "a", out));
	assert_string_equal(out, "");
	assert_false(form_value("ab=1&c", "b", out));
	assert_false(form_value("a", "a", out));
	assert_false(form_value("", "a", out));
	char big[600] = "a=";
	memset(big + 2, 'x', sizeof(big) - 3);
	assert_false(form_value(big, "a", out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_name_and_two_times_are_written, setup),
		cmocka_unit_test_setup(what_is_none_is_refused, setup),
		cmocka_unit_test_setup(before_its_time_nothing_is_known, setup),
		cmocka_unit_test_setup(what_was_said_holds_for_its_time, setup),
		cmocka_unit_test_setup(only_who_may_says_it, setup),
		cmocka_unit_test(forms_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
