/*
 * test_rounds.c: when targets are due, deadlines, and answers between processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/deadlines.h"
#include "probe/event.h"
#include "probe/rounds.h"

#define SECOND_US 1000000LL

/* ---- when ---- */

static void due_times_are_an_interval_apart(void **state)
{
	(void)state;
	int64_t first = round_due("tcp://a:1", 30 * SECOND_US, 1000 * SECOND_US);
	assert_true(first > 1000 * SECOND_US && first <= 1030 * SECOND_US);
	assert_int_equal(round_due("tcp://a:1", 30 * SECOND_US, first),
			 first + 30 * SECOND_US);
	assert_int_equal(round_due("tcp://a:1", 30 * SECOND_US, first - 1), first);
	/* Another start is no other time. */
	assert_int_equal(round_due("tcp://a:1", 30 * SECOND_US, 5),
			 first % (30 * SECOND_US));
}

/* Of a thousand, no tenth of the interval has more than twice its share. */
static void many_spread_over_the_interval(void **state)
{
	(void)state;
	unsigned count[10] = { 0 };
	for (int i = 0; i < 1000; i++) {
		char text[32];
		snprintf(text, sizeof(text), "tcp://192.0.2.%d:%d", i % 250, i);
		int64_t due = round_due(text, 10 * SECOND_US, 0) % (10 * SECOND_US);
		count[due / SECOND_US]++;
	}
	for (int i = 0; i < 10; i++)
		if (count[i] < 50 || count[i] > 200)
			fail_msg("%u in second %d", count[i], i);
}

/* ---- deadlines ---- */

enum { DEADLINES = 500 };

static void deadlines_come_in_order(void **state)
{
	(void)state;
	static struct deadline some[DEADLINES];
	struct deadlines all = { 0 };
	unsigned seed = (unsigned)time(NULL);
	print_message("# seed %u\n", seed);
	srand(seed);
	for (int i = 0; i < DEADLINES; i++)
		assert_true(deadlines_add(&all, &some[i], rand() % 1000));
	for (int i = 0; i < DEADLINES; i++)
		if (rand() % 2)
			deadlines_move(&all, &some[i], rand() % 1000);
	for (int i = 0; i < DEADLINES; i += 3)
		deadlines_remove(&all, &some[i]);
	int64_t last_us = INT64_MIN;
	unsigned count = 0;
	for (struct deadline *next; (next = deadlines_next(&all)) != NULL; count++) {
		assert_true(next->at_us >= last_us);
		assert_int_not_equal((next - some) % 3, 0);
		last_us = next->at_us;
		deadlines_remove(&all, next);
	}
	assert_int_equal(count, DEADLINES - (DEADLINES + 2) / 3);
	deadlines_free(&all);
}

/* ---- between processes ---- */

static void an_answer_arrives_as_it_was(void **state)
{
	(void)state;
	struct probe_record sent, came;
	struct probe_event event;
	record_init(RECORD_probe, &sent);
	record_text(sent.target, sizeof(sent.target), "tcp://192.0.2.1:1");
	sent.state = "down";
	sent.reason = "refused";
	sent.hard_state = "up";
	sent.by = "traffic";
	sent.transport = "udp";
	sent.total_us = 17;
	probe_event_make(&sent, &event);
	assert_true(probe_event_read(&event, sizeof(event), &came));
	assert_string_equal(came.state, "down");
	assert_string_equal(came.reason, "refused");
	assert_string_equal(came.hard_state, "up");
	assert_string_equal(came.by, "traffic");
	assert_string_equal(came.transport, "udp");
	assert_string_equal(came.target, sent.target);
	assert_int_equal(came.total_us, 17);
	sent.reason = NULL;
	sent.hard_state = sent.by = NULL;
	probe_event_make(&sent, &event);
	assert_true(probe_event_read(&event, sizeof(event), &came));
	assert_null(came.reason);
	assert_null(came.hard_state);
	assert_null(came.by);
}

static void what_is_no_answer_is_refused(void **state)
{
	(void)state;
	struct probe_record record, came;
	struct probe_event event, bad;
	record_init(RECORD_probe, &record);
	record.state = "up";
	probe_event_make(&record, &event);
	assert_true(probe_event_read(&event, sizeof(event), &came));
	assert_false(probe_event_read(&event, sizeof(event) - 1, &came));
	bad = event;
	bad.state = PROBE_down + 1;
	assert_false(probe_event_read(&bad, sizeof(bad), &came));
	bad = event;
	bad.reason = REASONS;
	assert_false(probe_event_read(&bad, sizeof(bad), &came));
	bad = event;
	bad.hard_state = PROBE_down + 1;
	assert_false(probe_event_read(&bad, sizeof(bad), &came));
	bad = event;
	bad.by = 3;
	assert_false(probe_event_read(&bad, sizeof(bad), &came));
	bad = event;
	bad.transport = 4;
	assert_false(probe_event_read(&bad, sizeof(bad), &came));
	bad = event;
	memset(bad.record.detail, 'x', sizeof(bad.record.detail));
	assert_false(probe_event_read(&bad, sizeof(bad), &came));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(due_times_are_an_interval_apart),
		cmocka_unit_test(many_spread_over_the_interval),
		cmocka_unit_test(deadlines_come_in_order),
		cmocka_unit_test(an_answer_arrives_as_it_was),
		cmocka_unit_test(what_is_no_answer_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
