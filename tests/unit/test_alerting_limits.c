/*
 * test_alerting_limits.c: limits of a running monitor: alerts over a restart, other
 * rules, and messages that nobody takes.
 */
#include "alerting_scene.h"

static void a_limit_that_is_crossed_is_an_incident_until_it_is_well(void **state)
{
	(void)state;
	see_probe("up");
	assert_int_equal(kept.alerts, 0);
	see_probe("down");
	assert_string_equal(kept.alert.rule, "down");
	assert_string_equal(kept.alert.incident, kept.incident.id);
	assert_int_equal(alerts(), 1);
	assert_int_equal(firing(), 1);
	see_probe("up");
	assert_string_equal(kept.alert.state, "resolved");
	assert_int_equal(alerts(), 0);
	assert_string_equal(kept.incident.state, "resolved");
}

static void an_alert_goes_on_after_a_restart(void **state)
{
	(void)state;
	see_probe("down");
	const struct alert_record before = kept.alert;
	stop();
	start();
	assert_int_equal(kept.alerts, 1);
	assert_int_equal(alerts(), 1);
	see_probe("down");
	assert_int_equal(kept.alerts, 1);
	see_probe("up");
	assert_int_equal(kept.alerts, 2);
	assert_string_equal(kept.alert.id, before.id);
	assert_int_equal(firing(), 0);
}

/* After a crash before the limits' own file was written. */
static void what_limits_do_not_remember_does_not_fire_for_ever(void **state)
{
	(void)state;
	char path[96];
	see_probe("down");
	stop();
	snprintf(path, sizeof(path), "%s/limits.bin", folder);
	assert_int_equal(unlink(path), 0);
	start();
	assert_string_equal(kept.alert.state, "resolved");
	assert_int_equal(alerts(), 0);
	assert_int_equal(firing(), 0);
}

static void write_rules(const char *text)
{
	FILE *file = fopen(config.limits_files.at[0], "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void rules_are_read_again_when_their_file_changes(void **state)
{
	(void)state;
	struct buf said = { 0 };
	struct buf errors = { 0 };
	struct alert_rules rules;
	int64_t now_us = clock_us(CLOCK_REALTIME);
	snprintf(config.limits_files.at[0], sizeof(config.limits_files.at[0]),
		 "%s/rules.yaml", folder);
	config.limits_files.count = 1;
	write_rules("rules:\n- name: down\n  off: yes\n");
	assert_true(alert_rules_load(&rules, &config, &own, &errors));
	alerting_take_rules(&alerting, &rules, now_us, &said);
	see_probe("down");
	assert_int_equal(kept.alerts, 0);
	write_rules("rules:\n- nam: down\n");
	alerting_second(&alerting, now_us, &said);
	assert_int_equal(said.len, 0);
	alerting_second(&alerting, now_us, &said);
	assert_non_null(strstr(buf_cstr(&said), "rules.yaml:2:3: "));
	assert_non_null(strstr(buf_cstr(&said), "not changed"));
	assert_true(alerting.files_are_refused);
	see_probe("down");
	assert_int_equal(kept.alerts, 0);
	buf_clear(&said);
	write_rules("rules: []\n");
	alerting_second(&alerting, now_us, &said);
	alerting_second(&alerting, now_us, &said);
	assert_non_null(strstr(buf_cstr(&said), "read again"));
	assert_false(alerting.files_are_refused);
	see_probe("down");
	assert_int_equal(kept.alerts, 1);
	buf_free(&said);
}

/* There is no process that sends in this test. */
static void what_is_not_read_yet_is_said(void **state)
{
	(void)state;
	struct buf said = { 0 }, errors = { 0 };
	struct alert_rules rules;
	snprintf(config.limits_files.at[0], sizeof(config.limits_files.at[0]),
		 "%s/rules.yaml", folder);
	config.limits_files.count = 1;
	write_rules("rules:\n- name: slow\n  field: http.took_us\n  above: {low: 1s}\n"
		    "- name: old\n  field: tls.not_after\n  below: {low: 1d}\n");
	assert_true(alert_rules_load(&rules, &config, &own, &errors));
	alerting_take_rules(&alerting, &rules, clock_us(CLOCK_REALTIME), &said);
	assert_non_null(strstr(buf_cstr(&said), "limits of http records"));
	assert_null(strstr(buf_cstr(&said), "tls"));
	buf_free(&said);
}

static void a_message_that_nobody_takes_waits(void **state)
{
	(void)state;
	struct buf said = { 0 }, errors = { 0 };
	struct alert_rules rules;
	int64_t now_us = clock_us(CLOCK_REALTIME);
	snprintf(config.notify_to.at[0], sizeof(config.notify_to.at[0]),
		 "http://192.0.2.9/hook");
	config.notify_to.count = 1;
	config.notify_wait = 0;
	assert_true(alert_rules_load(&rules, &config, &own, &errors));
	alerting_take_rules(&alerting, &rules, now_us, &said);
	assert_non_null(strstr(buf_cstr(&said), "after the next start"));
	see_probe("down");
	alerting_second(&alerting, now_us, &said);
	alerting_second(&alerting, now_us + 1000000, &said);
	assert_null(kept.notification.state);
	/* Then it is no old news. */
	stop();
	start();
	alerting_second(&alerting, now_us, &said);
	alerting_second(&alerting, now_us + 1000000, &said);
	assert_null(kept.notification.state);
	assert_int_equal(alerting.untaken, 1);
	buf_free(&said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(a_limit_that_is_crossed_is_an_incident_until_it_is_well),
		TEST(an_alert_goes_on_after_a_restart),
		TEST(what_limits_do_not_remember_does_not_fire_for_ever),
		TEST(rules_are_read_again_when_their_file_changes),
		TEST(what_is_not_read_yet_is_said),
		TEST(a_message_that_nobody_takes_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
