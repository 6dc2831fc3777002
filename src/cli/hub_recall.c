/*
 * hub_recall.c: see hub_recall.h.
 */
#include "cli/hub_recall.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "fleet/depot.h"
#include "fleet/lane.h"
#include "fleet/whole.h"
#include "store/store.h"

enum {
	READ_MS = 20000,
	SAID_MOST = 20000, /* of a kind of what hubs have said */
	RETRY_FIRST_S = 2,
	RETRY_MOST_S = 300,
	APART_S = 10, /* between two of them: they read much */
};
#define SECOND_US   INT64_C(1000000)
#define DAY_US      (86400 * SECOND_US)
#define PATIENCE_US (10 * SECOND_US) /* of who is to lead */
/* When hubs said something, and when servers had stored it, lie closer together. */
#define SLACK_US (60 * SECOND_US)

/* What alerting_open() reads when this hub begins to lead. */
static const enum record_kind said_kinds[] = { RECORD_incident, RECORD_timeline,
					       RECORD_alert, RECORD_silence,
					       RECORD_notification };
enum { SAID_KINDS = sizeof(said_kinds) / sizeof(said_kinds[0]) };

struct said {
	enum record_kind kind;
	char *rows; /* owned; the newest first */
	size_t count;
};

struct hub_recall {
	struct hub_recall_options options;
	pthread_t thread;
	atomic_bool stops;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	bool is_wanted, is_reading, has_said;
	int64_t since_us;  /* of what is wanted */
	int64_t wanted_us; /* when it was, by the monotonic clock */
	unsigned tries, failures;
	struct said said[SAID_KINDS]; /* of has_said; the thread's while it reads */
};

/* ---- the board ---- */

struct onto {
	struct board *board;
	enum record_kind kind;
	struct board_came came;
};

static bool put_on_board(void *to, const void *record)
{
	const struct onto *onto = to;
	if (whole_record(onto->kind, record))
		board_take(onto->board, onto->kind, record, &onto->came);
	return true;
}

static void filter_since(struct store_filter *filter, int64_t since_us,
			 const struct hub_recall *recall)
{
	store_filter_init(filter);
	filter->since_us = since_us;
	filter->time_limit_ms = READ_MS;
	filter->cancel = &recall->stops;
}

/* What the board has room for, and what may still be so. */
static bool recall_board(struct hub_recall *recall, struct depot *depot,
			 char error[static DEPOT_ERROR_MAX])
{
	static const struct {
		enum record_kind kind;
		int days;
		size_t most;
	} past[] = {
		{ RECORD_sensor, 30, 200000 },    { RECORD_finding, 30, 50000 },
		{ RECORD_alert, 30, 50000 },      { RECORD_incident, 90, 6000 },
		{ RECORD_block, 30, 70000 },      { RECORD_silence, 366, 1300 },
		{ RECORD_listener, 400, 300000 }, { RECORD_probe, 1, 70000 },
		{ RECORD_level, 1, 20000 },       { RECORD_timeline, 30, 65536 },
		{ RECORD_capacity, 2, 131072 },   { RECORD_forecast, 2, 131072 },
	};
	int64_t now_us = clock_us(CLOCK_REALTIME);
	struct store_filter filter;
	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
		struct onto onto = { .board = recall->options.board,
				     .kind = past[i].kind,
				     .came = { UNKNOWN_TIME, UNKNOWN_TIME,
					       clock_us(CLOCK_MONOTONIC), false } };
		filter_since(&filter, now_us - past[i].days * DAY_US, recall);
		if (depot_read(depot, past[i].kind, &filter, past[i].most, put_on_board,
			       &onto, error) != 0)
			return false;
	}
	return true;
}

/* ---- what hubs have said ---- */

static bool take_time(void *to, const void *record)
{
	*(int64_t *)to = ((const struct timeline_record *)record)->at;
	return false;
}

/* When hubs said something last, as this one's own store knows. */
static int64_t last_known(const char *folder)
{
	int64_t last_us = INT64_MIN;
	char error[STORE_ERROR_MAX];
	int status;
	struct store_filter filter;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	if (reader == NULL)
		return INT64_MIN;
	store_filter_init(&filter);
	store_read(reader, RECORD_timeline, &filter, take_time, &last_us, error);
	store_reader_close(reader);
	return last_us;
}

static bool collect(void *to, const void *record)
{
	struct said *said = to;
	size_t size = schemas[said->kind].size;
	memcpy(said->rows + said->count++ * size, record, size);
	return said->count < SAID_MOST;
}

static void forget_said(struct hub_recall *recall)
{
	for (size_t i = 0; i < SAID_KINDS; i++) {
		free(recall->said[i].rows);
		recall->said[i] = (struct said){ .kind = said_kinds[i] };
	}
}

/* Other hubs', while this one did not hear: who leads next has to know. */
static bool recall_said(struct hub_recall *recall, struct depot *depot,
			int64_t since_us, char error[static DEPOT_ERROR_MAX])
{
	static const char *const hubs[] = { FLEET_HUB };
	struct store_filter filter;
	forget_said(recall);
	for (size_t i = 0; i < SAID_KINDS; i++) {
		struct said *said = &recall->said[i];
		said->rows = calloc(SAID_MOST, schemas[said->kind].size);
		if (said->rows == NULL) {
			snprintf(error, DEPOT_ERROR_MAX, "out of memory");
			return false;
		}
		filter_since(&filter, since_us, recall);
		filter.sensors = hubs;
		filter.sensor_count = 1;
		if (depot_read(depot, said->kind, &filter, SAID_MOST, collect, said,
			       error) != 0)
			return false;
	}
	return true;
}

/* ---- the thread ---- */

static bool read_all(struct hub_recall *recall, int64_t since_us,
		     char error[static DEPOT_ERROR_MAX])
{
	struct depot *depot = depot_open(recall->options.depot, error);
	bool is_read = depot != NULL && recall_board(recall, depot, error) &&
		       recall_said(recall, depot, since_us, error);
	depot_close(depot);
	return is_read;
}

static void say(const struct hub_recall *recall, bool is_read, const char *error)
{
	if (!is_read && recall->failures == 0)
		fprintf(stderr,
			"breakwater: what was before the last minutes is not all known "
			"yet, and asked for again: %s\n",
			error);
	else if (is_read && recall->failures > 0)
		fputs("breakwater: what was before is known again\n", stderr);
}

/* With the lock held. */
static void wait_s(struct hub_recall *recall, unsigned seconds)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	while (!atomic_load(&recall->stops) &&
	       pthread_cond_timedwait(&recall->changed, &recall->lock, &until) == 0)
		continue;
}

static unsigned retry_s(unsigned failures)
{
	unsigned seconds = RETRY_FIRST_S;
	for (unsigned i = 1; i < failures && seconds < RETRY_MOST_S; i++)
		seconds *= 2;
	return seconds < RETRY_MOST_S ? seconds : RETRY_MOST_S;
}

/* With the lock held: what failed is wanted still, and perhaps more by now. */
static void note_result(struct hub_recall *recall, bool is_read, int64_t since_us)
{
	recall->is_reading = false;
	recall->tries++;
	recall->has_said = is_read;
	recall->failures = is_read ? 0 : recall->failures + 1;
	if (!is_read && (!recall->is_wanted || since_us < recall->since_us))
		recall->since_us = since_us;
	recall->is_wanted |= !is_read;
	pthread_cond_broadcast(&recall->changed);
}

static void recall_once(struct hub_recall *recall)
{
	char error[DEPOT_ERROR_MAX] = "";
	int64_t since_us = recall->since_us;
	recall->is_wanted = false;
	recall->is_reading = true;
	pthread_mutex_unlock(&recall->lock);
	bool is_read = read_all(recall, since_us, error);
	pthread_mutex_lock(&recall->lock);
	if (!atomic_load(&recall->stops))
		say(recall, is_read, error);
	note_result(recall, is_read, since_us);
	wait_s(recall, is_read ? APART_S : retry_s(recall->failures));
}

static void *recall_on(void *self)
{
	struct hub_recall *recall = self;
	pthread_mutex_lock(&recall->lock);
	while (!atomic_load(&recall->stops)) {
		if (recall->is_wanted && !recall->has_said)
			recall_once(recall);
		else
			pthread_cond_wait(&recall->changed, &recall->lock);
	}
	pthread_mutex_unlock(&recall->lock);
	return NULL;
}

/* ---- for the hub ---- */

static void init_locks(struct hub_recall *recall)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&recall->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&recall->lock, NULL);
}

static void recall_free(struct hub_recall *recall)
{
	forget_said(recall);
	pthread_cond_destroy(&recall->changed);
	pthread_mutex_destroy(&recall->lock);
	free(recall);
}

struct hub_recall *hub_recall_start(const struct hub_recall_options *options)
{
	struct hub_recall *recall = calloc(1, sizeof(*recall));
	if (recall == NULL)
		return NULL;
	recall->options = *options;
	init_locks(recall);
	int64_t last_us = last_known(options->state);
	recall->since_us = last_us != INT64_MIN ? last_us + 1 : INT64_MIN;
	recall->wanted_us = clock_us(CLOCK_MONOTONIC);
	recall->is_wanted = true;
	if (pthread_create(&recall->thread, NULL, recall_on, recall) != 0) {
		recall_free(recall);
		return NULL;
	}
	pthread_mutex_lock(&recall->lock);
	while (recall->tries == 0)
		pthread_cond_wait(&recall->changed, &recall->lock);
	pthread_mutex_unlock(&recall->lock);
	return recall;
}

void hub_recall_again(struct hub_recall *recall, int64_t since_us)
{
	int64_t from_us = since_us > SLACK_US ? since_us - SLACK_US : INT64_MIN;
	pthread_mutex_lock(&recall->lock);
	/* Who is to lead waits once, however often more is missing meanwhile. */
	if (!recall->is_wanted && !recall->is_reading && !recall->has_said)
		recall->wanted_us = clock_us(CLOCK_MONOTONIC);
	if (!recall->is_wanted || from_us < recall->since_us)
		recall->since_us = from_us;
	recall->is_wanted = true;
	pthread_cond_broadcast(&recall->changed);
	pthread_mutex_unlock(&recall->lock);
}

bool hub_recall_is_under_way(struct hub_recall *recall)
{
	pthread_mutex_lock(&recall->lock);
	bool is = (recall->is_wanted || recall->is_reading || recall->has_said) &&
		  recall->failures == 0 &&
		  clock_us(CLOCK_MONOTONIC) - recall->wanted_us < PATIENCE_US;
	pthread_mutex_unlock(&recall->lock);
	return is;
}

bool hub_recall_is_whole(struct hub_recall *recall)
{
	pthread_mutex_lock(&recall->lock);
	bool is = !recall->is_wanted && !recall->is_reading && !recall->has_said;
	pthread_mutex_unlock(&recall->lock);
	return is;
}

bool hub_recall_take(struct hub_recall *recall,
		     void (*take)(void *self, enum record_kind kind,
				  const void *record),
		     void *self)
{
	pthread_mutex_lock(&recall->lock);
	bool has_said = recall->has_said;
	pthread_mutex_unlock(&recall->lock);
	if (!has_said)
		return false;
	for (size_t i = 0; i < SAID_KINDS; i++) {
		const struct said *said = &recall->said[i];
		for (size_t row = said->count; row > 0; row--)
			take(self, said->kind,
			     said->rows + (row - 1) * schemas[said->kind].size);
	}
	pthread_mutex_lock(&recall->lock);
	forget_said(recall);
	recall->has_said = false;
	pthread_cond_broadcast(&recall->changed);
	pthread_mutex_unlock(&recall->lock);
	return true;
}

void hub_recall_stop(struct hub_recall *recall)
{
	if (recall == NULL)
		return;
	atomic_store(&recall->stops, true);
	pthread_mutex_lock(&recall->lock);
	pthread_cond_broadcast(&recall->changed);
	pthread_mutex_unlock(&recall->lock);
	pthread_join(recall->thread, NULL);
	recall_free(recall);
}
