/*
 * feed.c: see feed.h.
 *
 * While batches are told as they come, events wait a tenth of a second for others and
 * all else a second at most.  Where many wait already, the hubs are away: then batches
 * are made larger and fewer, as nothing is told sooner by a small one.
 */
#include "fleet/feed.h"

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
#include "base/ring.h"

enum {
	RING_BYTES = 4 << 20,
	CHAIN_BYTES = 256 << 10, /* two hundred records of the audit chain */
	EVENTS_SHARE = 4, /* one in so many of the ring's bytes is theirs alone */
	WAKE_SHARE = 2,
	AT_ONCE = 2048,
};

#define SECOND_US     1000000LL
#define EVENT_WAIT_US 100000LL
#define OTHER_WAIT_US 500000LL /* it may lie in the ring as long before */
#define RETRY_US      SECOND_US
#define OWES_US       (10 * SECOND_US)
#define NEVER         INT64_MAX

/* What the thread is woken for while it sleeps; each one for those before it, too. */
enum {
	WANTS_NOTHING, /* it is awake */
	WANTS_ROOM,    /* the ring is half full */
	WANTS_EVENTS,
	WANTS_ANY,
};

struct lane_work {
	struct batch *batch;
	int64_t due_us; /* by the monotonic clock; NEVER: there is nothing */
	bool is_stuck;  /* it could not be written, and is tried again when due */
};

struct feed {
	struct ring *ring;
	struct ring *chain;             /* of who writes the audit chain */
	struct chain_told told_at_open; /* for whom it is told again */
	int wake;
	pthread_t thread;
	_Atomic int wants;
	atomic_bool ends;
	atomic_ullong given[FLEET_LANES], refused[FLEET_LANES];
	atomic_ullong bytes_max; /* 0: as it is */
	/* The thread's. */
	struct fleet_spool *spool;
	struct lane_work lanes[FLEET_LANES];
	uint64_t refused_told[FLEET_LANES];
	struct chain_told coming; /* with the batch of events */
	uint32_t in_chain;        /* records of it in that batch */
	int64_t status_us;
	/* Both's. */
	pthread_mutex_t lock;
	struct fleet_spool_status status;
};

/* ---- who gives ---- */

static void wake(struct feed *feed)
{
	const uint64_t one = 1;
	if (atomic_exchange(&feed->wants, WANTS_NOTHING) == WANTS_NOTHING)
		return;
	ssize_t ignored = write(feed->wake, &one, sizeof(one));
	(void)ignored; /* it is full: then it is readable anyway */
}

static void wake_for(struct feed *feed, bool is_event, bool is_crowded)
{
	int wants = atomic_load(&feed->wants);
	if (wants == WANTS_ANY || (wants == WANTS_EVENTS && is_event) ||
	    (wants != WANTS_NOTHING && is_crowded))
		wake(feed);
}

bool feed_tell(struct feed *feed, enum record_kind kind, const void *record)
{
	if (!ring_put(feed->chain, (uint16_t)kind, record, schemas[kind].size))
		return false;
	atomic_fetch_add_explicit(&feed->given[LANE_EVENT], 1, memory_order_relaxed);
	wake_for(feed, true, ring_is_crowded(feed->chain, WAKE_SHARE));
	return true;
}

void feed_told(const struct feed *feed, struct chain_told *out)
{
	*out = feed->told_at_open;
}

void feed_put(struct feed *feed, enum record_kind kind, const void *record)
{
	int lane = fleet_lane_of(kind);
	if (lane == LANE_NONE)
		return;
	atomic_fetch_add_explicit(&feed->given[lane], 1, memory_order_relaxed);
	bool is_event = lane == LANE_EVENT;
	bool put = is_event || !ring_is_crowded(feed->ring, EVENTS_SHARE);
	put = put && ring_put(feed->ring, (uint16_t)kind, record, schemas[kind].size);
	if (!put)
		atomic_fetch_add_explicit(&feed->refused[lane], 1,
					  memory_order_relaxed);
	wake_for(feed, is_event, ring_is_crowded(feed->ring, WAKE_SHARE));
}

/* ---- the thread ---- */

/* How long a batch waits for more, by how many wait already. */
static int64_t wait_us(const struct feed *feed, enum fleet_lane lane)
{
	static const struct {
		uint64_t waiting;
		int64_t us;
	} steps[] = { { 4096, 120 * SECOND_US },
		      { 512, 30 * SECOND_US },
		      { 64, 5 * SECOND_US },
		      { 16, SECOND_US } };
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (feed->status.waiting[lane] >= steps[i].waiting)
			return steps[i].us;
	return lane == LANE_EVENT ? EVENT_WAIT_US : OTHER_WAIT_US;
}

static void look_at_spool(struct feed *feed, int64_t now_us)
{
	uint64_t bytes_max = atomic_exchange(&feed->bytes_max, 0);
	struct fleet_spool_status status;
	if (bytes_max != 0)
		fleet_spool_limit(feed->spool, bytes_max);
	fleet_spool_status(feed->spool, &status);
	pthread_mutex_lock(&feed->lock);
	feed->status = status;
	pthread_mutex_unlock(&feed->lock);
	feed->status_us = now_us;
}

static void tell_refused(struct feed *feed, enum fleet_lane lane)
{
	uint64_t refused =
		atomic_load_explicit(&feed->refused[lane], memory_order_relaxed);
	uint64_t fresh = refused - feed->refused_told[lane];
	if (fresh > 0)
		fleet_spool_lost(feed->spool, lane, fresh, clock_us(CLOCK_REALTIME));
	feed->refused_told[lane] = refused;
}

static void flush(struct feed *feed, enum fleet_lane lane, int64_t now_us)
{
	struct lane_work *work = &feed->lanes[lane];
	tell_refused(feed, lane);
	if (lane == LANE_EVENT && feed->in_chain > 0)
		fleet_spool_tells(feed->spool, &feed->coming);
	fleet_spool_put(feed->spool, lane, work->batch, clock_us(CLOCK_REALTIME));
	work->is_stuck = batch_records(work->batch) > 0;
	if (lane == LANE_EVENT && !work->is_stuck)
		feed->in_chain = 0;
	work->due_us = work->is_stuck ? now_us + RETRY_US : NEVER;
}

/* Events that can't be written now stay, as many as a batch holds. */
static bool add_to_batch(struct feed *feed, enum record_kind kind, const void *record,
			 int64_t now_us)
{
	enum fleet_lane lane = (enum fleet_lane)fleet_lane_of(kind);
	struct lane_work *work = &feed->lanes[lane];
	if (batch_add(work->batch, kind, record))
		return true;
	if (work->is_stuck && work->due_us > now_us)
		return false;
	flush(feed, lane, now_us);
	return batch_add(work->batch, kind, record);
}

static void set_due(struct feed *feed, enum fleet_lane lane, int64_t now_us)
{
	struct lane_work *work = &feed->lanes[lane];
	int64_t due_us = now_us + wait_us(feed, lane);
	if (!work->is_stuck && work->due_us > due_us)
		work->due_us = due_us;
}

static void add(struct feed *feed, enum record_kind kind, const void *record,
		int64_t now_us)
{
	enum fleet_lane lane = (enum fleet_lane)fleet_lane_of(kind);
	if (add_to_batch(feed, kind, record, now_us))
		set_due(feed, lane, now_us);
	else
		fleet_spool_lost(feed->spool, lane, 1, clock_us(CLOCK_REALTIME));
}

/* What finds no room waits where it is.  True: there is more, and room for it. */
static bool take_chain(struct feed *feed)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	const void *record;
	uint16_t kind;
	size_t len;
	for (int i = 0; i < AT_ONCE; i++) {
		record = ring_peek(feed->chain, &kind, &len);
		if (record == NULL ||
		    !add_to_batch(feed, (enum record_kind)kind, record, now_us))
			return false;
		chain_told_note(&feed->coming, (enum record_kind)kind, record);
		feed->in_chain++;
		set_due(feed, LANE_EVENT, now_us);
		ring_pop(feed->chain);
	}
	return true;
}

/* True: there is more. */
static bool take_records(struct feed *feed)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	const void *record;
	uint16_t kind;
	size_t len;
	for (int i = 0; i < AT_ONCE; i++) {
		record = ring_peek(feed->ring, &kind, &len);
		if (record == NULL)
			return false;
		add(feed, (enum record_kind)kind, record, now_us);
		ring_pop(feed->ring);
	}
	return true;
}

/* What was lost is told also where nothing comes any more. */
static void note_owed(struct feed *feed, enum fleet_lane lane, int64_t now_us)
{
	struct lane_work *work = &feed->lanes[lane];
	tell_refused(feed, lane);
	if (work->due_us == NEVER && fleet_spool_owes(feed->spool, lane))
		work->due_us = now_us + OWES_US;
}

static void flush_due(struct feed *feed, int64_t now_us)
{
	for (int i = 0; i < FLEET_LANES; i++) {
		if (feed->lanes[i].due_us <= now_us)
			flush(feed, (enum fleet_lane)i, now_us);
		note_owed(feed, (enum fleet_lane)i, now_us);
	}
	if (now_us - feed->status_us >= SECOND_US)
		look_at_spool(feed, now_us);
}

static int64_t next_due_us(const struct feed *feed)
{
	int64_t due_us = feed->status_us + SECOND_US;
	for (int i = 0; i < FLEET_LANES; i++)
		if (feed->lanes[i].due_us < due_us)
			due_us = feed->lanes[i].due_us;
	return due_us;
}

/* Whether the thread has something to do before anything is due. */
static bool has_records(const struct feed *feed)
{
	uint16_t kind;
	size_t len;
	if (ring_peek(feed->ring, &kind, &len) != NULL)
		return true;
	return !feed->lanes[LANE_EVENT].is_stuck &&
	       ring_peek(feed->chain, &kind, &len) != NULL;
}

/* What comes until then goes with what is due then. */
static int wants_of(const struct feed *feed)
{
	if (feed->lanes[LANE_EVENT].due_us != NEVER)
		return WANTS_ROOM;
	for (int i = 0; i < FLEET_LANES; i++)
		if (feed->lanes[i].due_us != NEVER)
			return WANTS_EVENTS;
	return WANTS_ANY;
}

static void sleep_until_due(struct feed *feed)
{
	struct pollfd woken = { .fd = feed->wake, .events = POLLIN };
	uint64_t count;
	atomic_store(&feed->wants, wants_of(feed));
	int64_t wait = next_due_us(feed) - clock_us(CLOCK_MONOTONIC);
	/* One that came in between has woken nobody. */
	if (wait > 0 && !has_records(feed) && !atomic_load(&feed->ends))
		poll(&woken, 1, (int)(wait / 1000) + 1);
	atomic_store(&feed->wants, WANTS_NOTHING);
	ssize_t ignored = read(feed->wake, &count, sizeof(count));
	(void)ignored; /* nobody woke us: the time has come */
}

/*
 * What can't be written now never is, and is told of at the next start; but the audit
 * chain, which is told again then.
 */
static void flush_last(struct feed *feed, enum fleet_lane lane, int64_t now_us)
{
	flush(feed, lane, now_us);
	uint32_t left = batch_records(feed->lanes[lane].batch);
	if (lane == LANE_EVENT)
		left -= feed->in_chain;
	if (left > 0)
		fleet_spool_lost(feed->spool, lane, left, clock_us(CLOCK_REALTIME));
}

static void flush_all(struct feed *feed)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	for (int i = 0; i < FLEET_LANES; i++)
		if (batch_records(feed->lanes[i].batch) > 0 ||
		    fleet_spool_owes(feed->spool, (enum fleet_lane)i))
			flush_last(feed, (enum fleet_lane)i, now_us);
}

static void *run(void *self)
{
	struct feed *feed = self;
	for (;;) {
		bool ends = atomic_load(&feed->ends);
		bool has_more = take_records(feed);
		has_more = take_chain(feed) || has_more;
		flush_due(feed, clock_us(CLOCK_MONOTONIC));
		if (ends && !has_more)
			break;
		if (!has_more)
			sleep_until_due(feed);
	}
	flush_all(feed);
	return NULL;
}

/* ---- opening and closing ---- */

static void free_feed(struct feed *feed)
{
	for (int i = 0; i < FLEET_LANES; i++)
		batch_free(feed->lanes[i].batch);
	fleet_spool_close(feed->spool);
	if (feed->ring != NULL)
		ring_free(feed->ring);
	if (feed->chain != NULL)
		ring_free(feed->chain);
	if (feed->wake >= 0)
		close(feed->wake);
	pthread_mutex_destroy(&feed->lock);
	free(feed);
}

static int open_parts(struct feed *feed)
{
	feed->ring = ring_new(RING_BYTES);
	feed->chain = ring_new(CHAIN_BYTES);
	feed->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (feed->wake < 0)
		return -errno;
	bool has_memory = feed->ring != NULL && feed->chain != NULL;
	for (int i = 0; i < FLEET_LANES; i++) {
		feed->lanes[i].batch = batch_new();
		feed->lanes[i].due_us = NEVER;
		has_memory = has_memory && feed->lanes[i].batch != NULL;
	}
	if (!has_memory)
		return -ENOMEM;
	look_at_spool(feed, clock_us(CLOCK_MONOTONIC));
	fleet_spool_chain(feed->spool, &feed->told_at_open);
	feed->coming = feed->told_at_open;
	return -pthread_create(&feed->thread, NULL, run, feed);
}

struct feed *feed_open(const struct feed_options *options,
		       char error[static SPOOL_ERROR_MAX])
{
	struct feed *feed = calloc(1, sizeof(*feed));
	if (feed == NULL) {
		snprintf(error, SPOOL_ERROR_MAX, "%s", strerror(ENOMEM));
		return NULL;
	}
	feed->wake = -1;
	pthread_mutex_init(&feed->lock, NULL);
	feed->spool =
		fleet_spool_open(options->folder, options->sensor, options->bytes_max,
				 options->boot, clock_us(CLOCK_REALTIME), error);
	int failed = feed->spool != NULL ? open_parts(feed) : 0;
	if (failed != 0)
		snprintf(error, SPOOL_ERROR_MAX, "%s", strerror(-failed));
	if (feed->spool != NULL && failed == 0)
		return feed;
	free_feed(feed);
	return NULL;
}

void feed_close(struct feed *feed)
{
	const uint64_t one = 1;
	if (feed == NULL)
		return;
	atomic_store(&feed->ends, true);
	ssize_t ignored = write(feed->wake, &one, sizeof(one));
	(void)ignored; /* it is full: then it is readable anyway */
	pthread_join(feed->thread, NULL);
	free_feed(feed);
}

void feed_status(struct feed *feed, struct feed_status *out)
{
	pthread_mutex_lock(&feed->lock);
	out->spool = feed->status;
	pthread_mutex_unlock(&feed->lock);
	for (int i = 0; i < FLEET_LANES; i++) {
		out->records[i] = atomic_load(&feed->given[i]);
		out->dropped[i] = atomic_load(&feed->refused[i]);
	}
}

void feed_limit(struct feed *feed, uint64_t bytes_max)
{
	atomic_store(&feed->bytes_max, bytes_max);
}
