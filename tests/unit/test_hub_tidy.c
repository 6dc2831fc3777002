/*
 * test_hub_tidy.c: what hubs do beside (cli/hub_tidy.h), with servers and a depot that
 * are played here: streams that are lost are made again, and gaps are told until they
 * are kept.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cli/hub_tidy.h"
#include "fleet/batch.h"
#include "fleet/skipped.h"

enum { WAIT_S = 30, WRITES = 16 };
#define MADE_US INT64_C(1790000000000000)

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned made;                  /* calls of link_make_streams() */
	unsigned looked;                /* ... that found them */
	bool are_lost;                  /* until they are made again */
	int64_t made_us;                /* of the streams that are there */
	bool has_hole;                  /* skipped_next() has one to tell */
	int refusals;                   /* of the next writes: -EAGAIN each */
	struct gap_record gaps[WRITES]; /* that were to be kept, the ones refused too */
	uint64_t epochs[WRITES];
	size_t writes;
} scene = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

/* ---- the servers ---- */

int link_make_streams(struct link *link, const struct link_streams *streams,
		      char error[static LINK_ERROR_MAX])
{
	(void)link;
	(void)streams;
	error[0] = '\0';
	pthread_mutex_lock(&scene.lock);
	scene.made++;
	if (scene.are_lost)
		scene.made_us += 1000;
	scene.are_lost = false;
	pthread_mutex_unlock(&scene.lock);
	return 0;
}

int link_look_at_streams(struct link *link, struct link_stream out[static FLEET_LANES])
{
	(void)link;
	pthread_mutex_lock(&scene.lock);
	int result = scene.are_lost ? -ENOENT : 0;
	for (int lane = 0; lane < FLEET_LANES; lane++)
		/* Only that of flows is ever another one. */
		out[lane] = (struct link_stream){ .made_us = lane == LANE_FLOW
								     ? scene.made_us
								     : MADE_US };
	scene.looked += result == 0;
	pthread_cond_broadcast(&scene.changed);
	pthread_mutex_unlock(&scene.lock);
	return result;
}

int link_trim(struct link *link, enum fleet_lane lane, int64_t older_than_us)
{
	(void)link;
	(void)lane;
	(void)older_than_us;
	return 0;
}

struct link_ids *link_ids_follow(struct link *link, enum fleet_lane lane,
				 int64_t since_us, link_take_id take,
				 link_missed missed, void *self)
{
	(void)link;
	(void)lane;
	(void)since_us;
	(void)take;
	(void)missed;
	(void)self;
	return NULL;
}

void link_ids_close(struct link_ids *ids)
{
	(void)ids;
}

bool hub_lease_leads(struct hub_lease *lease)
{
	(void)lease;
	return true;
}

/* ---- what never came ---- */

struct skipped *skipped_new(void)
{
	return (struct skipped *)(void *)&scene;
}

void skipped_free(struct skipped *skipped)
{
	(void)skipped;
}

uint64_t skipped_left_out(const struct skipped *skipped)
{
	(void)skipped;
	return 0;
}

void skipped_forget(struct skipped *skipped)
{
	(void)skipped;
}

void skipped_see(struct skipped *skipped, const struct batch_id *id, int64_t stored_us,
		 int64_t now_us)
{
	(void)skipped;
	(void)id;
	(void)stored_us;
	(void)now_us;
}

bool skipped_read_msgid(const char *text, struct batch_id *out)
{
	(void)text;
	(void)out;
	return false;
}

bool skipped_next(struct skipped *skipped, int64_t now_us, struct hole *out)
{
	(void)skipped;
	(void)now_us;
	pthread_mutex_lock(&scene.lock);
	bool has_hole = scene.has_hole;
	scene.has_hole = false;
	pthread_mutex_unlock(&scene.lock);
	*out = (struct hole){ .before = { .sensor = "web-1",
					  .lane = LANE_FLOW,
					  .epoch = 7,
					  .sequence = 9 },
			      .missing = 2,
			      .start_us = MADE_US,
			      .end_us = MADE_US + 1 };
	return has_hole;
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

int depot_prune(struct depot *depot, const struct depot_limits *limits, int64_t now_us,
		char error[static DEPOT_ERROR_MAX])
{
	(void)depot;
	(void)limits;
	(void)now_us;
	error[0] = '\0';
	return 0;
}

static bool take_gap(void *to, enum record_kind kind, const void *record)
{
	assert_int_equal(kind, RECORD_gap);
	*(struct gap_record *)to = *(const struct gap_record *)record;
	return true;
}

/* With the lock held. */
static int keep(const struct depot_batch *batch)
{
	char error[BATCH_ERROR_MAX];
	assert_true(scene.writes < WRITES);
	assert_true(batch_read(batch->bytes, batch->len, take_gap,
			       &scene.gaps[scene.writes], error));
	scene.epochs[scene.writes++] = batch->id.epoch;
	return scene.refusals > 0 ? scene.refusals--, -EAGAIN : 0;
}

int depot_write(struct depot *depot, struct depot_batch *batches, size_t count,
		char error[static DEPOT_ERROR_MAX])
{
	(void)depot;
	error[0] = '\0';
	pthread_mutex_lock(&scene.lock);
	for (size_t i = 0; i < count; i++)
		batches[i].result = keep(&batches[i]);
	pthread_cond_broadcast(&scene.changed);
	pthread_mutex_unlock(&scene.lock);
	return 0;
}

/* ---- what is told ---- */

/* Until that many were counted, with the lock held. */
#define WAIT_FOR(count, wanted)                                                        \
	do {                                                                           \
		struct timespec until;                                                 \
		clock_gettime(CLOCK_REALTIME, &until);                                 \
		until.tv_sec += WAIT_S;                                                \
		while ((count) < (wanted))                                             \
			assert_int_equal(pthread_cond_timedwait(&scene.changed,        \
								&scene.lock, &until),  \
					 0);                                           \
	} while (0)

static struct hub_tidy *start(void)
{
	static const struct hub_tidy_options options = { .depot = "sqlite:" };
	scene.made_us = MADE_US;
	scene.made = scene.looked = 0;
	scene.writes = 0;
	struct hub_tidy *tidy = hub_tidy_start(&options);
	assert_non_null(tidy);
	return tidy;
}

static void streams_that_are_lost_are_made_again_and_that_is_a_gap(void **state)
{
	(void)state;
	struct hub_tidy *tidy = start();
	pthread_mutex_lock(&scene.lock);
	WAIT_FOR(scene.looked, 1);
	assert_int_equal(scene.writes, 0); /* who begins a fleet has lost none */
	scene.are_lost = true;
	WAIT_FOR(scene.writes, 1);
	assert_int_equal(scene.made, 2);
	const struct gap_record *gap = &scene.gaps[0];
	assert_string_equal(gap->sensor, FLEET_HUB);
	assert_string_equal(gap->reason, "stream");
	assert_int_equal(gap->end, MADE_US + 1000);
	assert_true(gap->start <= gap->end);
	unsigned looked = scene.looked;
	WAIT_FOR(scene.looked, looked + 1);
	assert_int_equal(scene.writes, 1);
	pthread_mutex_unlock(&scene.lock);
	hub_tidy_stop(tidy);
}

/* As ClickHouse answers while another hub has begun to write it. */
static void a_gap_is_told_until_it_is_kept(void **state)
{
	struct hub_tidy_counts counts;
	(void)state;
	scene.has_hole = true;
	scene.refusals = 2;
	struct hub_tidy *tidy = start();
	pthread_mutex_lock(&scene.lock);
	WAIT_FOR(scene.writes, 3);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(scene.gaps[i].sensor, "web-1");
		assert_string_equal(scene.gaps[i].reason, "spool");
		assert_true(scene.epochs[i] == scene.epochs[0]);
	}
	unsigned looked = scene.looked;
	WAIT_FOR(scene.looked, looked + 1);
	assert_int_equal(scene.writes, 3); /* what is kept is not told again */
	pthread_mutex_unlock(&scene.lock);
	hub_tidy_count(tidy, &counts);
	assert_int_equal(counts.gaps, 1);
	hub_tidy_stop(tidy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			streams_that_are_lost_are_made_again_and_that_is_a_gap),
		cmocka_unit_test(a_gap_is_told_until_it_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
