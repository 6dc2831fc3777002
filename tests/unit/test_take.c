/*
 * test_take.c: from a lane's stream into a depot, both played here: how much is written
 * at once, and what one failed write holds up.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fleet/take.h"

enum {
	MESSAGES = 64,
	FETCHES = 16,
	WAIT_S = 20,
	MOST_AT_ONCE = 3 * BATCH_RECORDS_MAX, /* up to the bound, and one more batch */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct buf bytes[MESSAGES];
	size_t count;
	bool is_given[MESSAGES], is_done[MESSAGES];
	int most[FETCHES]; /* asked for, of each fetch that gave some */
	size_t fetches, done;
	uint64_t most_records; /* of a write */
	uint64_t bad;          /* sequence of the batch that makes a write fail */
} scene = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* ---- the stream ---- */

struct link_pull *link_pull_open(struct link *link, enum fleet_lane lane,
				 char error[static LINK_ERROR_MAX])
{
	(void)link;
	(void)lane;
	error[0] = '\0';
	return (struct link_pull *)(void *)&scene;
}

void link_pull_close(struct link_pull *pull)
{
	(void)pull;
}

int64_t link_pull_waiting(struct link_pull *pull)
{
	(void)pull;
	return 0;
}

/* What was given back comes behind the rest, as with a delay of the server's. */
int link_pull_fetch(struct link_pull *pull, struct link_message *out, int most,
		    int timeout_ms)
{
	static size_t next;
	const struct timespec pause = { .tv_nsec = 1000000 };
	int count = 0;
	(void)pull;
	(void)timeout_ms;
	pthread_mutex_lock(&scene.lock);
	for (size_t n = 0; n < scene.count && count < most; n++) {
		size_t i = next++ % scene.count;
		if (scene.is_given[i] || scene.is_done[i])
			continue;
		scene.is_given[i] = true;
		out[count++] = (struct link_message){ .subject = "bw.r.web-1.event",
						      .bytes = scene.bytes[i].at,
						      .len = scene.bytes[i].len,
						      .sequence = i };
	}
	if (count > 0 && scene.fetches < FETCHES)
		scene.most[scene.fetches++] = most;
	pthread_mutex_unlock(&scene.lock);
	if (count == 0)
		nanosleep(&pause, NULL);
	return count;
}

void link_message_done(struct link_message *message)
{
	pthread_mutex_lock(&scene.lock);
	assert_true(scene.is_given[message->sequence]);
	scene.is_given[message->sequence] = false;
	scene.is_done[message->sequence] = true;
	scene.done++;
	pthread_cond_broadcast(&scene.changed);
	pthread_mutex_unlock(&scene.lock);
}

void link_message_again(struct link_message *message)
{
	pthread_mutex_lock(&scene.lock);
	assert_true(scene.is_given[message->sequence]);
	scene.is_given[message->sequence] = false;
	pthread_mutex_unlock(&scene.lock);
}

/* ---- the depot ---- */

struct depot *depot_open(const char *where, char error[static DEPOT_ERROR_MAX])
{
	(void)where;
	error[0] = '\0';
	return (struct depot *)(void *)&scene;
}

void depot_close(struct depot *depot)
{
	(void)depot;
}

int depot_write(struct depot *depot, struct depot_batch *batches, size_t count,
		char error[static DEPOT_ERROR_MAX])
{
	uint64_t records = 0;
	int result = 0;
	(void)depot;
	for (size_t i = 0; i < count; i++) {
		struct batch_head head;
		char why[BATCH_ERROR_MAX];
		batches[i].result = 0;
		if (batch_read_head(batches[i].bytes, batches[i].len, &head, why))
			records += head.records;
		if (scene.bad != 0 && batches[i].id.sequence == scene.bad)
			result = -EAGAIN;
	}
	pthread_mutex_lock(&scene.lock);
	if (records > scene.most_records)
		scene.most_records = records;
	pthread_mutex_unlock(&scene.lock);
	snprintf(error, DEPOT_ERROR_MAX, "%s", result != 0 ? "it can't" : "");
	return result;
}

/* ---- what is told ---- */

static void add_message(uint64_t sequence, unsigned records)
{
	struct gap_record gap;
	struct batch_head head = { .id = { .sensor = "web-1",
					   .lane = LANE_EVENT,
					   .epoch = 1,
					   .sequence = sequence },
				   .lost_us = UNKNOWN_TIME };
	struct batch *batch = batch_new();
	assert_non_null(batch);
	record_init(RECORD_gap, &gap);
	gap.reason = "spool";
	for (unsigned i = 0; i < records; i++)
		assert_true(batch_add(batch, RECORD_gap, &gap));
	struct buf *bytes = &scene.bytes[scene.count++];
	buf_clear(bytes);
	assert_true(batch_finish(batch, &head, bytes));
	batch_free(batch);
}

static void wait_for(size_t done)
{
	struct timespec until;
	int error = 0;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&scene.lock);
	while (scene.done < done && error == 0)
		error = pthread_cond_timedwait(&scene.changed, &scene.lock, &until);
	size_t got = scene.done;
	pthread_mutex_unlock(&scene.lock);
	assert_true(got >= done);
}

static struct take *start(void)
{
	static const struct take_options options = { .lane = LANE_EVENT,
						     .depot = "sqlite:" };
	struct take *take = take_start(&options);
	assert_non_null(take);
	return take;
}

static int clear(void **state)
{
	(void)state;
	for (size_t i = 0; i < MESSAGES; i++)
		buf_free(&scene.bytes[i]);
	memset(scene.is_given, 0, sizeof(scene.is_given));
	memset(scene.is_done, 0, sizeof(scene.is_done));
	scene.count = scene.fetches = scene.done = 0;
	scene.most_records = scene.bad = 0;
	return 0;
}

/* ---- tests ---- */

static void small_messages_of_many_records_are_written_some_at_a_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MESSAGES; i++)
		add_message(i + 1, BATCH_RECORDS_MAX);
	assert_true(scene.bytes[0].len < 1024);
	struct take *take = start();
	wait_for(MESSAGES);
	take_stop(take);
	assert_int_equal(scene.fetches, 1);
	assert_in_range(scene.most_records, BATCH_RECORDS_MAX, MOST_AT_ONCE);
}

static void one_batch_that_fails_holds_up_no_other(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++)
		add_message(i + 1, 1);
	scene.bad = 5;
	struct take *take = start();
	wait_for(7);
	take_stop(take);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(scene.is_done[i], i + 1 != scene.bad);
	assert_int_equal(scene.most[1], 1);
	assert_int_equal(scene.most[2], 2);
}

static void what_follows_a_failed_write_is_given_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++)
		add_message(i + 1, BATCH_RECORDS_MAX);
	scene.bad = 1;
	struct take *take = start();
	wait_for(7);
	take_stop(take);
	assert_false(scene.is_done[0]);
	for (unsigned i = 0; i < 8; i++)
		assert_false(scene.is_given[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			small_messages_of_many_records_are_written_some_at_a_time,
			clear, clear),
		cmocka_unit_test_setup_teardown(one_batch_that_fails_holds_up_no_other,
						clear, clear),
		cmocka_unit_test_setup_teardown(
			what_follows_a_failed_write_is_given_back, clear, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
