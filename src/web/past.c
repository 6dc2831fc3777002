/*
 * past.c: the thread that reads the past; see past.h.
 *
 * The loop alone knows who waits (`waiting`); the thread takes questions from `queue`
 * and says with `done` that one is answered.  Between the two, a question is the
 * thread's.
 */
#include "web/past.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct past {
	const struct web_past *store; /* borrowed */
	int event;
	struct question *waiting[PAST_MAX]; /* the loop's */
	size_t count;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	/* Under the lock: */
	struct question *queue[PAST_MAX]; /* the oldest first */
	size_t queued;
	bool ended;
};

struct question *question_new(const struct query *query,
			      struct MHD_Connection *connection)
{
	struct question *question = calloc(1, sizeof(*question));
	if (question == NULL)
		return NULL;
	question->connection = connection;
	question->query = *query;
	rows_init(&question->rows, &question->query);
	seen_init(&question->seen);
	return question;
}

void question_free(struct question *question)
{
	if (question == NULL)
		return;
	rows_free(&question->rows);
	seen_free(&question->seen);
	buf_free(&question->text);
	free(question);
}

void question_take(void *to, const void *record)
{
	struct question *question = to;
	bool is_wanted = query_wants(&question->query, record);
	/* The store may have it as it was a second ago: then it is not wanted either.
	 * A flow is there only when it is over. */
	if (is_wanted || question->query.kind != RECORD_flow)
		seen_add(&question->seen,
			 seen_name(&question->seen, question->query.schema, record));
	if (is_wanted)
		rows_take(&question->rows, record);
}

/* ---- in the thread ---- */

static bool is_newest_first(const struct query *query)
{
	return query->kind == RECORD_flow && query->sort[0] == query->end &&
	       query->sort[1] == NULL && !query->ascending;
}

/* A flow is written when it is given up, five minutes after its last packet or less. */
#define LAG_US INT64_C(600000000)

/*
 * Flows come in the order they were written, the newest first: once one is older than
 * all that were chosen, by more than writing may lag, none behind is wanted.
 */
static bool is_enough(const struct question *question, const void *record)
{
	if (!is_newest_first(&question->query) ||
	    !query_wants(&question->query, record))
		return false;
	struct flow_record later = *(const struct flow_record *)record;
	if (later.end == UNKNOWN_TIME)
		return false;
	later.end += LAG_US;
	return rows_are_past(&question->rows, &later);
}

/* store_emit: a row of the store. */
static bool take_stored(void *of, const void *record)
{
	struct question *question = of;
	uint64_t name = seen_name(&question->seen, question->query.schema, record);
	if (seen_holds(&question->seen, name))
		return true;
	if (is_enough(question, record)) {
		question->more = true;
		return false;
	}
	rows_take(&question->rows, record);
	return !question->rows.failed;
}

static bool count_gap(void *of, const void *record)
{
	struct question *question = of;
	(void)record;
	question->gaps++;
	return true;
}

static void fill_filter(const struct question *question, struct store_filter *filter)
{
	const struct query *query = &question->query;
	/* The zero of everything but the two times means "all". */
	*filter = (struct store_filter){
		.since_us = query->since_us,
		.until_us = query->until_us,
		.has_port = query->has_port,
		.has_host = query->has_host,
		.port = query->wanted_port,
		.host = query->wanted_host,
		.transport = query->wanted_transport[0] != '\0'
				     ? query->wanted_transport
				     : NULL,
		.step_s = query->step_s,
		.id = query_word(query, "id"),
		.cancel = &question->cancelled,
		.time_limit_ms = PAST_TIME_MS,
	};
}

static void read_store(const struct web_past *store, struct question *question)
{
	struct store_filter filter;
	int status, result;
	struct store_reader *reader =
		store->open(store->folder, question->problem, &status);
	question->failed = reader == NULL;
	if (reader == NULL)
		return;
	fill_filter(question, &filter);
	result = store->read(reader, question->query.kind, &filter, take_stored,
			     question, question->problem);
	question->failed = result != 0 && result != -ETIME;
	if (result == 0) {
		struct store_filter times = {
			.since_us = filter.since_us,
			.until_us = filter.until_us,
			.cancel = filter.cancel,
			.time_limit_ms = filter.time_limit_ms,
		};
		char ignored[STORE_ERROR_MAX];
		question->problem[0] = '\0';
		if (question->query.kind != RECORD_gap)
			store->read(reader, RECORD_gap, &times, count_gap, question,
				    ignored);
	}
	store->close(reader);
}

static void answer_question(const struct web_past *store, struct question *question)
{
	if (!atomic_load(&question->cancelled))
		read_store(store, question);
	/* At the end of the monitor somebody still reads: nothing is not "none". */
	if (atomic_load(&question->cancelled)) {
		question->failed = true;
		snprintf(question->problem, sizeof(question->problem),
			 "the monitor ends");
	}
	rows_sort(&question->rows);
	rows_write(&question->rows, &question->text);
}

/* The next question, waited for; NULL at the end. */
static struct question *next_question(struct past *past)
{
	struct question *question = NULL;
	pthread_mutex_lock(&past->lock);
	while (past->queued == 0 && !past->ended)
		pthread_cond_wait(&past->asked, &past->lock);
	if (past->queued > 0) {
		question = past->queue[0];
		past->queued--;
		for (size_t i = 0; i < past->queued; i++)
			past->queue[i] = past->queue[i + 1];
	}
	pthread_mutex_unlock(&past->lock);
	return question;
}

static void *answer_all(void *of)
{
	struct past *past = of;
	struct question *question;
	while ((question = next_question(past)) != NULL) {
		const uint64_t one = 1;
		answer_question(past->store, question);
		atomic_store(&question->done, true);
		/* It can't fail: the counter is far from its end. */
		ssize_t written = write(past->event, &one, sizeof(one));
		(void)written;
	}
	return NULL;
}

/* ---- in the loop ---- */

struct past *past_new(const struct web_past *store)
{
	struct past *past = calloc(1, sizeof(*past));
	if (past == NULL)
		return NULL;
	past->store = store;
	past->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&past->lock, NULL);
	pthread_cond_init(&past->asked, NULL);
	if (past->event < 0) {
		past_free(past);
		return NULL;
	}
	return past;
}

int past_fd(const struct past *past)
{
	return past->event;
}

/* Only now: by the first question the process has given up its privileges. */
static bool start(struct past *past)
{
	if (!past->started)
		past->started =
			pthread_create(&past->thread, NULL, answer_all, past) == 0;
	return past->started;
}

/* `ended` is the loop's own doing, so it needs no lock to read it. */
bool past_ask(struct past *past, struct question *question)
{
	if (past->ended || past->count == PAST_MAX || !start(past))
		return false;
	past->waiting[past->count++] = question;
	MHD_suspend_connection(question->connection);
	pthread_mutex_lock(&past->lock);
	past->queue[past->queued++] = question;
	pthread_cond_signal(&past->asked);
	pthread_mutex_unlock(&past->lock);
	return true;
}

/* The library does not look at a connection that is suspended. */
static bool client_has_left(const struct question *question)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		question->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd fd = { .events = POLLRDHUP };
	if (info == NULL)
		return false;
	fd.fd = info->connect_fd;
	return poll(&fd, 1, 0) > 0 &&
	       (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void past_tick(struct past *past)
{
	uint64_t count;
	ssize_t len = read(past->event, &count, sizeof(count));
	(void)len; /* nothing to read: nothing was answered since */
	for (size_t i = 0; i < past->count;) {
		struct question *question = past->waiting[i];
		if (!atomic_load(&question->done)) {
			if (client_has_left(question))
				atomic_store(&question->cancelled, true);
			i++;
			continue;
		}
		past->waiting[i] = past->waiting[--past->count];
		MHD_resume_connection(question->connection);
	}
}

int past_timeout_ms(const struct past *past)
{
	return past->count > 0 ? PAST_LOOK_MS : -1;
}

void past_end(struct past *past)
{
	for (size_t i = 0; i < past->count; i++)
		atomic_store(&past->waiting[i]->cancelled, true);
	pthread_mutex_lock(&past->lock);
	past->ended = true;
	pthread_cond_signal(&past->asked);
	pthread_mutex_unlock(&past->lock);
	if (past->started)
		pthread_join(past->thread, NULL);
	past->started = false;
	past_tick(past);
}

void past_free(struct past *past)
{
	if (past == NULL)
		return;
	pthread_cond_destroy(&past->asked);
	pthread_mutex_destroy(&past->lock);
	if (past->event >= 0)
		close(past->event);
	free(past);
}
