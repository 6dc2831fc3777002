/*
 * hub_say.c: see hub_say.h.
 */
#include "cli/hub_say.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/ring.h"
#include "fleet/batch.h"

enum {
	RING_BYTES = 16 << 20,
	TOGETHER_MS = 50, /* what is said at once goes in one message */
	PUBLISH_MS = 2000,
	AGAIN_MS = 250,
	LAST_US = 3000000, /* at the end */
};

struct hub_say {
	struct link *link;
	pthread_t thread;
	struct ring *ring; /* the loop writes, the thread reads */
	int event;
	uint64_t epoch;
	atomic_bool stops;
	atomic_ullong told, lost;
	/* The thread's: */
	struct batch *batch;
	struct batch_id id;
	int64_t until_us; /* once it stops */
	pthread_mutex_t lock;
	char trouble[LINK_ERROR_MAX];
};

static void nap(int ms)
{
	const struct timespec some = { .tv_sec = ms / 1000,
				       .tv_nsec = ms % 1000 * 1000000L };
	nanosleep(&some, NULL);
}

static void set_trouble(struct hub_say *say, const char *text)
{
	pthread_mutex_lock(&say->lock);
	snprintf(say->trouble, sizeof(say->trouble), "%s", text);
	pthread_mutex_unlock(&say->lock);
}

/* False: it is the end, and it could not be told. */
static bool may_go_on(struct hub_say *say)
{
	if (!atomic_load(&say->stops))
		return true;
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (say->until_us == 0)
		say->until_us = now_us + LAST_US;
	return now_us < say->until_us;
}

static bool publish(struct hub_say *say, const struct buf *message)
{
	char subject[FLEET_SUBJECT_MAX], msgid[BATCH_MSGID_MAX], error[LINK_ERROR_MAX];
	snprintf(subject, sizeof(subject), FLEET_RECORDS, FLEET_HUB,
		 fleet_lane_name(say->id.lane));
	batch_msgid(&say->id, msgid);
	while (may_go_on(say)) {
		if (link_publish(say->link, subject, msgid, message->at, message->len,
				 PUBLISH_MS, error) == 0) {
			set_trouble(say, "");
			return true;
		}
		set_trouble(say, error);
		nap(AGAIN_MS);
	}
	return false;
}

static void tell_batch(struct hub_say *say)
{
	struct buf message = { 0 };
	uint32_t records = batch_records(say->batch);
	if (records == 0)
		return;
	say->id.sequence++;
	struct batch_head head = { .id = say->id,
				   .made_us = clock_us(CLOCK_REALTIME),
				   .lost_us = UNKNOWN_TIME };
	bool is_told = batch_finish(say->batch, &head, &message) && buf_ok(&message) &&
		       publish(say, &message);
	atomic_fetch_add(is_told ? &say->told : &say->lost, records);
	buf_free(&message);
}

static void tell_all(struct hub_say *say)
{
	uint16_t kind;
	size_t len;
	for (const void *record;
	     (record = ring_peek(say->ring, &kind, &len)) != NULL;) {
		if (!batch_add(say->batch, (enum record_kind)kind, record)) {
			tell_batch(say);
			if (!batch_add(say->batch, (enum record_kind)kind, record))
				atomic_fetch_add(&say->lost, 1);
		}
		ring_pop(say->ring);
	}
	tell_batch(say);
}

static void *tell_on(void *self)
{
	struct hub_say *say = self;
	struct pollfd fd = { .fd = say->event, .events = POLLIN };
	uint64_t count;
	while (!atomic_load(&say->stops)) {
		if (poll(&fd, 1, -1) > 0 && !atomic_load(&say->stops))
			nap(TOGETHER_MS);
		ssize_t len = read(say->event, &count, sizeof(count));
		(void)len;
		tell_all(say);
	}
	tell_all(say);
	return NULL;
}

static bool start(struct hub_say *say)
{
	say->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	say->ring = ring_new(RING_BYTES);
	say->batch = batch_new();
	return say->event >= 0 && say->ring != NULL && say->batch != NULL &&
	       pthread_create(&say->thread, NULL, tell_on, say) == 0;
}

static void let_go(struct hub_say *say)
{
	if (say->event >= 0)
		close(say->event);
	ring_free(say->ring);
	batch_free(say->batch);
	pthread_mutex_destroy(&say->lock);
	free(say);
}

struct hub_say *hub_say_start(struct link *link)
{
	struct hub_say *say = calloc(1, sizeof(*say));
	if (say == NULL)
		return NULL;
	say->link = link;
	say->epoch = hash_key_random().k0;
	say->id = (struct batch_id){ .sensor = FLEET_HUB,
				     .lane = LANE_EVENT,
				     .epoch = say->epoch };
	pthread_mutex_init(&say->lock, NULL);
	if (start(say))
		return say;
	let_go(say);
	return NULL;
}

uint64_t hub_say_epoch(const struct hub_say *say)
{
	return say->epoch;
}

static void wake(const struct hub_say *say)
{
	const uint64_t one = 1;
	ssize_t written = write(say->event, &one, sizeof(one));
	(void)written;
}

bool hub_say_put(struct hub_say *say, enum record_kind kind, const void *record)
{
	if (fleet_lane_of(kind) != LANE_EVENT)
		return false;
	bool is_put = ring_put(say->ring, (uint16_t)kind, record, schemas[kind].size);
	if (!is_put)
		atomic_fetch_add(&say->lost, 1);
	wake(say);
	return is_put;
}

void hub_say_count(struct hub_say *say, struct hub_say_counts *out)
{
	out->told = atomic_load(&say->told);
	out->lost = atomic_load(&say->lost);
	pthread_mutex_lock(&say->lock);
	memcpy(out->trouble, say->trouble, sizeof(out->trouble));
	pthread_mutex_unlock(&say->lock);
}

void hub_say_stop(struct hub_say *say)
{
	if (say == NULL)
		return;
	atomic_store(&say->stops, true);
	wake(say);
	pthread_join(say->thread, NULL);
	let_go(say);
}
