/*
 * take.c: see take.h.
 */
#include "fleet/take.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	FETCH_MAX = 256,
	FETCH_MS = 1000,
	/* A gap's batch may come with each. */
	WRITE_MAX = 2 * FETCH_MAX,
	/*
	 * A message of some hundred bytes may hold as many records as a batch may, all
	 * alike: what is written at once is bounded by what it becomes.
	 */
	WRITE_RECORDS = 2 * BATCH_RECORDS_MAX,
	PAUSE_FIRST_MS = 250,
	PAUSE_MOST_MS = 10000,
	PAUSE_STEP_MS = 50,
	WAITING_LOOK_US = 10000000,
};

struct take {
	struct take_options options;
	pthread_t thread;
	atomic_bool stops;
	/* The thread's: */
	struct link_pull *pull;
	struct depot *depot;
	struct link_message messages[FETCH_MAX];
	struct depot_batch batches[WRITE_MAX];
	size_t message_of[WRITE_MAX]; /* FETCH_MAX: it is a gap's */
	struct buf gaps[FETCH_MAX];   /* owned */
	size_t batch_count, gap_count;
	uint64_t lost, records;
	int fetch; /* messages at once */
	int pause_ms;
	int64_t looked_us;
	/* Under the lock: */
	pthread_mutex_t lock;
	struct take_status status;
};

bool take_subject(const char *subject, char sensor[static FLEET_NAME_MAX],
		  enum fleet_lane *lane)
{
	static const char begin[] = "bw.r.";
	if (strncmp(subject, begin, sizeof(begin) - 1) != 0)
		return false;
	const char *name = subject + sizeof(begin) - 1;
	const char *dot = strchr(name, '.');
	if (dot == NULL || dot - name >= FLEET_NAME_MAX)
		return false;
	memcpy(sensor, name, (size_t)(dot - name));
	sensor[dot - name] = '\0';
	int number = fleet_lane_named(dot + 1);
	if (number == LANE_NONE || !fleet_name_is_good(sensor))
		return false;
	*lane = (enum fleet_lane)number;
	return true;
}

/* ---- what is said of it ---- */

static void say(struct take *take, bool has_depot, bool has_stream, const char *trouble)
{
	pthread_mutex_lock(&take->lock);
	take->status.has_depot = has_depot;
	take->status.has_stream = has_stream;
	snprintf(take->status.trouble, sizeof(take->status.trouble), "%s", trouble);
	pthread_mutex_unlock(&take->lock);
}

static void refuse(struct take *take, const char *sensor, enum take_refusal why,
		   const char *says)
{
	const struct take_options *o = &take->options;
	pthread_mutex_lock(&take->lock);
	take->status.refused++;
	pthread_mutex_unlock(&take->lock);
	if (o->refused != NULL)
		o->refused(o->self, sensor, o->lane, why, says);
}

/* ---- what came ---- */

static bool is_whose(const struct take *take, const char *sensor,
		     const struct batch_head *head)
{
	return strcmp(head->id.sensor, sensor) == 0 &&
	       head->id.lane == take->options.lane;
}

static void begin_write(struct take *take)
{
	take->batch_count = take->gap_count = 0;
	take->lost = take->records = 0;
}

static void add(struct take *take, const struct batch_id *id, const void *bytes,
		size_t len, size_t message)
{
	/*
	 * "again" always: a sensor that was cut off tells again what it had told
	 * before, and the stream knows what it had for some minutes only.
	 */
	take->message_of[take->batch_count] = message;
	take->batches[take->batch_count++] = (struct depot_batch){
		.id = *id, .bytes = bytes, .len = len, .again = true
	};
}

static void add_gap(struct take *take, const struct batch_head *head)
{
	struct batch_id id;
	struct buf *bytes = &take->gaps[take->gap_count];
	const struct take_gap gap = {
		.before = head->id,
		.start_us =
			head->lost_us != UNKNOWN_TIME ? head->lost_us : head->made_us,
		.end_us = head->made_us,
		.count = head->lost,
		.reason = "spool",
	};
	buf_clear(bytes);
	if (head->lost == 0 || !take_gap_batch(&gap, &id, bytes))
		return;
	take->gap_count++;
	take->lost += head->lost;
	add(take, &id, bytes->at, bytes->len, FETCH_MAX);
}

/* One that is not kept is acknowledged at once. */
static void consider(struct take *take, size_t i)
{
	struct link_message *message = &take->messages[i];
	char sensor[FLEET_NAME_MAX] = "", error[BATCH_ERROR_MAX], says[BATCH_ERROR_MAX];
	enum fleet_lane lane;
	struct batch_head head;
	if (!take_subject(message->subject, sensor, &lane) ||
	    !batch_read_head(message->bytes, message->len, &head, error)) {
		refuse(take, sensor, TAKE_GARBAGE,
		       sensor[0] != '\0' ? error : "its subject is none of a sensor");
		link_message_done(message);
	} else if (!is_whose(take, sensor, &head)) {
		snprintf(says, sizeof(says), "%s.%s", head.id.sensor,
			 fleet_lane_name(head.id.lane));
		refuse(take, sensor, TAKE_IMPOSTOR, says);
		link_message_done(message);
	} else {
		add(take, &head.id, message->bytes, message->len, i);
		take->records += head.records;
		add_gap(take, &head);
	}
}

static void count_kept(struct take *take, int64_t now_us)
{
	pthread_mutex_lock(&take->lock);
	for (size_t i = 0; i < take->batch_count; i++) {
		const struct depot_batch *batch = &take->batches[i];
		size_t message = take->message_of[i];
		if (message == FETCH_MAX)
			continue;
		take->status.stored_us = take->messages[message].stored_us;
		take->status.kept_us = now_us;
		take->status.again += batch->result == -EEXIST;
		take->status.batches += batch->result == 0;
		take->status.bytes += batch->result == 0 ? batch->len : 0;
	}
	take->status.lost += take->lost;
	pthread_mutex_unlock(&take->lock);
}

/* Another hub may be keeping it, or the gap before it, which stands behind it. */
static bool comes_again(const struct take *take, size_t i)
{
	bool has_gap =
		i + 1 < take->batch_count && take->message_of[i + 1] == FETCH_MAX;
	return take->batches[i].result == -EAGAIN ||
	       (has_gap && take->batches[i + 1].result == -EAGAIN);
}

static void acknowledge(struct take *take)
{
	char sensor[FLEET_NAME_MAX];
	enum fleet_lane lane;
	count_kept(take, clock_us(CLOCK_REALTIME));
	for (size_t i = 0; i < take->batch_count; i++) {
		if (take->message_of[i] == FETCH_MAX)
			continue;
		struct link_message *message = &take->messages[take->message_of[i]];
		if (take->batches[i].result == -EBADMSG &&
		    take_subject(message->subject, sensor, &lane))
			refuse(take, sensor, TAKE_GARBAGE,
			       "its head is right, what follows is not");
		if (comes_again(take, i))
			link_message_again(message);
		else
			link_message_done(message);
	}
}

static void give_back(struct take *take)
{
	for (size_t i = 0; i < take->batch_count; i++)
		if (take->message_of[i] != FETCH_MAX)
			link_message_again(&take->messages[take->message_of[i]]);
}

/* ---- the thread ---- */

static void rest(struct take *take)
{
	const struct timespec step = { .tv_nsec = PAUSE_STEP_MS * 1000000L };
	for (int ms = 0; ms < take->pause_ms && !atomic_load(&take->stops);
	     ms += PAUSE_STEP_MS)
		nanosleep(&step, NULL);
	take->pause_ms =
		take->pause_ms * 2 < PAUSE_MOST_MS ? take->pause_ms * 2 : PAUSE_MOST_MS;
}

static bool has_depot(struct take *take)
{
	char error[DEPOT_ERROR_MAX];
	if (take->depot == NULL)
		take->depot = depot_open(take->options.depot, error);
	if (take->depot != NULL)
		return true;
	say(take, false, true, error);
	rest(take);
	return false;
}

static bool has_stream(struct take *take)
{
	char error[LINK_ERROR_MAX];
	if (take->pull == NULL)
		take->pull =
			link_pull_open(take->options.link, take->options.lane, error);
	if (take->pull != NULL)
		return true;
	say(take, true, false, error);
	rest(take);
	return false;
}

/*
 * The depot is opened anew before the next: who knows what is wrong with it.  Perhaps
 * it is one batch: then the next come one by one, so that those of others are kept.
 */
static void write_all(struct take *take)
{
	char error[DEPOT_ERROR_MAX];
	if (take->batch_count == 0)
		return;
	if (depot_write(take->depot, take->batches, take->batch_count, error) == 0) {
		acknowledge(take);
		take->pause_ms = PAUSE_FIRST_MS;
		say(take, true, true, "");
	} else {
		give_back(take);
		depot_close(take->depot);
		take->depot = NULL;
		take->fetch = 1;
		say(take, false, true, error);
	}
	begin_write(take);
}

/* After a write that failed, the rest waits for the next fetch. */
static void keep_all(struct take *take, size_t count)
{
	begin_write(take);
	for (size_t i = 0; i < count; i++) {
		if (take->depot == NULL)
			link_message_again(&take->messages[i]);
		else
			consider(take, i);
		if (take->records >= WRITE_RECORDS)
			write_all(take);
	}
	write_all(take);
	if (take->depot == NULL)
		rest(take);
	else if (count > 0)
		take->fetch = take->fetch * 2 < FETCH_MAX ? take->fetch * 2 : FETCH_MAX;
}

static void look_what_waits(struct take *take)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (now_us - take->looked_us < WAITING_LOOK_US)
		return;
	take->looked_us = now_us;
	int64_t waiting = link_pull_waiting(take->pull);
	pthread_mutex_lock(&take->lock);
	take->status.waiting = waiting >= 0 ? waiting : -1;
	pthread_mutex_unlock(&take->lock);
}

static void take_some(struct take *take)
{
	char why[LINK_ERROR_MAX];
	int count = link_pull_fetch(take->pull, take->messages, take->fetch, FETCH_MS);
	if (count < 0) {
		link_trouble(take->options.link, why);
		say(take, true, false,
		    why[0] != '\0' ? why : "the stream can't be read");
		rest(take);
		return;
	}
	keep_all(take, (size_t)count);
	if (count == 0) {
		take->pause_ms = PAUSE_FIRST_MS;
		say(take, true, true, "");
	}
	look_what_waits(take);
}

static void *take_all(void *self)
{
	struct take *take = self;
	while (!atomic_load(&take->stops))
		if (has_depot(take) && has_stream(take))
			take_some(take);
	link_pull_close(take->pull);
	depot_close(take->depot);
	return NULL;
}

struct take *take_start(const struct take_options *options)
{
	struct take *take = calloc(1, sizeof(*take));
	if (take == NULL)
		return NULL;
	take->options = *options;
	take->pause_ms = PAUSE_FIRST_MS;
	take->fetch = FETCH_MAX;
	take->status = (struct take_status){ .stored_us = UNKNOWN_TIME,
					     .kept_us = UNKNOWN_TIME,
					     .waiting = -1 };
	pthread_mutex_init(&take->lock, NULL);
	if (pthread_create(&take->thread, NULL, take_all, take) == 0)
		return take;
	pthread_mutex_destroy(&take->lock);
	free(take);
	return NULL;
}

void take_status(struct take *take, struct take_status *out)
{
	pthread_mutex_lock(&take->lock);
	*out = take->status;
	pthread_mutex_unlock(&take->lock);
}

void take_cancel(struct take *take)
{
	if (take != NULL)
		atomic_store(&take->stops, true);
}

void take_stop(struct take *take)
{
	if (take == NULL)
		return;
	take_cancel(take);
	pthread_join(take->thread, NULL);
	for (size_t i = 0; i < FETCH_MAX; i++)
		buf_free(&take->gaps[i]);
	pthread_mutex_destroy(&take->lock);
	free(take);
}
