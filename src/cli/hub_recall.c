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
#include "cli/hub_recall_pace.h"
#include "fleet/depot.h"
#include "fleet/lane.h"
#include "fleet/whole.h"
#include "store/store.h"

enum {
	READ_MS = 20000,
	SAID_MOST = 20000, /* of a kind of what hubs have said */
	RETRY_FIRST_S = 2,
	RETRY_MOST_S = 300,
};
#define SECOND_US   INT64_C(1000000)
#define DAY_US      (86400 * SECOND_US)
#define PATIENCE_US (10 * SECOND_US) /* of who is to lead */
/* Who follows the streams does not wait longer for what was before. */
#define FIRST_US (5 * SECOND_US)
/* When hubs said something, and when servers had stored it, lie closer together. */
#define SLACK_US (60 * SECOND_US)
/* The same of sensors, whose clocks may be wrong. */
#define SENSORS_SLACK_US (600 * SECOND_US)

/* Which reports were made, as who leads makes what is due at once; and what
 * alerting_read() reads when this hub begins to lead. */
static const enum record_kind said_kinds[] = {
	RECORD_report_made, RECORD_incident, RECORD_timeline,
	RECORD_alert,       RECORD_silence,  RECORD_notification
};
enum { SAID_KINDS = sizeof(said_kinds) / sizeof(said_kinds[0]) };

struct said {
	enum record_kind kind;
	char *rows; /* owned; the newest first */
	size_t count;
};

/* What is to be read. */
struct wanted {
	bool is_all;      /* not only what came since: */
	int64_t since_us; /* of what hubs said, always */
};

struct hub_recall {
	struct hub_recall_options options;
	pthread_t thread;
	atomic_bool stops;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	bool is_wanted, is_reading, has_said, knows_own;
	struct wanted wanted;
	int64_t wanted_us; /* when it was, by the monotonic clock */
	int64_t began_us;
	unsigned tries, failures;
	struct recall_pace pace;
	int64_t parts_us; /* since when parts were read after the last reading of all */
	/* Of has_said; the thread's while it reads; counted down as it is taken. */
	struct said said[SAID_KINDS];
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

static int64_t before(int64_t since_us, int64_t slack_us)
{
	return since_us > INT64_MIN + slack_us ? since_us - slack_us : INT64_MIN;
}

/* What the board has room for, and what may still be so. */
static bool recall_board(struct hub_recall *recall, struct depot *depot,
			 const struct wanted *wanted,
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
	int64_t missing_us =
		wanted->is_all ? INT64_MIN : before(wanted->since_us, SENSORS_SLACK_US);
	struct store_filter filter;
	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
		struct onto onto = { .board = recall->options.board,
				     .kind = past[i].kind,
				     .came = { UNKNOWN_TIME, UNKNOWN_TIME,
					       clock_us(CLOCK_MONOTONIC), false } };
		int64_t past_us = now_us - past[i].days * DAY_US;
		filter_since(&filter, missing_us > past_us ? missing_us : past_us,
			     recall);
		if (depot_read(depot, past[i].kind, &filter, past[i].most, put_on_board,
			       &onto, error) != 0)
			return false;
	}
	return true;
}

/* ---- what hubs have said ---- */

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

static bool read_all(struct hub_recall *recall, const struct wanted *wanted,
		     char error[static DEPOT_ERROR_MAX])
{
	struct depot *depot = depot_open(recall->options.depot, error);
	bool is_read =
		depot != NULL && recall_board(recall, depot, wanted, error) &&
		recall_said(recall, depot, before(wanted->since_us, SLACK_US), error);
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

static int64_t retry_us(unsigned failures)
{
	unsigned seconds = RETRY_FIRST_S;
	for (unsigned i = 1; i < failures && seconds < RETRY_MOST_S; i++)
		seconds *= 2;
	return (seconds < RETRY_MOST_S ? seconds : RETRY_MOST_S) * SECOND_US;
}

/* With the lock held, as all that follows. */
static void want(struct hub_recall *recall, const struct wanted *wanted)
{
	bool is_more = recall->is_wanted;
	if (!is_more || wanted->since_us < recall->wanted.since_us)
		recall->wanted.since_us = wanted->since_us;
	recall->wanted.is_all = wanted->is_all || (is_more && recall->wanted.is_all);
	recall->is_wanted = true;
}

/* What failed is wanted still, and perhaps more by now. */
static void note_result(struct hub_recall *recall, bool is_read,
			const struct wanted *wanted)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	recall->is_reading = false;
	recall->tries++;
	recall->has_said = is_read;
	recall->failures = is_read ? 0 : recall->failures + 1;
	if (is_read) {
		if (wanted->is_all || wanted->since_us < recall->parts_us)
			recall->parts_us =
				wanted->is_all ? INT64_MAX : wanted->since_us;
		recall_pace_was_read(&recall->pace, wanted->is_all, now_us);
	} else {
		recall_pace_failed(&recall->pace, retry_us(recall->failures), now_us);
		want(recall, wanted);
	}
	pthread_cond_broadcast(&recall->changed);
}

static void recall_once(struct hub_recall *recall)
{
	char error[DEPOT_ERROR_MAX] = "";
	const struct wanted wanted = recall->wanted;
	recall->is_wanted = false;
	recall->is_reading = true;
	pthread_mutex_unlock(&recall->lock);
	bool is_read = read_all(recall, &wanted, error);
	pthread_mutex_lock(&recall->lock);
	if (!atomic_load(&recall->stops))
		say(recall, is_read, error);
	note_result(recall, is_read, &wanted);
}

static void wait_until(struct hub_recall *recall, int64_t due_us)
{
	const struct timespec until = { .tv_sec = due_us / SECOND_US,
					.tv_nsec = due_us % SECOND_US * 1000 };
	if (due_us == INT64_MAX)
		pthread_cond_wait(&recall->changed, &recall->lock);
	else
		pthread_cond_timedwait(&recall->changed, &recall->lock, &until);
}

/* INT64_MAX: nothing is to be read. */
static int64_t due_us(const struct hub_recall *recall)
{
	if (recall->has_said)
		return INT64_MAX;
	return recall->is_wanted ? recall_pace_next(&recall->pace)
				 : recall_pace_all(&recall->pace);
}

static void want_all(struct hub_recall *recall)
{
	const struct wanted all = { true, recall->parts_us };
	recall->wanted_us = clock_us(CLOCK_MONOTONIC);
	want(recall, &all);
}

/* Before anything is heard, which would be last. */
static void begin(struct hub_recall *recall)
{
	int64_t last_us = hub_said_read(recall->options.said, recall->options.state,
					&recall->stops);
	const struct wanted all = { true, last_us };
	pthread_mutex_lock(&recall->lock);
	recall->knows_own = true;
	want(recall, &all);
	pthread_mutex_unlock(&recall->lock);
}

static void *recall_on(void *self)
{
	struct hub_recall *recall = self;
	begin(recall);
	pthread_mutex_lock(&recall->lock);
	while (!atomic_load(&recall->stops)) {
		int64_t due = due_us(recall);
		if (due > clock_us(CLOCK_MONOTONIC)) {
			wait_until(recall, due);
			continue;
		}
		if (!recall->is_wanted)
			want_all(recall);
		recall_once(recall);
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
	recall_pace_init(&recall->pace);
	recall->parts_us = INT64_MAX;
	recall->began_us = recall->wanted_us = clock_us(CLOCK_MONOTONIC);
	recall->is_reading = true; /* begin() */
	if (pthread_create(&recall->thread, NULL, recall_on, recall) == 0)
		return recall;
	recall_free(recall);
	return NULL;
}

bool hub_recall_has_begun(struct hub_recall *recall)
{
	pthread_mutex_lock(&recall->lock);
	bool has = recall->knows_own &&
		   (recall->tries > 0 ||
		    clock_us(CLOCK_MONOTONIC) - recall->began_us > FIRST_US);
	pthread_mutex_unlock(&recall->lock);
	return has;
}

void hub_recall_again(struct hub_recall *recall, int64_t since_us)
{
	const struct wanted missing = { false, since_us };
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	pthread_mutex_lock(&recall->lock);
	/* Who is to lead waits once, however often more is missing meanwhile. */
	if (!recall->is_wanted && !recall->is_reading && !recall->has_said)
		recall->wanted_us = now_us;
	recall_pace_hole(&recall->pace, now_us);
	want(recall, &missing);
	pthread_cond_broadcast(&recall->changed);
	pthread_mutex_unlock(&recall->lock);
}

void hub_recall_hurry(struct hub_recall *recall)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	pthread_mutex_lock(&recall->lock);
	if (recall->is_wanted && recall->failures == 0 &&
	    recall_pace_next(&recall->pace) > now_us) {
		recall_pace_hurry(&recall->pace, now_us);
		recall->wanted_us = now_us;
		pthread_cond_broadcast(&recall->changed);
	}
	pthread_mutex_unlock(&recall->lock);
}

bool hub_recall_is_under_way(struct hub_recall *recall)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	pthread_mutex_lock(&recall->lock);
	bool is_due = recall->is_wanted && recall_pace_next(&recall->pace) <= now_us;
	bool is = (is_due || recall->is_reading || recall->has_said) &&
		  recall->failures == 0 && now_us - recall->wanted_us < PATIENCE_US;
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

/* False: there are more. */
static bool take_rows(struct said *said, size_t *most,
		      void (*take)(void *self, enum record_kind kind,
				   const void *record),
		      void *self)
{
	size_t size = schemas[said->kind].size;
	for (; said->count > 0 && *most > 0; said->count--, (*most)--)
		take(self, said->kind, said->rows + (said->count - 1) * size);
	return said->count == 0;
}

bool hub_recall_take(struct hub_recall *recall, size_t most,
		     void (*take)(void *self, enum record_kind kind,
				  const void *record),
		     void *self)
{
	pthread_mutex_lock(&recall->lock);
	bool has_said = recall->has_said;
	pthread_mutex_unlock(&recall->lock);
	if (!has_said)
		return false;
	for (size_t i = 0; i < SAID_KINDS; i++)
		if (!take_rows(&recall->said[i], &most, take, self))
			return false;
	pthread_mutex_lock(&recall->lock);
	forget_said(recall);
	recall->has_said = false;
	pthread_cond_broadcast(&recall->changed);
	pthread_mutex_unlock(&recall->lock);
	return true;
}

void hub_recall_cancel(struct hub_recall *recall)
{
	if (recall == NULL)
		return;
	atomic_store(&recall->stops, true);
	pthread_mutex_lock(&recall->lock);
	pthread_cond_broadcast(&recall->changed);
	pthread_mutex_unlock(&recall->lock);
}

void hub_recall_stop(struct hub_recall *recall)
{
	if (recall == NULL)
		return;
	hub_recall_cancel(recall);
	pthread_join(recall->thread, NULL);
	recall_free(recall);
}
