/*
 * test_alert_trial.c: rules tried on the past: what they would have found in a real
 * store, what that is beside those in force, and what can't be told.
 */
#include "store_check.h"

#include <stdlib.h>
#include <time.h>

#include "cli/alert_compare.h"
#include "cli/alert_replay.h"
#include "cli/alert_trial.h"
#include "cli/cli.h"
#include "printed.h"

#define MINUTE (60 * SECOND)
/* Nobody answers there: all comes from the store. */
static const struct common_options nobody = { .socket = "/nonexistent/socket" };
static const struct common_options nobody_json = { .socket = "/nonexistent/socket",
						   .json = true };

/* ---- a store ---- */

static void put_second(struct store *store, int64_t at_us, uint64_t response_us)
{
	struct port_record port;
	struct histogram response;
	record_init(RECORD_port, &port);
	addr_parse("192.0.2.1", &port.server_ip);
	port.start = at_us;
	port.interval_s = 1;
	port.port = 443;
	port.transport = "tcp";
	record_text(port.service, sizeof(port.service), "https");
	port.flows = port.client_packets = port.server_packets = 10;
	port.responses = 10;
	histogram_clear(&response);
	for (int i = 0; i < 10; i++)
		histogram_add(&response, response_us);
	assert_true(store_put_port(store, &port, NULL, &response, NULL));
}

/* An hour (251 ms is the distribution's bucket of 250): slow from minute 10 to 20, and
 * from 30 to 32. */
static void fill_store(void)
{
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	for (int s = 0; s < 3600; s += 5) {
		int minute = s / 60;
		bool is_slow =
			(minute >= 10 && minute < 20) || (minute >= 30 && minute < 33);
		put_second(store, START_US + s * SECOND, is_slow ? 250000 : 20000);
	}
	wait_written(store);
	store_close(store);
}

static void put_alert(const char *rule, int64_t from_us, int64_t to_us)
{
	struct alert_record alert;
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	record_init(RECORD_alert, &alert);
	record_text(alert.id, sizeof(alert.id), rule);
	record_text(alert.rule, sizeof(alert.rule), rule);
	record_text(alert.target, sizeof(alert.target), "192.0.2.1:443/tcp");
	alert.kind = "value";
	alert.state = "resolved";
	alert.severity = "medium";
	alert.start = from_us;
	alert.at = alert.end = to_us;
	alert.value = 1;
	alert.limit = 100000;
	assert_true(store_put(store, RECORD_alert, &alert));
	wait_written(store);
	store_close(store);
}

/* ---- files ---- */

static const char *write_file(const char *name, const char *text)
{
	static char paths[8][128];
	static int count;
	char *path = paths[count++ % 8];
	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static const char *rules_for(const char *name, const char *minutes)
{
	char text[256];
	snprintf(text, sizeof(text),
		 "rules:\n- name: slow\n  field: port.response_p95_us\n"
		 "  above: {high: 100ms}\n  for: %s\n",
		 minutes);
	return write_file(name, text);
}

static const char *settings(const char *rules)
{
	char text[256];
	snprintf(text, sizeof(text),
		 "home: [192.0.2.0/24]\nlimits:\n  usual: no\n  files: [%s]\n", rules);
	return write_file("breakwater.yaml", text);
}

static int try_file(const struct common_options *common, const char *path)
{
	char config_path[128], *files[] = { (char *)(uintptr_t)path };
	snprintf(config_path, sizeof(config_path), "%s/breakwater.yaml", folder);
	const struct alert_trial_options options = {
		.common = common,
		.since = "2026-01-31T00:00:00Z",
		.until = "2026-01-31T01:00:00Z",
		.config = config_path,
		.state = folder,
		.files = files,
		.file_count = 1,
	};
	catch_output();
	int status = alert_trial(&options);
	what_was_printed();
	return status;
}

/* ---- tests ---- */

static void what_other_rules_would_have_found_stands_beside_those_in_force(void **state)
{
	(void)state;
	fill_store();
	settings(rules_for("old.yaml", "5m"));
	assert_int_equal(try_file(&nobody, rules_for("new.yaml", "1m")), STATUS_OK);
	assert_string_equal(
		printed, "CHANGE  BEGIN             END               SEVERITY  RULE  "
			 "TARGET     "
			 "         VALUE   LIMIT\n"
			 "same    2026-01-31 00:11  2026-01-31 00:22  !high     slow  "
			 "192.0.2.1:443/tcp  251 ms  100 ms\n"
			 "new     2026-01-31 00:31  2026-01-31 00:35  !high     slow  "
			 "192.0.2.1:443/tcp  251 ms  100 ms\n"
			 "\n"
			 "RULE  WOULD  IN-FORCE  NEW  GONE\n"
			 "slow      2         1    1     -\n"
			 "\n"
			 "DAY         WOULD  IN-FORCE  NEW  GONE\n"
			 "2026-01-31      2         1    1     -\n");
	assert_int_equal(try_file(&nobody_json, in_folder("new.yaml")), STATUS_OK);
	assert_says(printed, "\"rule\":\"slow\",\"kind\":\"value\"");
	assert_says(printed, "\"change\":\"new\"");
	assert_says(printed,
		    "\n{\"rule\":\"slow\",\"would\":2,\"in_force\":1,\"new\":1}\n");
}

static void what_was_recorded_is_what_the_rules_in_force_found(void **state)
{
	(void)state;
	fill_store();
	put_alert("slow", START_US + 12 * MINUTE, START_US + 21 * MINUTE);
	put_alert("quiet", START_US + 40 * MINUTE, START_US + 41 * MINUTE);
	settings(rules_for("old.yaml", "1m"));
	assert_int_equal(try_file(&nobody, rules_for("new.yaml", "15m")), STATUS_OK);
	assert_says(printed, "gone    2026-01-31 00:12  2026-01-31 00:21");
	assert_says(printed, "slow       -         1    -     1\n");
	assert_says(printed, "quiet      -         1    -     1\n");
	assert_int_equal(try_file(&nobody, in_folder("old.yaml")), STATUS_OK);
	assert_says(printed, "slow       2         1    1     -\n");
}

static void a_rule_with_an_error_is_refused_with_its_place(void **state)
{
	(void)state;
	fill_store();
	settings(rules_for("old.yaml", "1m"));
	const char *bad =
		write_file("bad.yaml", "rules:\n- name: a\n  field: port.x\n");
	assert_int_equal(try_file(&nobody, bad), STATUS_USAGE);
	assert_string_equal(printed, "");
	assert_int_equal(try_file(&nobody, in_folder("missing.yaml")), STATUS_USAGE);
}

static struct limit_rules *rules_of(const char *text)
{
	static struct home home;
	struct buf errors = { 0 };
	struct limit_rules *rules = limit_rules_new(&home);
	assert_non_null(rules);
	if (!limit_rules_parse(rules, text, strlen(text), "rules.yaml", &errors))
		fail_msg("%s", buf_cstr(&errors));
	buf_free(&errors);
	return rules;
}

static void what_could_not_be_tried_is_known(void **state)
{
	(void)state;
	struct limit_rules *rules = rules_of(
		"rules:\n"
		"- {name: slow, field: port.response_p95_us, above: 1ms}\n"
		"- {name: unused, field: port.flows, where: {unused: no}, above: 1}\n"
		"- {name: drops, field: self.dropped, above: 0}\n"
		"- {name: slow-off, off: yes}\n");
	struct alert_replay *replay = alert_replay_new(rules, NULL);
	struct port_record port;
	const struct field *field;
	assert_non_null(replay);
	record_init(RECORD_port, &port);
	port.response_p95_us = 10;
	port.flows = port.interval_s = 60;
	assert_true(alert_replay_begin(replay, START_US));
	alert_replay_take(replay, RECORD_port, &port, START_US + MINUTE);
	alert_replay_end(replay, START_US + 2 * MINUTE);
	assert_false(alert_replay_misses(replay, 0, &field));
	assert_true(alert_replay_misses(replay, 1, &field));
	assert_string_equal(field->name, "unused");
	assert_true(alert_replay_misses(replay, 2, &field));
	assert_null(field);
	assert_false(alert_replay_misses(replay, 3, &field));
	alert_replay_free(replay);
	limit_rules_free(rules);
}

/* Live a tick each second tells that something is absent. */
static void time_goes_on_between_records_and_after_the_last(void **state)
{
	(void)state;
	struct limit_rules *rules =
		rules_of("rules:\n- {name: backup, field: probe.state, absent: 2h}\n");
	struct alert_replay *replay = alert_replay_new(rules, NULL);
	struct probe_record probe;
	size_t count;
	record_init(RECORD_probe, &probe);
	record_text(probe.target, sizeof(probe.target), "heartbeat://backup");
	probe.state = "up";
	assert_true(alert_replay_begin(replay, START_US));
	alert_replay_take(replay, RECORD_probe, &probe, START_US);
	alert_replay_take(replay, RECORD_probe, &probe, START_US + 180 * MINUTE);
	alert_replay_end(replay, START_US + 400 * MINUTE);
	const struct alert_record *alerts = alert_replay_alerts(replay, &count);
	assert_int_equal(count, 2);
	assert_string_equal(alerts[0].state, "resolved");
	assert_int_equal(alerts[0].end, START_US + 180 * MINUTE);
	assert_string_equal(alerts[1].state, "firing");
	assert_true(alerts[1].end == UNKNOWN_TIME);
	alert_replay_free(replay);
	limit_rules_free(rules);
}

/* A minute of ten errors among a hundred connections, of two hours. */
static void service_levels_are_tried_as_well(void **state)
{
	(void)state;
	struct limit_rules *rules =
		rules_of("levels:\n- {name: api, measure: errors}\n");
	struct alert_replay *replay = alert_replay_new(rules, NULL);
	struct port_record port;
	size_t count;
	record_init(RECORD_port, &port);
	assert_true(addr_parse("192.0.2.1", &port.server_ip));
	port.transport = "tcp";
	port.port = 443;
	port.interval_s = 60;
	port.ended = 100;
	assert_true(alert_replay_begin(replay, START_US));
	for (int i = 0; i < 120; i++) {
		port.start = START_US + i * MINUTE;
		port.errors = i >= 60 && i < 70 ? 10 : 0;
		alert_replay_take(replay, RECORD_port, &port, port.start + MINUTE);
	}
	alert_replay_end(replay, START_US + 120 * MINUTE);
	const struct alert_record *alerts = alert_replay_alerts(replay, &count);
	assert_int_equal(count, 1);
	assert_string_equal(alerts[0].kind, "level");
	assert_string_equal(alerts[0].severity, "high");
	assert_string_equal(alerts[0].state, "resolved");
	alert_replay_free(replay);
	limit_rules_free(rules);
}

static struct alert_record alert_of(const char *rule, int64_t from_min, int64_t to_min)
{
	struct alert_record alert;
	record_init(RECORD_alert, &alert);
	record_text(alert.rule, sizeof(alert.rule), rule);
	alert.start = START_US + from_min * MINUTE;
	alert.end = to_min < 0 ? UNKNOWN_TIME : START_US + to_min * MINUTE;
	return alert;
}

static void alerts_are_the_same_by_rule_target_and_time(void **state)
{
	(void)state;
	struct alert_record tried[6] = { alert_of("b", 0, 10), alert_of("a", 100, -1),
					 alert_of("a", 0, 10) };
	struct alert_record in_force[3] = { alert_of("a", 500, 510),
					    alert_of("a", 40, 50),
					    alert_of("b", 5, 7) };
	assert_int_equal(alert_compare(tried, 3, in_force, 3), 4);
	static const char *const expected[] = { "a new", "b same", "a gone", "a same" };
	static const int starts_min[] = { 0, 0, 40, 100 };
	for (size_t i = 0; i < 4; i++) {
		char text[80];
		snprintf(text, sizeof(text), "%s %s", tried[i].rule, tried[i].change);
		assert_int_equal(tried[i].start, START_US + starts_min[i] * MINUTE);
		/* Two begin at one moment: in any order. */
		if (i >= 2)
			assert_string_equal(text, expected[i]);
		else
			assert_true(strcmp(text, expected[0]) == 0 ||
				    strcmp(text, expected[1]) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_folder, remove_folder)
		TEST(what_other_rules_would_have_found_stands_beside_those_in_force),
		TEST(what_was_recorded_is_what_the_rules_in_force_found),
		TEST(a_rule_with_an_error_is_refused_with_its_place),
		cmocka_unit_test(what_could_not_be_tried_is_known),
		cmocka_unit_test(time_goes_on_between_records_and_after_the_last),
		cmocka_unit_test(service_levels_are_tried_as_well),
		cmocka_unit_test(alerts_are_the_same_by_rule_target_and_time),
	};
	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
