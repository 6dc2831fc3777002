/*
 * test_levels.c: how service levels stand, counted by hand; what is not known counts as
 * neither good nor bad.
 */
#include "levels_check.h"

/* 30 days, of which the last but one has an outage of 43 minutes. */
static const struct level_record *after_an_outage(void)
{
	watch(shop);
	probe_for(30 * DAY, "up");
	probe_for(43 * MINUTE, "down");
	probe_for(DAY - 43 * MINUTE, "up");
	return stands("shop");
}

static void forty_three_minutes_of_thirty_days_are_all_of_three_nines(void **state)
{
	(void)state;
	const struct level_record *level = after_an_outage();
	assert_string_equal(level->target, TARGET);
	assert_string_equal(level->unit, "seconds");
	assert_string_equal(level->measure, "availability");
	assert_int_equal(level->window_s, 30 * 86400);
	assert_int_equal(level->bad, 43 * 60);
	assert_near(level->good, 30 * 86400 - 43 * 60, 60);
	assert_near(level->unknown, 0, 60);
	assert_float(level->reached, 1 - 43 / 43200.0, 1e-6);
	/* 43 of 43.2 minutes; a minute more, and there is none left. */
	assert_float(level->budget_left, 0.2 / 43.2, 1e-6);
	probe_for(MINUTE, "down");
	assert_float(stands("shop")->budget_left, 0, 1e-9);
}

static void burn_rates_and_uptime_are_of_their_own_windows(void **state)
{
	(void)state;
	const struct level_record *level = after_an_outage();
	assert_float(level->burn_3d, 43 / 4.32, 1e-6);
	assert_float(level->burn_6h, 0, 1e-9);
	assert_float(level->burn_1h, 0, 1e-9);
	assert_float(level->reached_7d, 1 - 43 / 10080.0, 1e-5);
	assert_float(level->reached_30d, 1 - 43 / 43200.0, 1e-6);
	assert_float(level->reached_90d, 1 - 43 / 44640.0, 1e-6);
}

static void a_gap_is_neither_good_nor_bad(void **state)
{
	(void)state;
	watch(shop);
	probe_for(10 * HOUR, "up");
	wait_for(5 * HOUR);
	probe_for(5 * HOUR, "down");
	const struct level_record *level = stands("shop");
	/* For a quarter of an hour it is as it was said to be last. */
	assert_near(level->good, 10 * 3600 + 900, 60);
	assert_near(level->bad, 5 * 3600, 60);
	assert_near(level->unknown, 30 * 86400 - 15 * 3600 - 900, 120);
	assert_float(level->reached, 10.25 / 15.25, 1e-3);
}

static void what_is_asked_seldom_holds_for_three_of_its_intervals(void **state)
{
	(void)state;
	watch(shop);
	for (int i = 0; i < 10; i++) {
		probe("up");
		wait_for(2 * HOUR);
	}
	wait_for(18 * HOUR);
	/* Of the first one nobody knows how often it will come. */
	assert_near(stands("shop")->good, 8 * 7200 + 900 + 6 * 3600, 60);
}

static void maintenance_and_unknown_are_neither(void **state)
{
	(void)state;
	watch(shop);
	probe_for(HOUR, "up");
	in_maintenance = true;
	probe_for(HOUR, "down");
	in_maintenance = false;
	probe_for(HOUR, "unknown");
	probe_for(HOUR, "degraded");
	const struct level_record *level = stands("shop");
	assert_near(level->good, 7200, 60);
	assert_int_equal(level->bad, 0);
	assert_float(level->reached, 1, 1e-9);
}

static void only_what_is_selected_counts(void **state)
{
	(void)state;
	watch("levels:\n- {name: other, targets: \"ssh://*\"}\n");
	probe_for(HOUR, "up");
	assert_null(stands("other"));
}

static void errors_count_by_connections_and_answers(void **state)
{
	(void)state;
	watch("levels:\n- {name: api, measure: errors, ports: 443, objective: 99 %}\n");
	struct port_record port = port_of("192.0.2.1", 443);
	port.ended = 600;
	port.errors = 6;
	port.answers = 400;
	port.answer_errors = 4;
	serve(&port, MINUTE);
	port = port_of("192.0.2.1", 443);
	port.ended = 1000;
	port.errors = 0;
	serve(&port, MINUTE);
	const struct level_record *level = stands("api");
	assert_string_equal(level->unit, "events");
	assert_string_equal(level->target, "192.0.2.1:443/tcp");
	assert_int_equal(level->good, 1990);
	assert_int_equal(level->bad, 10);
	assert_int_equal(level->unknown, UNKNOWN_U64);
	assert_float(level->reached, 0.995, 1e-9);
	assert_float(level->budget_left, 0.5, 1e-9);
}

static void records_that_overlap_count_once(void **state)
{
	(void)state;
	watch("levels:\n- {name: api, measure: errors}\n");
	/* The last minute, every ten seconds: 100 a minute, one of them fails. */
	for (int i = 0; i < 360; i++) {
		struct port_record port = port_of("192.0.2.1", 443);
		port.ended = 100;
		port.errors = 1;
		serve(&port, 10 * SECOND);
	}
	const struct level_record *level = stands("api");
	assert_near(level->good + level->bad, 6100, 20);
	assert_near(level->bad, 61, 1);
	/* Nobody is served where nothing listens. */
	struct port_record port = port_of("192.0.2.1", 22);
	port.unused = 1;
	port.errors = 1000;
	serve(&port, MINUTE);
	assert_non_null(stands("api"));
	assert_int_equal(level_count, 1);
}

static void three_seconds_are_the_most_that_customers_wait(void **state)
{
	(void)state;
	watch("levels:\n- {name: customers, customer_facing: yes, services: https}\n");
	struct port_record port = port_of("192.0.2.1", 443);
	port.responses = 1000;
	port.response_min_us = 5000;
	port.response_p50_us = 100000;
	port.response_p95_us = 900000;
	port.response_p99_us = 2900000;
	port.response_max_us = 2999999;
	serve(&port, MINUTE);
	assert_int_equal(stands("customers")->bad, 0);
	assert_string_equal(stands("customers")->measure, "response");
	port.start += MINUTE;
	port.response_max_us = 3000001; /* one at least */
	serve(&port, MINUTE);
	assert_int_equal(stands("customers")->bad, 1);
	port.start += MINUTE;
	port.response_p99_us = 3000001; /* one in a hundred */
	serve(&port, MINUTE);
	assert_int_equal(stands("customers")->bad, 11);
	port.start += MINUTE;
	port.response_p95_us = 3000001; /* one in twenty */
	serve(&port, MINUTE);
	assert_int_equal(stands("customers")->bad, 61);
	port.start += MINUTE;
	port.response_p50_us = 3000001;
	serve(&port, MINUTE);
	assert_int_equal(stands("customers")->bad, 561);
	port.start += MINUTE;
	port.response_min_us = 3000001;
	serve(&port, MINUTE);
	assert_int_equal(stands("customers")->bad, 1561);
	assert_int_equal(stands("customers")->good, 6000 - 1561);
}

static void probes_are_too_slow_by_the_second(void **state)
{
	(void)state;
	watch("levels:\n- {name: quick, within: 300ms, targets: \"https://*\"}\n");
	total_us = 200000;
	probe_for(HOUR, "up");
	total_us = 400000;
	probe_for(10 * MINUTE, "up");
	total_us = UNKNOWN_U64; /* its clients are served: how soon is not known */
	probe_for(HOUR, "up");
	probe_for(10 * MINUTE, "down");
	assert_near(stands("quick")->good, 3600, 60);
	assert_near(stands("quick")->bad, 1200, 60);
}

static void a_clock_that_is_set_counts_nothing_twice(void **state)
{
	(void)state;
	watch(shop);
	probe_for(HOUR, "up");
	now -= 2 * HOUR;
	probe_for(HOUR, "up");
	assert_near(stands("shop")->good, 7200, 120);
	/* And by one that was wrong for ten years nothing is lost for ever. */
	now += 3650 * DAY;
	probe_for(HOUR, "up");
	now -= 3650 * DAY;
	probe_for(HOUR, "down");
	assert_near(stands("shop")->bad, 3600, 60);
}

static void the_usual_level_is_three_nines_for_each_target(void **state)
{
	const struct limit_usual usual = { 100, 0.01, 0.001, 0 };
	(void)state;
	rules = limit_rules_new(&home);
	assert_true(limit_usual_add(rules, &usual));
	limits_set_rules(limits, rules, now);
	probe_for(DAY, "up");
	probe_for(2 * HOUR, "down");
	assert_float(stands("available")->objective, 0.999, 1e-9);
	assert_near(stands("available")->bad, 7200, 60);
	/* Once: by the rule. */
	assert_int_equal(alert_count, 1);
	assert_string_equal(last_alert()->rule, "down");
}

static void what_no_file_wants_any_more_is_not_told(void **state)
{
	(void)state;
	watch(shop);
	probe_for(HOUR, "up");
	assert_non_null(stands("shop"));
	watch("levels:\n- {name: shop, off: yes}\n");
	assert_null(stands("shop"));
	watch(shop);
	/* And it goes on where it was. */
	assert_near(stands("shop")->good, 3600, 60);
	wait_for(2 * DAY);
	assert_null(stands("shop"));
}

static const struct {
	const char *text, *error;
} wrong[] = {
	{ "levels: 7\n", "rules.yaml:1:9: levels can't be \"7\"" },
	{ "levels:\n- window: 30d\n", "rules.yaml:2:3: a rule or level without name" },
	{ "levels:\n- name: a\n  objective: 100 %\n",
	  "rules.yaml:3:14: objective can't be \"100 %\"; allowed is a share from 50 "
	  "%" },
	{ "levels:\n- name: a\n  objective: 40 %\n", "objective can't be \"40 %\"" },
	{ "levels:\n- name: a\n  window: 1d\n", "rules.yaml:3:11: window can't be" },
	{ "levels:\n- name: a\n  measure: speed\n",
	  "rules.yaml:3:12: measure can't be \"speed\"; allowed is availability" },
	{ "levels:\n- name: a\n  measure: response\n",
	  "rules.yaml:2:3: level a: response without a bound; allowed is within" },
	{ "levels:\n- name: a\n  measure: errors\n  within: 1s\n",
	  "rules.yaml:2:3: level a: within is a bound of response" },
	{ "levels:\n- name: a\n  measure: errors\n  targets: \"*\"\n",
	  "rules.yaml:2:3: level a: errors are those of services" },
	{ "levels:\n- name: a\n  within: 0\n", "rules.yaml:3:11: within can't be" },
	{ "levels:\n- name: a\n  failures: 0\n", "rules.yaml:3:13: failures can't be" },
	{ "levels:\n- name: a\n  alerts: 1\n", "rules.yaml:3:11: alerts can't be" },
	{ "levels:\n- name: a\n  tags: web\n", "rules.yaml:2:3: no tag web" },
	{ "levels:\n- name: a\n  abve: 5\n", "rules.yaml:3:3: unknown key \"abve\"" },
	{ "levels:\n- name: a\n- name: a\n", "rules.yaml:3:3: a second level a" },
};

static void what_is_wrong_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct buf errors = { 0 };
		struct limit_rules *made = limit_rules_new(&home);
		assert_false(limit_rules_parse(made, wrong[i].text,
					       strlen(wrong[i].text), "rules.yaml",
					       &errors));
		if (strstr(buf_cstr(&errors), wrong[i].error) == NULL)
			fail_msg("%s\n  is not\n%s", buf_cstr(&errors), wrong[i].error);
		buf_free(&errors);
		limit_rules_free(made);
	}
}

static void no_more_levels_than_there_is_room(void **state)
{
	(void)state;
	struct buf text = { 0 }, errors = { 0 };
	buf_text(&text, "levels:\n");
	for (int i = 0; i <= LEVELS_MAX; i++)
		buf_printf(&text, "- name: l%d\n", i);
	struct limit_rules *made = limit_rules_new(&home);
	assert_false(limit_rules_parse(made, text.at, text.len, "r.yaml", &errors));
	assert_non_null(strstr(buf_cstr(&errors), "r.yaml:66:3: too many levels"));
	limit_rules_free(made);
	buf_free(&text);
	buf_free(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEVEL_TEST(forty_three_minutes_of_thirty_days_are_all_of_three_nines),
		LEVEL_TEST(burn_rates_and_uptime_are_of_their_own_windows),
		LEVEL_TEST(a_gap_is_neither_good_nor_bad),
		LEVEL_TEST(what_is_asked_seldom_holds_for_three_of_its_intervals),
		LEVEL_TEST(maintenance_and_unknown_are_neither),
		LEVEL_TEST(only_what_is_selected_counts),
		LEVEL_TEST(errors_count_by_connections_and_answers),
		LEVEL_TEST(records_that_overlap_count_once),
		LEVEL_TEST(three_seconds_are_the_most_that_customers_wait),
		LEVEL_TEST(probes_are_too_slow_by_the_second),
		LEVEL_TEST(a_clock_that_is_set_counts_nothing_twice),
		LEVEL_TEST(the_usual_level_is_three_nines_for_each_target),
		LEVEL_TEST(what_no_file_wants_any_more_is_not_told),
		LEVEL_TEST(what_is_wrong_is_refused_with_its_place),
		LEVEL_TEST(no_more_levels_than_there_is_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
