/*
 * test_level_burn.c: who uses up his error budget too fast is told of, gravely if it is
 * fast, once; and after a restart it is the same.
 */
#include "levels_check.h"

#include <fcntl.h>
#include <unistd.h>

static char folder[] = "/tmp/breakwater-levels-XXXXXX";
static char levels_path[64], limits_path[64];

static int begin_folder(void **state)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	snprintf(levels_path, sizeof(levels_path), "%s/levels.bin", folder);
	snprintf(limits_path, sizeof(limits_path), "%s/limits.bin", folder);
	return begin_levels(state);
}

static int end_folder(void **state)
{
	end(state);
	unlink(levels_path);
	unlink(limits_path);
	return rmdir(folder);
}

#define KEPT_TEST(test) cmocka_unit_test_setup_teardown(test, begin_folder, end_folder)

static void keep(bool works)
{
	struct buf why = { 0 };
	assert_int_equal(limits_keep(limits, folder, now, &why), works);
	if (!works)
		assert_non_null(strstr(buf_cstr(&why), "service levels begins anew"));
	buf_free(&why);
}

static void restart(const char *text, int64_t after)
{
	limits_free(limits);
	limit_rules_free(rules);
	rules = NULL;
	now += after;
	open_limits();
	watch(text);
	keep(true);
}

/* ---- pairs ---- */

/* 14.4 times 0.1 % of an hour are 52 seconds. */
static void an_outage_is_told_within_minutes_and_over_when_it_is(void **state)
{
	(void)state;
	watch(shop);
	probe_for(4 * DAY, "up");
	probe_for(2 * MINUTE, "down");
	assert_int_equal(alert_count, 0); /* two probes may be chance */
	probe_for(2 * MINUTE, "down");
	assert_last(1, "firing", "high");
	assert_string_equal(last_alert()->kind, "level");
	assert_string_equal(last_alert()->rule, "shop");
	assert_string_equal(last_alert()->metric, "level.burn_1h");
	assert_string_equal(last_alert()->target, TARGET);
	assert_int_equal(last_alert()->port, 443);
	assert_float(last_alert()->limit, 14.4, 1e-9);
	assert_float(last_alert()->value, 3 / 60.0 / 0.001,
		     17); /* a probe is a minute */
	assert_string_equal(last_alert()->summary,
			    "Error budget of " TARGET
			    " is used up 33.3 times too fast: "
			    "in the last 1 h, 2 min down; 95 % of the budget is "
			    "left (level shop, 99.9 % available in 30 d)");
	probe_for(2 * HOUR, "down");
	assert_int_equal(alert_count, 1);
	probe_for(3 * MINUTE, "up");
	assert_int_equal(alert_count, 1);
	probe_for(4 * MINUTE, "up");
	assert_last(2, "resolved", "high");
	assert_string_equal(alerts[1].id, alerts[0].id);
	/* The long windows remember it for days: it has been told. */
	probe_for(4 * DAY, "up");
	assert_int_equal(alert_count, 2);
}

/* A minute of each three quarters of an hour: of an hour 1.7 %, but so is any other. */
static void what_falls_now_and_then_is_told_as_less(void **state)
{
	(void)state;
	watch("levels:\n- {name: shop, objective: 99.5 %}\n");
	probe_for(4 * DAY, "up");
	for (int i = 0; i < 40 && alert_count == 0; i++) {
		probe_for(MINUTE, "down");
		probe_for(44 * MINUTE, "up");
	}
	/* 1.7 % is more than three times 0.5 %, and less than six times: over days. */
	assert_last(1, "firing", "low");
	assert_float(last_alert()->limit, 1, 1e-9);
	assert_float(last_alert()->value, 1, 0.1);
}

static void the_middle_pair_is_six_times_too_fast(void **state)
{
	(void)state;
	watch("levels:\n- {name: shop, objective: 99.5 %}\n");
	probe_for(4 * DAY, "up");
	/* 1 of 20 minutes: 5 %, ten times too fast. */
	for (int i = 0; i < 18 && alert_count == 0; i++) {
		probe_for(MINUTE, "down");
		probe_for(19 * MINUTE, "up");
	}
	assert_last(1, "firing", "medium");
	assert_string_equal(last_alert()->metric, "level.burn_6h");
	assert_float(last_alert()->limit, 6, 1e-9);
}

static void it_gets_graver_and_never_less_grave(void **state)
{
	(void)state;
	watch("levels:\n- {name: shop, objective: 99.5 %}\n");
	probe_for(4 * DAY, "up");
	for (int i = 0; i < 18 && alert_count == 0; i++) {
		probe_for(MINUTE, "down");
		probe_for(19 * MINUTE, "up");
	}
	assert_last(1, "firing", "medium");
	probe_for(20 * MINUTE, "down");
	assert_last(2, "firing", "high");
	probe_for(10 * MINUTE, "up");
	assert_last(3, "resolved", "high");
	for (int i = 1; i < 3; i++)
		assert_string_equal(alerts[i].id, alerts[0].id);
}

static void it_must_last_and_be_over_for_so_long(void **state)
{
	(void)state;
	watch("levels:\n- {name: shop, for: 10m, recover_for: 20m}\n");
	probe_for(4 * DAY, "up");
	probe_for(9 * MINUTE, "down");
	assert_int_equal(alert_count, 0);
	probe_for(6 * MINUTE, "down");
	assert_last(1, "firing", "high");
	probe_for(20 * MINUTE, "up");
	assert_int_equal(alert_count, 1);
	probe_for(10 * MINUTE, "up");
	assert_last(2, "resolved", "high");
}

/* ---- minimum failures ---- */

static void of_few_connections_a_share_says_nothing(void **state)
{
	(void)state;
	watch("levels:\n- {name: api, measure: errors}\n");
	/* One in a minute, half of them fail: 500 times too fast. */
	for (int i = 0; i < 18; i++) {
		struct port_record port = port_of("192.0.2.1", 443);
		port.ended = 1;
		port.errors = i % 2;
		serve(&port, MINUTE);
	}
	assert_int_equal(alert_count, 0);
	for (int i = 0; i < 4; i++) {
		struct port_record port = port_of("192.0.2.1", 443);
		port.ended = 1;
		port.errors = i % 2;
		serve(&port, MINUTE);
	}
	assert_last(1, "firing", "high");
	assert_string_equal(last_alert()->metric, "level.burn_1h");
	assert_string_equal(last_alert()->target, "192.0.2.1:443/tcp");
	assert_non_null(strstr(last_alert()->summary, "10 of 20 failed"));
}

static void as_many_as_are_asked_for(void **state)
{
	(void)state;
	watch("levels:\n- {name: shop, failures: 30}\n");
	probe_for(4 * DAY, "up");
	probe_for(29 * MINUTE, "down");
	assert_int_equal(alert_count, 0);
	probe_for(3 * MINUTE, "down");
	assert_last(1, "firing", "high");
}

static void who_wants_no_alerts_gets_none(void **state)
{
	(void)state;
	watch("levels:\n- {name: shop, alerts: no}\n");
	probe_for(DAY, "down");
	assert_int_equal(alert_count, 0);
	assert_float(stands("shop")->budget_left, 0, 1e-9);
}

/* ---- over a restart, and other rules ---- */

static void a_restart_forgets_nothing_and_learns_nothing(void **state)
{
	(void)state;
	watch(shop);
	keep(true);
	probe_for(4 * DAY, "up");
	probe_for(HOUR, "down");
	assert_last(1, "firing", "high");
	restart(shop, 2 * HOUR);
	assert_near(stands("shop")->bad, 3600, 60);
	assert_near(stands("shop")->good, 4 * 86400, 60);
	assert_string_equal(stands("shop")->severity, "high");
	assert_int_equal(limits_totals(limits).firing, 1);
	/* Two hours that nobody watched are no recovery, nor an outage. */
	probe_for(10 * MINUTE, "down");
	assert_int_equal(alert_count, 1);
	assert_near(stands("shop")->bad, 4200, 90);
	probe_for(10 * MINUTE, "up");
	assert_last(2, "resolved", "high");
	assert_string_equal(alerts[1].id, alerts[0].id);
	restart(shop, MINUTE);
	probe_for(DAY, "up");
	assert_int_equal(alert_count, 2);
}

static void an_alert_is_on_the_disk_within_seconds(void **state)
{
	(void)state;
	watch(shop);
	keep(true);
	probe_for(4 * DAY, "up");
	probe_for(10 * MINUTE, "down");
	assert_last(1, "firing", "high");
	for (int i = 0; i < 15; i++)
		pass(SECOND);
	/* As after a crash. */
	struct limits *first = limits;
	open_limits();
	limits_set_rules(limits, rules, now);
	keep(true);
	assert_int_equal(limits_totals(limits).firing, 1);
	limits_free(limits);
	limits = first;
}

static void what_is_damaged_is_told_and_left(void **state)
{
	(void)state;
	watch(shop);
	keep(true);
	probe_for(HOUR, "up");
	limits_free(limits);
	int fd = open(levels_path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 200), 1);
	close(fd);
	open_limits();
	limits_set_rules(limits, rules, now);
	keep(false);
	assert_null(stands("shop"));
}

static void a_level_that_is_there_no_more_ends_what_it_said(void **state)
{
	(void)state;
	watch(shop);
	probe_for(HOUR, "down");
	assert_last(1, "firing", "high");
	watch("rules: []\n");
	assert_last(2, "resolved", "high");
	assert_int_equal(limits_totals(limits).firing, 0);
	assert_non_null(strstr(last_alert()->summary, "level shop"));
}

static void of_what_nobody_asks_any_more_nothing_is_known(void **state)
{
	(void)state;
	watch(shop);
	probe_for(HOUR, "down");
	assert_last(1, "firing", "high");
	wait_for(HOUR);
	assert_last(2, "resolved", "high");
	assert_non_null(strstr(last_alert()->summary, "nothing more is known of it"));
}

/* ---- bounds ---- */

static void no_more_are_kept_than_there_is_room(void **state)
{
	(void)state;
	watch("levels:\n- {name: api, measure: errors}\n");
	for (uint32_t i = 1; i <= 5000; i++) {
		struct port_record port = port_of("192.0.2.1", i);
		port.ended = 100;
		port.errors = 0;
		limits_count(limits, &port);
	}
	stands("api");
	assert_int_equal(level_count, 2048);
	assert_int_equal(limits_totals(limits).left_out, 5000 - 2048);
	/* Who was there first goes on; and what is silent makes room. */
	struct port_record port = port_of("192.0.2.1", 1);
	port.start += MINUTE;
	port.ended = 50;
	port.errors = 0;
	limits_count(limits, &port);
	assert_int_equal(limits_totals(limits).left_out, 5000 - 2048);
	assert_int_equal(limits_totals(limits).series, 2048);
	now += 3 * DAY;
	port = port_of("192.0.2.9", 1);
	port.ended = 7;
	port.errors = 0;
	limits_count(limits, &port);
	assert_int_equal(stands("api")->good, 7);
	assert_int_equal(level_count, 1);
}

static void what_somebody_wrote_has_room_before_the_usual(void **state)
{
	const struct limit_usual usual = { 100, 0.01, 0.001, 0 };
	const char *more = "levels:\n- {name: mine, targets: \"https://*\"}\n";
	struct buf errors = { 0 };
	struct probe_record record;
	(void)state;
	rules = limit_rules_new(&home);
	assert_true(limit_usual_add(rules, &usual));
	assert_true(limit_rules_parse(rules, more, strlen(more), "r.yaml", &errors));
	limits_set_rules(limits, rules, now);
	record_init(RECORD_probe, &record);
	record.hard_state = "up";
	for (int i = 0; i < 3000; i++) {
		snprintf(record.target, sizeof(record.target), "ssh://host%d", i);
		limits_see(limits, RECORD_probe, &record, now);
	}
	assert_null(stands("mine"));
	probe_for(HOUR, "up");
	assert_near(stands("mine")->good, 3600, 60);
	assert_int_equal(level_count, 2048);
	buf_free(&errors);
}

/* Buckets of the oldest time are as long as the window asks for. */
static void a_longer_window_reaches_back_further_from_then_on(void **state)
{
	(void)state;
	watch("levels:\n- {name: shop, targets: \"https://*\", window: 30d}\n");
	probe_for(80 * DAY, "up");
	watch("levels:\n- {name: shop, targets: \"https://*\", window: 366d}\n");
	assert_near(stands("shop")->good, 80 * 86400, 21600);
	probe_for(80 * DAY, "up");
	assert_near(stands("shop")->good, 160 * 86400, 86400);
	watch("levels:\n- {name: shop, targets: \"https://*\", window: 30d}\n");
	assert_near(stands("shop")->good, 30 * 86400, 86400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEVEL_TEST(an_outage_is_told_within_minutes_and_over_when_it_is),
		LEVEL_TEST(what_falls_now_and_then_is_told_as_less),
		LEVEL_TEST(the_middle_pair_is_six_times_too_fast),
		LEVEL_TEST(it_gets_graver_and_never_less_grave),
		LEVEL_TEST(it_must_last_and_be_over_for_so_long),
		LEVEL_TEST(of_few_connections_a_share_says_nothing),
		LEVEL_TEST(as_many_as_are_asked_for),
		LEVEL_TEST(who_wants_no_alerts_gets_none),
		KEPT_TEST(a_restart_forgets_nothing_and_learns_nothing),
		KEPT_TEST(an_alert_is_on_the_disk_within_seconds),
		KEPT_TEST(what_is_damaged_is_told_and_left),
		LEVEL_TEST(a_level_that_is_there_no_more_ends_what_it_said),
		LEVEL_TEST(of_what_nobody_asks_any_more_nothing_is_known),
		LEVEL_TEST(no_more_are_kept_than_there_is_room),
		LEVEL_TEST(what_somebody_wrote_has_room_before_the_usual),
		LEVEL_TEST(a_longer_window_reaches_back_further_from_then_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
