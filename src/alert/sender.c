/*
 * sender.c: see sender.h.
 */
#include "alert/sender.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alert/notice.h"
#include "alert/notice_json.h"

enum {
	DECIMAL = 10,
	RATE_USUAL = 30, /* messages a minute */
	TICK_MS = 1000,
	LEAVING_MAX = 64, /* sinks of before a reload, of which something is under way
			   */
};

#define SECOND_US 1000000LL

enum work { WORK_NONE, WORK_GIVEN, WORK_DONE };

/* A sink, and its thread. */
struct worker {
	struct sink *sink; /* owned */
	pthread_t thread;
	int done_fd;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t given;
	enum work work;
	bool ends;
	struct notice_read *notice;
	enum notify_outcome outcome;
	struct buf error;
};

struct sender {
	struct sender_output output;
	struct spool *spool;
	const char *reports; /* the folder of their files */
	struct worker *workers[SPOOL_SINKS_MAX + LEAVING_MAX];
	size_t count;
	int done_fd;
	int64_t ticked_us;
};

/* ---- the thread ---- */

static void wake(int fd)
{
	const uint64_t one = 1;
	ssize_t ignored = write(fd, &one, sizeof(one));
	(void)ignored; /* it is full: then it is readable anyway */
}

/* False: it ends. */
static bool await_work(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	while (worker->work != WORK_GIVEN && !worker->ends)
		pthread_cond_wait(&worker->given, &worker->lock);
	bool has_work = worker->work == WORK_GIVEN;
	pthread_mutex_unlock(&worker->lock);
	return has_work;
}

static void *work(void *self)
{
	struct worker *worker = self;
	while (await_work(worker)) {
		/* Nobody else touches these until the work is done. */
		worker->outcome = notifier_send(worker->sink, &worker->notice->notice,
						&worker->error);
		pthread_mutex_lock(&worker->lock);
		worker->work = WORK_DONE;
		pthread_mutex_unlock(&worker->lock);
		wake(worker->done_fd);
	}
	return NULL;
}

static struct worker *worker_new(struct sink *sink, int done_fd)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	if (worker == NULL)
		return NULL;
	worker->sink = sink;
	worker->done_fd = done_fd;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->given, NULL);
	if (pthread_create(&worker->thread, NULL, work, worker) == 0)
		return worker;
	free(worker);
	return NULL;
}

static enum work work_of(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	enum work now = worker->work;
	pthread_mutex_unlock(&worker->lock);
	return now;
}

static void give(struct worker *worker, struct notice_read *notice)
{
	pthread_mutex_lock(&worker->lock);
	worker->notice = notice;
	worker->work = WORK_GIVEN;
	pthread_cond_signal(&worker->given);
	pthread_mutex_unlock(&worker->lock);
}

/* After what it does now. */
static void end(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->ends = true;
	pthread_cond_signal(&worker->given);
	pthread_mutex_unlock(&worker->lock);
}

/* Of one that has ended. */
static void worker_free(struct worker *worker)
{
	pthread_mutex_destroy(&worker->lock);
	pthread_cond_destroy(&worker->given);
	sink_free(worker->sink);
	notice_read_free(worker->notice);
	buf_free(&worker->error);
	free(worker);
}

/* ---- results ---- */

/* notice NULL: what else it tells of is not known. */
static void tell(struct sender *sender, const struct spool_message *message,
		 const struct notice *notice, const char *state, const char *error,
		 int64_t now_us)
{
	struct notification_record record;
	record_init(RECORD_notification, &record);
	record.at = now_us;
	record_text(record.sink, sizeof(record.sink), message->sink);
	record_text(record.incident, sizeof(record.incident), message->incident);
	record.reason = record_word(message->reason);
	record.incidents = message->incidents;
	if (notice != NULL)
		notice_others(notice, record.others);
	record.state = state;
	record.tries = message->tries;
	record.latency_us =
		now_us > message->due_us ? (uint64_t)(now_us - message->due_us) : 0;
	record_text(record.key, sizeof(record.key), message->key);
	record_text(record.error, sizeof(record.error), error);
	sender->output.result(sender->output.self, &record, message->id);
}

/* spool.h has no clock: it is what the last tick said. */
static void tell_dropped(void *self, const struct spool_message *message,
			 const char *why)
{
	struct sender *sender = self;
	tell(sender, message, NULL, "dropped", why, sender->ticked_us);
}

/* However much it is: the spool grants what is sensible. */
static int64_t asked_us(const struct sink *sink)
{
	const int64_t most_s = INT32_MAX;
	return (sink->wait_s < most_s ? sink->wait_s : most_s) * SECOND_US;
}

static void collect(struct sender *sender, struct worker *worker, int64_t now_us)
{
	static const char *const states[] = { [NOTIFY_SENT] = "sent",
					      [NOTIFY_LATER] = "failed",
					      [NOTIFY_NEVER] = "dropped" };
	struct spool_message message;
	if (work_of(worker) != WORK_DONE)
		return;
	/* Who tries whether it can be reached waits for the answer. */
	if (worker->outcome == NOTIFY_LATER &&
	    strcmp(worker->notice->notice.reason, "test") == 0)
		worker->outcome = NOTIFY_NEVER;
	const char *error =
		worker->outcome != NOTIFY_SENT ? buf_cstr(&worker->error) : "";
	if (spool_result(sender->spool, worker->notice->notice.id, worker->outcome,
			 now_us, &message))
		tell(sender, &message, &worker->notice->notice, states[worker->outcome],
		     error != NULL ? error : "", now_us);
	if (worker->outcome == NOTIFY_LATER)
		spool_wait(sender->spool, worker->sink->name, asked_us(worker->sink),
			   now_us);
	notice_read_free(worker->notice);
	worker->notice = NULL;
	buf_clear(&worker->error);
	pthread_mutex_lock(&worker->lock);
	worker->work = WORK_NONE;
	pthread_mutex_unlock(&worker->lock);
}

/* Those of before a reload go when they have nothing to do any more. */
static void sweep(struct sender *sender)
{
	size_t kept = 0;
	for (size_t i = 0; i < sender->count; i++) {
		struct worker *worker = sender->workers[i];
		bool is_idle = worker->ends && work_of(worker) == WORK_NONE;
		if (!is_idle) {
			sender->workers[kept++] = worker;
			continue;
		}
		pthread_join(worker->thread, NULL);
		worker_free(worker);
	}
	sender->count = kept;
}

/* ---- messages ---- */

enum spool_put sender_put(struct sender *sender, const char *sink, const char *json,
			  size_t len, int64_t now_us)
{
	struct spool_message message = { .id = 0 };
	struct notice_read *read = notice_from_json(json, len);
	if (read == NULL || strlen(sink) >= sizeof(message.sink)) {
		notice_read_free(read);
		return SPOOL_REFUSED;
	}
	message.id = read->notice.id;
	message.due_us = read->notice.at_us;
	message.incidents = (uint32_t)read->notice.count;
	record_text(message.sink, sizeof(message.sink), sink);
	record_text(message.key, sizeof(message.key), read->notice.key);
	record_text(message.reason, sizeof(message.reason), read->notice.reason);
	if (read->notice.count > 0)
		record_text(message.incident, sizeof(message.incident),
			    read->notice.incidents[0].id);
	notice_read_free(read);
	sender->ticked_us = now_us;
	return spool_put(sender->spool, &message, json, len, now_us);
}

static void begin_next(struct sender *sender, struct worker *worker, int64_t now_us)
{
	struct spool_message message;
	struct buf json = { 0 };
	if (worker->ends || worker->notice != NULL ||
	    !spool_next(sender->spool, worker->sink->name, now_us, &message, &json)) {
		buf_free(&json);
		return;
	}
	struct notice_read *notice = notice_from_json(json.at, json.len);
	buf_free(&json);
	if (notice != NULL) {
		notice->report.folder = sender->reports;
		give(worker, notice);
		return;
	}
	spool_result(sender->spool, message.id, NOTIFY_NEVER, now_us, &message);
	tell(sender, &message, NULL, "dropped", "what waited can't be read", now_us);
}

void sender_run(struct sender *sender, int64_t now_us)
{
	uint64_t times;
	ssize_t ignored = read(sender->done_fd, &times, sizeof(times));
	(void)ignored; /* nothing may have been done */
	sender->ticked_us = now_us;
	for (size_t i = 0; i < sender->count; i++)
		collect(sender, sender->workers[i], now_us);
	sweep(sender);
	spool_tick(sender->spool, now_us);
	for (size_t i = 0; i < sender->count; i++)
		begin_next(sender, sender->workers[i], now_us);
}

int sender_timeout_ms(const struct sender *sender, int64_t now_us)
{
	int64_t next_us = now_us + TICK_MS * 1000LL;
	for (size_t i = 0; i < sender->count; i++) {
		const struct worker *worker = sender->workers[i];
		int64_t at_us = worker->ends
					? next_us
					: spool_next_us(sender->spool,
							worker->sink->name, now_us);
		next_us = at_us < next_us ? at_us : next_us;
	}
	return next_us <= now_us ? 0 : (int)((next_us - now_us + 999) / 1000);
}

int sender_fd(const struct sender *sender)
{
	return sender->done_fd;
}

struct spool_counts sender_counts(const struct sender *sender)
{
	return spool_counts(sender->spool);
}

/* ---- its life ---- */

static uint32_t rate_of(const struct sink *sink)
{
	const char *rate = sink_option(sink, "rate");
	return rate != NULL ? (uint32_t)strtoul(rate, NULL, DECIMAL) : RATE_USUAL;
}

void sender_set_sinks(struct sender *sender, struct sink *const *sinks, size_t count)
{
	for (size_t i = 0; i < sender->count; i++)
		end(sender->workers[i]);
	sweep(sender);
	spool_clear_sinks(sender->spool);
	for (size_t i = 0; i < count; i++) {
		bool has_room = sender->count < SPOOL_SINKS_MAX + LEAVING_MAX;
		struct worker *worker =
			has_room ? worker_new(sinks[i], sender->done_fd) : NULL;
		if (worker == NULL) {
			sink_free(sinks[i]);
			continue;
		}
		spool_set_sink(sender->spool, sinks[i]->name, rate_of(sinks[i]));
		sender->workers[sender->count++] = worker;
	}
}

struct sender *sender_open(const struct sender_folders *folders, uint64_t bytes_max,
			   const struct sender_output *output, struct buf *why)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	if (sender == NULL)
		return NULL;
	/* Before there are threads. */
	curl_global_init(CURL_GLOBAL_DEFAULT);
	sender->output = *output;
	sender->reports = folders->reports;
	sender->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sender->spool =
		spool_open(folders->spool, bytes_max, tell_dropped, sender, why);
	if (sender->spool != NULL)
		return sender;
	sender_close(sender);
	return NULL;
}

void sender_close(struct sender *sender)
{
	if (sender == NULL)
		return;
	for (size_t i = 0; i < sender->count; i++)
		end(sender->workers[i]);
	for (size_t i = 0; i < sender->count; i++) {
		pthread_join(sender->workers[i]->thread, NULL);
		collect(sender, sender->workers[i], sender->ticked_us);
		worker_free(sender->workers[i]);
	}
	spool_close(sender->spool);
	close(sender->done_fd);
	free(sender);
}
