/*
 * courier_lane.c: a lane's thread: one batch after the other, in their order.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/courier_inside.h"
#include "fleet/spool.h"

enum {
	PUBLISH_MS = 5000,
	NEXT_LOOK_US = 2000000, /* where nothing tells that a file is new */
	RETRY_FIRST_US = 100000,
	RETRY_MAX_US = 2000000,
	FULL_MAX_US = 10000000,
	DOUBLINGS = 7,
};

static bool is_same(const struct batch_id *a, const struct batch_id *b)
{
	return a->epoch == b->epoch && a->sequence == b->sequence;
}

static void set_trouble(struct courier_lane *work, const char *text)
{
	pthread_mutex_lock(&work->courier->lock);
	bool is_news = strcmp(work->trouble, text) != 0;
	snprintf(work->trouble, sizeof(work->trouble), "%s", text);
	pthread_mutex_unlock(&work->courier->lock);
	if (is_news)
		courier_wake(work->courier);
}

static int64_t later_us(struct courier_lane *work, int64_t most_us)
{
	int64_t wait_us = (int64_t)RETRY_FIRST_US << work->failures;
	work->is_stuck = true;
	if (work->failures < DOUBLINGS)
		work->failures++;
	return wait_us < most_us ? wait_us : most_us;
}

/* Its file is removed; until it is, it is not published again. */
static int64_t remove_told(struct courier_lane *work)
{
	int error = fleet_spool_done(work->courier->spool, &work->told);
	work->is_removed = error == 0 || error == -ENOENT;
	if (work->is_removed)
		return 0;
	char text[LINK_ERROR_MAX];
	snprintf(text, sizeof(text),
		 "a batch was told, but can't be removed from %.*s: %s",
		 (int)sizeof(text) / 2, work->courier->spool, strerror(-error));
	set_trouble(work, text);
	return later_us(work, FULL_MAX_US);
}

static int64_t note_told(struct courier_lane *work, const struct batch_id *id)
{
	struct courier *courier = work->courier;
	work->told = *id;
	work->failures = 0;
	pthread_mutex_lock(&courier->lock);
	courier->counts.batches[work->lane]++;
	courier->counts.bytes[work->lane] += work->bytes.len;
	courier->counts.last_us = clock_us(CLOCK_REALTIME);
	pthread_mutex_unlock(&courier->lock);
	set_trouble(work, "");
	courier_wake(courier);
	return remove_told(work);
}

/* When to try again. */
static int64_t note_failure(struct courier_lane *work, int error, const char *why)
{
	char text[LINK_ERROR_MAX];
	pthread_mutex_lock(&work->courier->lock);
	work->courier->counts.tries_failed++;
	pthread_mutex_unlock(&work->courier->lock);
	if (error == -ENOSPC)
		snprintf(text, sizeof(text), "no room on the servers for %s: %.*s",
			 fleet_lane_name(work->lane), LINK_ERROR_MAX / 2, why);
	else
		snprintf(text, sizeof(text), "%s", why);
	set_trouble(work, text);
	return later_us(work, error == -EAGAIN ? RETRY_MAX_US : FULL_MAX_US);
}

/* This machine may speak only as who it is now. */
static int64_t drop_other(struct courier_lane *work, const struct batch_id *id)
{
	char text[LINK_ERROR_MAX];
	snprintf(text, sizeof(text),
		 "batches of sensor %s were removed: this machine is %s now",
		 id->sensor, work->courier->sensor);
	set_trouble(work, text);
	work->told = *id;
	return remove_told(work);
}

/* What is to be told at once never waits. */
static int64_t pace_us(struct courier_lane *work)
{
	struct courier *courier = work->courier;
	if (work->lane == LANE_EVENT)
		return 0;
	pthread_mutex_lock(&courier->lock);
	int64_t wait_us = courier_pace_take_us(&courier->pace, work->bytes.len,
					       clock_us(CLOCK_MONOTONIC));
	bool never = false;
	while (wait_us > 0 && !courier->ends) {
		int64_t began_us = clock_us(CLOCK_MONOTONIC);
		courier_wait(courier, &never, wait_us);
		wait_us -= clock_us(CLOCK_MONOTONIC) - began_us;
	}
	pthread_mutex_unlock(&courier->lock);
	return wait_us;
}

static int64_t publish(struct courier_lane *work, const struct batch_id *id)
{
	struct courier *courier = work->courier;
	char subject[FLEET_SUBJECT_MAX], msgid[BATCH_MSGID_MAX],
		error[LINK_ERROR_MAX] = "";
	snprintf(subject, sizeof(subject), FLEET_RECORDS, courier->sensor,
		 fleet_lane_name(work->lane));
	batch_msgid(id, msgid);
	int result = link_publish(courier->link, subject, msgid, work->bytes.at,
				  work->bytes.len, PUBLISH_MS, error);
	return result == 0 ? note_told(work, id) : note_failure(work, result, error);
}

static int find_batch(struct courier_lane *work, struct batch_id *id)
{
	const char *spool = work->courier->spool;
	int result = -ENOENT;
	buf_clear(&work->bytes);
	if (work->is_removed)
		result = fleet_spool_after(spool, &work->told, id, &work->bytes);
	if (result == -ENOENT)
		result = fleet_spool_oldest(spool, work->lane, id, &work->bytes);
	return result;
}

/* How long to wait then. */
static int64_t carry_one(struct courier_lane *work)
{
	struct courier *courier = work->courier;
	struct batch_id id;
	work->is_stuck = !link_is_up(courier->link);
	if (work->is_stuck)
		return NEXT_LOOK_US;
	int result = find_batch(work, &id);
	if (result == -ENOENT)
		return NEXT_LOOK_US;
	if (result == -EBADMSG) {
		set_trouble(work,
			    "a file of the spool was no batch, and was set aside");
		return 0;
	}
	if (result != 0)
		return note_failure(work, -EAGAIN, strerror(-result));
	if (is_same(&id, &work->told))
		return remove_told(work);
	if (strcmp(id.sensor, courier->sensor) != 0)
		return drop_other(work, &id);
	if (pace_us(work) > 0)
		return 0; /* it ends */
	return publish(work, &id);
}

void *courier_carry(void *self)
{
	struct courier_lane *work = self;
	struct courier *courier = work->courier;
	pthread_mutex_lock(&courier->lock);
	while (!courier->ends) {
		work->is_woken = work->is_connected = false;
		pthread_mutex_unlock(&courier->lock);
		int64_t wait_us = carry_one(work);
		pthread_mutex_lock(&courier->lock);
		/* Where the oldest can't be told, a new one changes nothing. */
		if (wait_us > 0)
			courier_wait(courier,
				     work->is_stuck ? &work->is_connected
						    : &work->is_woken,
				     wait_us);
	}
	pthread_mutex_unlock(&courier->lock);
	return NULL;
}

void courier_wake_lanes(struct courier *courier, bool is_connected)
{
	pthread_mutex_lock(&courier->lock);
	for (int i = 0; i < FLEET_LANES; i++) {
		struct courier_lane *work = &courier->lanes[i];
		work->is_woken = true;
		work->is_connected = work->is_connected || is_connected;
	}
	pthread_cond_broadcast(&courier->changed);
	pthread_mutex_unlock(&courier->lock);
}
