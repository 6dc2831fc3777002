/*
 * test_summary.c: which findings a replay tells a person: the worst, each once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/summary.h"

static void say(struct summary *summary, int number, const char *severity, int again)
{
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	snprintf(finding.id, sizeof(finding.id), "f%d", number);
	finding.first = number;
	finding.at = finding.last = number + again;
	finding.state = "open";
	finding.severity = severity;
	summary_finding(summary, &finding);
}

static void the_worst_stay_and_come_first(void **state)
{
	(void)state;
	struct summary summary = { .wanted = true };
	for (int i = 0; i < 3 * SUMMARY_FINDINGS; i++)
		say(&summary, i, i == 5 ? "high" : i == 25 ? "medium" : "low", 0);
	assert_int_equal(summary.worst_count, SUMMARY_FINDINGS);
	assert_int_equal(summary.findings, 3 * SUMMARY_FINDINGS);
	assert_string_equal(summary.worst[0].id, "f5");
	assert_string_equal(summary.worst[1].id, "f25");
	assert_string_equal(summary.worst[2].id, "f0");
	assert_int_equal(summary.notices, 0);
}

static void one_that_is_said_again_is_told_once_as_it_was_last(void **state)
{
	(void)state;
	struct summary summary = { .wanted = true };
	say(&summary, 1, "low", 0);
	say(&summary, 2, "low", 0);
	say(&summary, 2, "low", 10);
	say(&summary, 2, "critical", 20);
	assert_int_equal(summary.worst_count, 2);
	assert_int_equal(summary.findings, 2);
	assert_string_equal(summary.worst[0].id, "f2");
	assert_int_equal(summary.worst[0].at, 22);
}

static void notices_are_only_counted(void **state)
{
	(void)state;
	struct summary summary = { .wanted = true };
	say(&summary, 1, "notice", 0);
	say(&summary, 1, "notice", 10);
	say(&summary, 2, "notice", 0);
	assert_int_equal(summary.worst_count, 0);
	assert_int_equal(summary.findings, 0);
	assert_int_equal(summary.notices, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_stay_and_come_first),
		cmocka_unit_test(one_that_is_said_again_is_told_once_as_it_was_last),
		cmocka_unit_test(notices_are_only_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
