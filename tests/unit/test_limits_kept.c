/*
 * test_limits_kept.c: other rules, and a restart, are no reason for an alert to end, to
 * begin or to get another name.
 */
#include "limits_check.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"

static const char slow[] = "rules:\n"
			   "- name: slow\n"
			   "  field: port.response_p95_us\n"
			   "  above: {medium: 100ms, high: 1s}\n"
			   "  for: 2m\n"
			   "- name: backup\n"
			   "  field: probe.state\n"
			   "  absent: 25h\n";

static char folder[] = "/tmp/breakwater-limits-XXXXXX";
static char path[64], levels_path[64];

static int begin_folder(void **state)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/limits.bin", folder);
	snprintf(levels_path, sizeof(levels_path), "%s/levels.bin", folder);
	return begin(state);
}

static int end_folder(void **state)
{
	end(state);
	unlink(path);
	unlink(levels_path);
	return rmdir(folder);
}

static void keep(bool works)
{
	struct buf why = { 0 };
	assert_int_equal(limits_keep(limits, folder, now, &why), works);
	assert_int_equal(why.len == 0, works);
	buf_free(&why);
}

/* The daemon ends, and is there again after that time, with these rules. */
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

static void backup_comes(void)
{
	struct probe_record probe;
	record_init(RECORD_probe, &probe);
	record_text(probe.target, sizeof(probe.target), "heartbeat://backup");
	probe.state = "up";
	limits_see(limits, RECORD_probe, &probe, now);
}

static void what_fires_goes_on_after_a_restart(void **state)
{
	(void)state;
	watch(slow);
	keep(true);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	assert_last(1, "firing", "medium");
	restart(slow, HOUR);
	pass(SECOND);
	assert_int_equal(limits_totals(limits).firing, 1);
	answers_in(250, MINUTE);
	answers_in(250, MINUTE);
	assert_int_equal(alert_count, 1);
	for (int i = 0; i < 3; i++)
		answers_in(2000, MINUTE);
	assert_last(2, "firing", "high");
	for (int i = 0; i < 3; i++)
		answers_in(20, MINUTE);
	assert_last(3, "resolved", "high");
	for (int i = 1; i < 3; i++) {
		assert_string_equal(alerts[i].id, alerts[0].id);
		assert_int_equal(alerts[i].start, alerts[0].start);
		assert_string_equal(alerts[i].target, "192.0.2.1:443/tcp");
	}
}

static void the_time_in_which_nothing_ran_is_no_absence(void **state)
{
	(void)state;
	watch(slow);
	keep(true);
	backup_comes();
	pass(10 * HOUR);
	restart(slow, 30 * HOUR);
	pass(14 * HOUR);
	assert_int_equal(alert_count, 0);
	/* But what does not come after the restart is missed. */
	pass(2 * HOUR);
	assert_last(1, "firing", "medium");
	assert_string_equal(last_alert()->target, "heartbeat://backup");
}

static void the_time_in_which_nobody_watched_is_no_absence(void **state)
{
	(void)state;
	watch(slow);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	assert_last(1, "firing", "medium");
	backup_comes();
	now += 30 * HOUR;
	limits_unwatched(limits, now - 30 * HOUR, now);
	pass(SECOND);
	answers_in(250, MINUTE);
	assert_int_equal(alert_count, 1);
	pass(26 * HOUR);
	assert_int_equal(limits_totals(limits).firing, 1);
	assert_string_equal(last_alert()->rule, "backup");
}

static void an_alert_is_on_the_disk_within_seconds(void **state)
{
	struct buf why = { 0 };
	(void)state;
	watch(slow);
	keep(true);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	for (int i = 0; i < 15; i++)
		pass(SECOND);
	/* As after a crash: another one reads what is there now. */
	struct limits *first = limits;
	open_limits();
	limits_set_rules(limits, rules, now);
	assert_true(limits_keep(limits, folder, now, &why));
	assert_int_equal(limits_totals(limits).firing, 1);
	limits_free(limits);
	limits = first;
	buf_free(&why);
}

static size_t listed;

static void list(void *to, const struct alert_record *alert)
{
	(void)to;
	listed++;
	assert_string_equal(alert->state, "firing");
	assert_string_equal(alert->id, alerts[0].id);
	assert_true(strstr(alert->summary, "is 250 ms") != NULL);
}

static void what_fires_is_listed(void **state)
{
	(void)state;
	watch(slow);
	listed = 0;
	limits_each(limits, list, NULL);
	assert_int_equal(listed, 0);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	limits_each(limits, list, NULL);
	assert_int_equal(listed, 1);
}

static void a_rule_that_is_there_no_more_ends_what_it_said(void **state)
{
	(void)state;
	watch(slow);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	watch("rules:\n- {name: other, field: port.active, above: 5}\n");
	assert_last(2, "resolved", "medium");
	assert_string_equal(last_alert()->id, alerts[0].id);
	assert_string_equal(last_alert()->rule, "slow");
	assert_non_null(strstr(last_alert()->summary, "rule slow is there no more"));
	assert_int_equal(limits_totals(limits).series, 0);
}

static void so_it_is_if_it_went_while_nothing_ran(void **state)
{
	(void)state;
	watch(slow);
	keep(true);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	restart("rules:\n- {name: slow, off: yes}\n", MINUTE);
	assert_last(2, "resolved", "medium");
	assert_string_equal(last_alert()->id, alerts[0].id);
	assert_int_equal(limits_totals(limits).firing, 0);
}

static void a_rule_that_changes_goes_on(void **state)
{
	(void)state;
	watch(slow);
	answers_in(250, MINUTE);
	answers_in(250, MINUTE);
	/* Another one before it, and another limit. */
	watch("rules:\n- {name: other, field: port.active, above: 5}\n"
	      "- {name: slow, field: port.response_p95_us, above: 200ms, for: 2m}\n");
	answers_in(250, MINUTE);
	assert_last(1, "firing", "medium");
	watch("rules:\n- {name: slow, field: port.response_p95_us, above: 300ms, for: "
	      "2m}\n");
	assert_int_equal(alert_count, 1);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	assert_last(2, "resolved", "medium");
}

static void what_is_damaged_is_told_and_left(void **state)
{
	(void)state;
	watch(slow);
	keep(true);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	limits_free(limits);
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 200), 1);
	close(fd);
	open_limits();
	limits_set_rules(limits, rules, now);
	keep(false);
	assert_int_equal(limits_totals(limits).firing, 0);
	for (int i = 0; i < 3; i++)
		answers_in(250, MINUTE);
	assert_last(2, "firing", "medium");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_fires_goes_on_after_a_restart,
						begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(
			the_time_in_which_nothing_ran_is_no_absence, begin_folder,
			end_folder),
		cmocka_unit_test_setup_teardown(
			the_time_in_which_nobody_watched_is_no_absence, begin, end),
		cmocka_unit_test_setup_teardown(an_alert_is_on_the_disk_within_seconds,
						begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(what_fires_is_listed, begin, end),
		cmocka_unit_test_setup_teardown(
			a_rule_that_is_there_no_more_ends_what_it_said, begin, end),
		cmocka_unit_test_setup_teardown(so_it_is_if_it_went_while_nothing_ran,
						begin_folder, end_folder),
		cmocka_unit_test_setup_teardown(a_rule_that_changes_goes_on, begin,
						end),
		cmocka_unit_test_setup_teardown(what_is_damaged_is_told_and_left,
						begin_folder, end_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
