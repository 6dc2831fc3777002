/*
 * test_rounds.c: when targets are due, deadlines, and answers between processes.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
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
	bad.by = 4;
	assert_false(probe_event_read(&bad, sizeof(bad), &came));
	bad = event;
	bad.transport = 4;
	assert_false(probe_event_read(&bad, sizeof(bad), &came));
	bad = event;
	memset(bad.record.detail, 'x', sizeof(bad.record.detail));
	assert_false(probe_event_read(&bad, sizeof(bad), &came));
}

static void what_is_told_of_targets_is_read_as_a_strangers(void **state)
{
	(void)state;
	struct probe_own own = { .kind = PROBE_TOLD_OWN }, came;
	struct probe_proof proof = { .kind = PROBE_TOLD_PROOF }, came_proof;
	struct probe_ends_event event = { .kind = PROBE_EVENT_ENDS };
	struct probe_ends ends;
	assert_true(probe_own_read(&own, sizeof(own), &came));
	assert_false(probe_own_read(&own, sizeof(own) - 1, &came));
	assert_true(probe_proof_read(&proof, sizeof(proof), &came_proof));
	assert_false(probe_proof_read(&proof, sizeof(proof) - 1, &came_proof));
	event.ends.local_port = 7;
	assert_true(probe_ends_read(&event, sizeof(event), &ends));
	assert_int_equal(ends.local_port, 7);
	assert_false(probe_ends_read(&event, sizeof(event) - 1, &ends));
	own.kind = proof.kind = event.kind = PROBE_EVENT_PAGE;
	assert_false(probe_own_read(&own, sizeof(own), &came));
	assert_false(probe_proof_read(&proof, sizeof(proof), &came_proof));
	assert_false(probe_ends_read(&event, sizeof(event), &ends));
	own.kind = PROBE_TOLD_OWN;
	proof.kind = PROBE_TOLD_PROOF;
	memset(own.asked, 'x', sizeof(own.asked));
	memset(proof.target, 'x', sizeof(proof.target));
	assert_false(probe_own_read(&own, sizeof(own), &came));
	assert_false(probe_proof_read(&proof, sizeof(proof), &came_proof));
}

/* ---- clients stand for probes ---- */

enum { ANSWERS_MAX = 16 };

struct heard {
	unsigned count, gone, removed;
	struct probe_record answers[ANSWERS_MAX];
};

static void hear(void *to, const struct probe_record *record)
{
	struct heard *heard = to;
	if (record->state == NULL) {
		heard->gone++;
		heard->removed += reason_named(record->reason) == REASON_removed;
	} else if (heard->count < ANSWERS_MAX) {
		heard->answers[heard->count++] = *record;
	}
}

static const struct round_rules every_second = { .interval_s = 1,
						 .passive_max = 2,
						 .health = { 1, 1, 1 } };

/* A port of loopback at which somebody listens. */
static int listen_somewhere(char text[64])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 16), 0);
	getsockname(fd, (struct sockaddr *)&at, &len);
	snprintf(text, 64, "tcp://127.0.0.1:%u", ntohs(at.sin_port));
	return fd;
}

static struct target target_of(const char *text)
{
	struct target target;
	char why[TARGET_WHY_MAX];
	assert_true(target_parse(&target, text, why));
	return target;
}

/* Runs until there are so many answers; each time with that proof. */
static void run_until(struct rounds *rounds, const struct heard *heard, unsigned count,
		      const char *text, const struct round_proof *proof)
{
	int64_t end_us = clock_us(CLOCK_MONOTONIC) + 20 * SECOND_US;
	while (heard->count < count && clock_us(CLOCK_MONOTONIC) < end_us) {
		struct pollfd wait = { .fd = rounds_fd(rounds), .events = POLLIN };
		poll(&wait, 1, rounds_timeout_ms(rounds));
		rounds_prove(rounds, text, proof);
		rounds_run(rounds);
	}
	assert_int_equal(heard->count, count);
}

static void traffic_answers_but_not_always(void **state)
{
	(void)state;
	char text[64];
	static struct heard heard;
	int fd = listen_somewhere(text);
	struct rounds *rounds = rounds_new(hear, &heard);
	struct target target = target_of(text);
	const struct round_proof well = { .connect_us = 5,
					  .first_byte_us = 7,
					  .is_well = 1 };
	const struct round_proof failing = { .is_well = 1, .fails = 1 };
	rounds_begin_set(rounds);
	assert_true(rounds_add(rounds, &target, &every_second));
	rounds_end_set(rounds);
	run_until(rounds, &heard, 4, text, &well);
	static const char *const by[] = { "probe", "traffic", "traffic", "probe" };
	for (unsigned i = 0; i < 4; i++)
		assert_string_equal(heard.answers[i].by, by[i]);
	const struct probe_record *r = &heard.answers[1];
	assert_string_equal(r->state, "up");
	assert_string_equal(r->hard_state, "up");
	assert_true(r->connect_us == 5 && r->first_byte_us == 7);
	assert_true(addr_equal(&r->ip, &heard.answers[0].ip));
	assert_int_equal(r->total_us, UNKNOWN_U64);
	/* Who has clients that fail is asked, as is who is down. */
	run_until(rounds, &heard, 5, text, &failing);
	assert_string_equal(heard.answers[4].by, "probe");
	close(fd);
	run_until(rounds, &heard, 6, text, &failing);
	assert_string_equal(heard.answers[5].state, "down");
	run_until(rounds, &heard, 7, text, &well);
	assert_string_equal(heard.answers[6].by, "probe");
	struct rounds_stats stats;
	rounds_stats(rounds, &stats);
	assert_int_equal(stats.by_traffic, 2);
	assert_int_equal(stats.asked, 5);
	rounds_free(rounds);
}

/* One that took another's place does not know yet what is in maintenance. */
static void nothing_is_judged_before_maintenance_is_known(void **state)
{
	(void)state;
	char text[64];
	struct heard *heard = calloc(1, sizeof(*heard));
	assert_non_null(heard);
	close(listen_somewhere(text));
	struct rounds *rounds = rounds_new(hear, heard);
	struct target target = target_of(text);
	struct maintenance all = { .count = 1 };
	all.at[0].until_us = INT64_MAX;
	rounds_maintain(rounds, NULL);
	rounds_begin_set(rounds);
	assert_true(rounds_add(rounds, &target, &every_second));
	rounds_end_set(rounds);
	for (int64_t end_us = clock_us(CLOCK_MONOTONIC) + SECOND_US + SECOND_US / 5;
	     clock_us(CLOCK_MONOTONIC) < end_us; rounds_run(rounds))
		poll(NULL, 0, 20);
	struct rounds_stats stats;
	rounds_stats(rounds, &stats);
	assert_int_equal(stats.asked, 0);
	/* Nobody is woken for what must not be done. */
	assert_int_equal(rounds_timeout_ms(rounds), -1);
	rounds_maintain(rounds, &all);
	run_until(rounds, heard, 1, text, &(struct round_proof){ 0 });
	assert_string_equal(heard->answers[0].state, "down");
	assert_int_equal(heard->answers[0].maintenance, 1);
	assert_true(heard->answers[0].late_us > 0);
	rounds_free(rounds);
	free(heard);
}

static void own_ones_stand_beside_those_that_are_named(void **state)
{
	(void)state;
	struct heard *heard = calloc(1, sizeof(*heard));
	assert_non_null(heard);
	struct rounds *rounds = rounds_new(hear, heard);
	struct rounds_stats stats;
	struct target own = target_of("tcp://127.0.0.1:9");
	assert_true(rounds_add_own(rounds, &own, &every_second));
	/* Another set leaves it. */
	rounds_begin_set(rounds);
	rounds_end_set(rounds);
	rounds_stats(rounds, &stats);
	assert_int_equal(stats.targets, 1);
	/* Somebody names it; then it is his, and goes with his set. */
	struct target named = target_of("tcp://127.0.0.1:9");
	rounds_begin_set(rounds);
	assert_true(rounds_add(rounds, &named, &every_second));
	rounds_end_set(rounds);
	own = target_of("tcp://127.0.0.1:9");
	assert_true(rounds_add_own(rounds, &own, &every_second));
	rounds_drop_own(rounds, "tcp://127.0.0.1:9");
	rounds_stats(rounds, &stats);
	assert_int_equal(stats.targets, 1);
	assert_int_equal(heard->gone, 0);
	rounds_begin_set(rounds);
	rounds_end_set(rounds);
	assert_int_equal(heard->gone, 1);
	own = target_of("tcp://127.0.0.1:9");
	assert_true(rounds_add_own(rounds, &own, &every_second));
	rounds_drop_own(rounds, "tcp://127.0.0.1:9");
	rounds_drop_own(rounds, "tcp://127.0.0.1:10");
	rounds_stats(rounds, &stats);
	assert_int_equal(stats.targets, 0);
	assert_int_equal(heard->gone, 2);
	assert_int_equal(heard->removed, 1); /* nobody named the other */
	rounds_free(rounds);
	free(heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(due_times_are_an_interval_apart),
		cmocka_unit_test(many_spread_over_the_interval),
		cmocka_unit_test(deadlines_come_in_order),
		cmocka_unit_test(an_answer_arrives_as_it_was),
		cmocka_unit_test(what_is_no_answer_is_refused),
		cmocka_unit_test(what_is_told_of_targets_is_read_as_a_strangers),
		cmocka_unit_test(traffic_answers_but_not_always),
		cmocka_unit_test(own_ones_stand_beside_those_that_are_named),
		cmocka_unit_test(nothing_is_judged_before_maintenance_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
