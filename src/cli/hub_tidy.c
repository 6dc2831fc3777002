/*
 * hub_tidy.c: see hub_tidy.h.
 */
#include "cli/hub_tidy.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "fleet/skipped.h"
#include "fleet/take.h"
#include "record/record.h"

enum { STEP_MS = 200, GAPS_AT_ONCE = 64 };
#define SECOND_US INT64_C(1000000)
#define AGAIN_US  (1 * SECOND_US) /* streams that could not be made */
#define LOOK_US   (3 * SECOND_US) /* ... whether they are there still */
#define UNTOLD_US (1 * SECOND_US) /* gaps that the depot did not keep */
/* Who begins to lead has seen by then what it may remove. */
#define SEEN_US (10 * SECOND_US)
/* Who catches up waits for it: a stream takes so many messages of each sensor. */
#define TRIM_US  (2 * SECOND_US)
#define LATER_US (30 * SECOND_US) /* what the depot did not do */
#define PRUNE_US (3600 * SECOND_US)
/* So long messages stay in the streams: who begins knows what was just now. */
#define KEPT_US (600 * SECOND_US)

struct hub_tidy {
	struct hub_tidy_options options;
	pthread_t thread;
	atomic_bool stops;
	/* The thread's: */
	struct depot *depot;
	struct link_ids *ids[FLEET_LANES]; /* while this hub leads */
	/* When they are due: */
	int64_t streams_us, look_us, trim_us, prune_us, gaps_us;
	bool leads;
	struct known_stream {
		int64_t made_us;  /* 0: not seen yet */
		int64_t whole_us; /* hubs had kept all of it then */
	} streams[FLEET_LANES];
	struct take_gap gaps[GAPS_AT_ONCE]; /* that are not kept yet */
	size_t gap_count;
	/* Under the lock: */
	pthread_mutex_t lock;
	struct skipped *skipped;
	struct depot_limits limits;
	struct hub_tidy_counts counts;
};

static void set_trouble(struct hub_tidy *tidy, const char *text)
{
	pthread_mutex_lock(&tidy->lock);
	snprintf(tidy->counts.trouble, sizeof(tidy->counts.trouble), "%s", text);
	pthread_mutex_unlock(&tidy->lock);
}

/* ---- streams ---- */

/* Whoever comes first makes them, leader or not. */
static void make_streams(struct hub_tidy *tidy, int64_t now_us)
{
	char error[LINK_ERROR_MAX];
	if (tidy->counts.has_streams || now_us < tidy->streams_us)
		return;
	tidy->streams_us = now_us + AGAIN_US;
	bool is_made = link_make_streams(tidy->options.link, &tidy->options.streams,
					 error) == 0;
	set_trouble(tidy, is_made ? "" : error);
	pthread_mutex_lock(&tidy->lock);
	tidy->counts.has_streams = is_made;
	pthread_mutex_unlock(&tidy->lock);
}

/*
 * Told by each hub that has known the one before, and kept once; those of several lanes
 * that begin at the same time are one to who reads them.
 */
static void note_stream(struct hub_tidy *tidy, enum fleet_lane lane,
			const struct link_stream *stream, int64_t time_us)
{
	struct known_stream *known = &tidy->streams[lane];
	bool is_another = known->made_us != 0 && known->made_us != stream->made_us;
	if (is_another && tidy->gap_count == GAPS_AT_ONCE)
		return; /* it is seen again */
	if (is_another) {
		tidy->gaps[tidy->gap_count++] = (struct take_gap){
			.before = { .sensor = FLEET_HUB,
				    .lane = lane,
				    .epoch = (uint64_t)stream->made_us,
				    .sequence = 1 },
			.start_us = known->whole_us,
			.end_us = stream->made_us,
			.count = UNKNOWN_U64,
			.reason = "stream",
		};
		fprintf(stderr,
			"breakwater: the stream of the lane %s was lost, and is made "
			"anew: what no hub had kept yet is a gap\n",
			fleet_lane_name(lane));
		known->whole_us = time_us;
	}
	if (known->made_us == 0 || stream->waiting == 0)
		known->whole_us = time_us;
	known->made_us = stream->made_us;
}

/* Somebody may have removed them, or they were lost with their servers. */
static void look_at_streams(struct hub_tidy *tidy, int64_t now_us)
{
	struct link_stream streams[FLEET_LANES];
	if (!tidy->counts.has_streams || now_us < tidy->look_us)
		return;
	tidy->look_us = now_us + LOOK_US;
	int result = link_look_at_streams(tidy->options.link, streams);
	if (result == -ENOENT) {
		pthread_mutex_lock(&tidy->lock);
		tidy->counts.has_streams = false;
		pthread_mutex_unlock(&tidy->lock);
		tidy->streams_us = tidy->look_us = now_us;
	}
	int64_t time_us = clock_us(CLOCK_REALTIME);
	for (int lane = 0; result == 0 && lane < FLEET_LANES; lane++)
		note_stream(tidy, (enum fleet_lane)lane, &streams[lane], time_us);
}

static void trim(struct hub_tidy *tidy, int64_t now_us)
{
	int64_t time_us = clock_us(CLOCK_REALTIME);
	if (now_us < tidy->trim_us)
		return;
	bool is_done = true;
	for (int lane = 0; lane < FLEET_LANES; lane++)
		is_done &= link_trim(tidy->options.link, (enum fleet_lane)lane,
				     time_us - KEPT_US) == 0;
	/* There may be much of it. */
	tidy->trim_us = now_us + (is_done ? TRIM_US : 0);
	pthread_mutex_lock(&tidy->lock);
	tidy->counts.trimmed_us = time_us;
	pthread_mutex_unlock(&tidy->lock);
}

/* ---- the depot ---- */

static bool has_depot(struct hub_tidy *tidy)
{
	char error[DEPOT_ERROR_MAX];
	if (tidy->depot == NULL)
		tidy->depot = depot_open(tidy->options.depot, error);
	return tidy->depot != NULL; /* why not, who takes says */
}

static void lose_depot(struct hub_tidy *tidy, const char *why)
{
	set_trouble(tidy, why);
	depot_close(tidy->depot);
	tidy->depot = NULL;
}

static void prune(struct hub_tidy *tidy, int64_t now_us)
{
	char error[DEPOT_ERROR_MAX];
	int64_t time_us = clock_us(CLOCK_REALTIME);
	if (now_us < tidy->prune_us || !has_depot(tidy))
		return;
	tidy->prune_us = now_us + PRUNE_US;
	pthread_mutex_lock(&tidy->lock);
	const struct depot_limits limits = tidy->limits;
	pthread_mutex_unlock(&tidy->lock);
	if (depot_prune(tidy->depot, &limits, time_us, error) != 0) {
		tidy->prune_us = now_us + LATER_US;
		lose_depot(tidy, error);
		return;
	}
	pthread_mutex_lock(&tidy->lock);
	tidy->counts.pruned_us = time_us;
	pthread_mutex_unlock(&tidy->lock);
}

/* ---- what never came ---- */

/* On the library's threads. */
static void see_id(void *self, const char *subject, const char *msgid,
		   int64_t stored_us)
{
	struct hub_tidy *tidy = self;
	char sensor[FLEET_NAME_MAX];
	enum fleet_lane lane;
	struct batch_id id;
	if (!take_subject(subject, sensor, &lane) || !skipped_read_msgid(msgid, &id) ||
	    strcmp(id.sensor, sensor) != 0 || id.lane != lane)
		return;
	pthread_mutex_lock(&tidy->lock);
	if (tidy->skipped != NULL)
		skipped_see(tidy->skipped, &id, stored_us, clock_us(CLOCK_MONOTONIC));
	pthread_mutex_unlock(&tidy->lock);
}

/* What was removed before it was seen is no hole: numbers begin anew. */
static void forget_ids(void *self, int64_t since_us)
{
	struct hub_tidy *tidy = self;
	(void)since_us;
	pthread_mutex_lock(&tidy->lock);
	if (tidy->skipped != NULL)
		skipped_forget(tidy->skipped);
	pthread_mutex_unlock(&tidy->lock);
}

static void follow(struct hub_tidy *tidy)
{
	int64_t since_us = clock_us(CLOCK_REALTIME) - KEPT_US;
	pthread_mutex_lock(&tidy->lock);
	tidy->skipped = skipped_new();
	pthread_mutex_unlock(&tidy->lock);
	for (int lane = 0; lane < FLEET_LANES; lane++)
		tidy->ids[lane] =
			link_ids_follow(tidy->options.link, (enum fleet_lane)lane,
					since_us, see_id, forget_ids, tidy);
}

static void unfollow(struct hub_tidy *tidy)
{
	for (int lane = 0; lane < FLEET_LANES; lane++) {
		link_ids_close(tidy->ids[lane]);
		tidy->ids[lane] = NULL;
	}
	pthread_mutex_lock(&tidy->lock);
	skipped_free(tidy->skipped);
	tidy->skipped = NULL;
	pthread_mutex_unlock(&tidy->lock);
}

static void take_holes(struct hub_tidy *tidy)
{
	struct hole hole;
	pthread_mutex_lock(&tidy->lock);
	while (tidy->gap_count < GAPS_AT_ONCE && tidy->skipped != NULL &&
	       skipped_next(tidy->skipped, clock_us(CLOCK_MONOTONIC), &hole)) {
		tidy->gaps[tidy->gap_count++] =
			(struct take_gap){ .before = hole.before,
					   .start_us = hole.start_us,
					   .end_us = hole.end_us,
					   .count = UNKNOWN_U64,
					   .reason = "spool" };
	}
	if (tidy->skipped != NULL)
		tidy->counts.untold = skipped_left_out(tidy->skipped);
	pthread_mutex_unlock(&tidy->lock);
}

/* What could not be kept, as another hub may be keeping it, is written again. */
static void note_results(struct hub_tidy *tidy, const struct depot_batch *batches,
			 bool is_written)
{
	size_t left = 0, count = tidy->gap_count;
	pthread_mutex_lock(&tidy->lock);
	for (size_t i = 0; i < count; i++) {
		if (!is_written || batches[i].result == -EAGAIN)
			tidy->gaps[left++] = tidy->gaps[i];
		else
			tidy->counts.gaps += batches[i].result == 0;
	}
	tidy->gap_count = left;
	pthread_mutex_unlock(&tidy->lock);
}

static void write_gaps(struct hub_tidy *tidy)
{
	struct depot_batch batches[GAPS_AT_ONCE];
	struct buf bytes[GAPS_AT_ONCE] = { 0 };
	char error[DEPOT_ERROR_MAX] = "out of memory";
	bool is_made = true;
	for (size_t i = 0; i < tidy->gap_count; i++) {
		struct batch_id id = { .lane = LANE_EVENT };
		is_made &= take_gap_batch(&tidy->gaps[i], &id, &bytes[i]);
		batches[i] = (struct depot_batch){ .id = id,
						   .bytes = bytes[i].at,
						   .len = bytes[i].len,
						   .again = true };
	}
	bool is_written = is_made && depot_write(tidy->depot, batches, tidy->gap_count,
						 error) == 0;
	if (!is_written)
		lose_depot(tidy, error);
	note_results(tidy, batches, is_written);
	for (size_t i = 0; i < GAPS_AT_ONCE; i++)
		buf_free(&bytes[i]);
}

/*
 * Of what the sensor itself tells, who takes the batch after it has noted the same.
 * What is not kept yet when another hub leads is told all the same.
 */
static void note_gaps(struct hub_tidy *tidy, int64_t now_us)
{
	take_holes(tidy);
	if (tidy->gap_count == 0 || now_us < tidy->gaps_us)
		return;
	if (has_depot(tidy))
		write_gaps(tidy);
	if (tidy->gap_count > 0)
		tidy->gaps_us = now_us + UNTOLD_US;
}

/* ---- the thread ---- */

static void look_who_leads(struct hub_tidy *tidy, int64_t now_us)
{
	bool leads = hub_lease_leads(tidy->options.lease);
	if (leads && !tidy->leads) {
		follow(tidy);
		tidy->trim_us = now_us + SEEN_US;
	}
	if (!leads && tidy->leads)
		unfollow(tidy);
	tidy->leads = leads;
}

static void *tidy_on(void *self)
{
	struct hub_tidy *tidy = self;
	const struct timespec some = { .tv_nsec = STEP_MS * 1000000L };
	while (!atomic_load(&tidy->stops)) {
		int64_t now_us = clock_us(CLOCK_MONOTONIC);
		make_streams(tidy, now_us);
		look_at_streams(tidy, now_us);
		look_who_leads(tidy, now_us);
		if (tidy->leads) {
			trim(tidy, now_us);
			prune(tidy, now_us);
		}
		note_gaps(tidy, now_us);
		nanosleep(&some, NULL);
	}
	unfollow(tidy);
	depot_close(tidy->depot);
	return NULL;
}

struct hub_tidy *hub_tidy_start(const struct hub_tidy_options *options)
{
	struct hub_tidy *tidy = calloc(1, sizeof(*tidy));
	if (tidy == NULL)
		return NULL;
	tidy->options = *options;
	tidy->limits = options->limits;
	tidy->counts.trimmed_us = tidy->counts.pruned_us = UNKNOWN_TIME;
	pthread_mutex_init(&tidy->lock, NULL);
	if (pthread_create(&tidy->thread, NULL, tidy_on, tidy) == 0)
		return tidy;
	pthread_mutex_destroy(&tidy->lock);
	free(tidy);
	return NULL;
}

void hub_tidy_limit(struct hub_tidy *tidy, const struct depot_limits *limits)
{
	pthread_mutex_lock(&tidy->lock);
	tidy->limits = *limits;
	pthread_mutex_unlock(&tidy->lock);
}

void hub_tidy_count(struct hub_tidy *tidy, struct hub_tidy_counts *out)
{
	pthread_mutex_lock(&tidy->lock);
	*out = tidy->counts;
	pthread_mutex_unlock(&tidy->lock);
}

void hub_tidy_cancel(struct hub_tidy *tidy)
{
	if (tidy != NULL)
		atomic_store(&tidy->stops, true);
}

void hub_tidy_stop(struct hub_tidy *tidy)
{
	if (tidy == NULL)
		return;
	hub_tidy_cancel(tidy);
	pthread_join(tidy->thread, NULL);
	pthread_mutex_destroy(&tidy->lock);
	free(tidy);
}
