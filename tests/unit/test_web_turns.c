/*
 * test_web_turns.c: who waits for an answer about the past, and for whom.
 */
#include "web_client.h"

#include <stdatomic.h>

/* Flows are read until they may end; everything else is there at once. */
static atomic_bool hold_flows, hold_all;
static atomic_int reading_flows;
static atomic_int order; /* of the reads of anomalies, and logins */
static atomic_int anomalies_at, logins_at;

static struct store_reader *open_stored(const char *path,
					char error[static STORE_ERROR_MAX], int *status)
{
	(void)path;
	error[0] = '\0';
	*status = 0;
	return (struct store_reader *)&order;
}

static void close_stored(struct store_reader *reader)
{
	(void)reader;
}

static void wait_while(const atomic_bool *held, const struct store_filter *filter)
{
	while (atomic_load(held) &&
	       (filter->cancel == NULL || !atomic_load(filter->cancel)))
		usleep(1000);
}

static int read_stored(struct store_reader *reader, enum record_kind kind,
		       const struct store_filter *filter, store_emit emit, void *to,
		       char error[static STORE_ERROR_MAX])
{
	(void)reader;
	(void)emit;
	(void)to;
	error[0] = '\0';
	if (kind == RECORD_flow) {
		atomic_fetch_add(&reading_flows, 1);
		wait_while(&hold_flows, filter);
	}
	if (kind == RECORD_anomaly)
		atomic_store(&anomalies_at, atomic_fetch_add(&order, 1) + 1);
	if (kind == RECORD_login)
		atomic_store(&logins_at, atomic_fetch_add(&order, 1) + 1);
	wait_while(&hold_all, filter);
	return 0;
}

static const struct web_past made_up = { .folder = "/nowhere",
					 .open = open_stored,
					 .read = read_stored,
					 .close = close_stored };

static int set_up_turns(void **state)
{
	past = &made_up;
	fake.memory_since_us = INT64_MAX;
	atomic_store(&hold_flows, false);
	atomic_store(&hold_all, false);
	atomic_store(&reading_flows, 0);
	atomic_store(&order, 0);
	return set_up(state);
}

static int tear_down_turns(void **state)
{
	atomic_store(&hold_flows, false);
	atomic_store(&hold_all, false);
	return tear_down(state);
}

static void say_get(int fd, const char *path)
{
	char request[256];
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		 path);
	say(fd, request);
}

static void expect_answer_on(int fd)
{
	struct buf answer = { 0 };
	hear(fd, NULL, &answer);
	assert_int_equal(code_of(&answer), 200);
	buf_free(&answer);
	close(fd);
}

static void a_short_question_does_not_wait_for_a_long_one(void **state)
{
	(void)state;
	fake.memory_since_us = now_us();
	atomic_store(&hold_flows, true);
	int slow[2];
	for (int i = 0; i < 2; i++) {
		slow[i] = connect_local();
		say_get(slow[i], "/api/v1/flows?since=30d");
	}
	while (atomic_load(&reading_flows) == 0)
		turn(1);
	for (int i = 0; i < 3; i++)
		expect("/api/v1/anomalies?since=30d", 200, "Breakwater-Total: 0");
	assert_int_equal(atomic_load(&reading_flows), 1); /* one at a time */
	atomic_store(&hold_flows, false);
	for (int i = 0; i < 2; i++)
		expect_answer_on(slow[i]);
}

static void who_asks_much_waits_behind_who_asks_little(void **state)
{
	enum { MUCH = 20 };
	int fds[MUCH];
	(void)state;
	atomic_store(&hold_all, true);
	for (int i = 0; i < MUCH; i++) {
		fds[i] = connect_tcp();
		say_get(fds[i], "/api/v1/anomalies?since=30d");
		for (int j = 0; j < 5; j++)
			turn(1);
	}
	int other = connect_local();
	say_get(other, "/api/v1/logins?since=30d");
	for (int j = 0; j < 20; j++)
		turn(1);
	atomic_store(&hold_all, false);
	expect_answer_on(other);
	for (int i = 0; i < MUCH; i++)
		expect_answer_on(fds[i]);
	/* Two were being answered, and two threads choose. */
	assert_in_range(atomic_load(&logins_at), 1, 4);
	assert_int_equal(atomic_load(&anomalies_at), MUCH + 1);
}

#define TEST_TURNS(name)                                                               \
	cmocka_unit_test_setup_teardown(name, set_up_turns, tear_down_turns)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_TURNS(a_short_question_does_not_wait_for_a_long_one),
		TEST_TURNS(who_asks_much_waits_behind_who_asks_little),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
