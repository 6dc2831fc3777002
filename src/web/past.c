/*
 * past.c: the threads that read the past; see past.h.
 *
 * The loop alone knows who waits (`waiting`); a thread takes questions from `queue` and
 * says with `done` that one is answered.  Between the two, a question is the thread's.
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

#include "base/addr.h"
#include "base/hash.h"

enum { CLIENTS = 64 /* that turns are kept of; more share them */ };

/* What a thread answers; also its place among them. */
enum turns { TURNS_ANY /* but reports */, TURNS_SHORT, TURNS_REPORTS };

struct past_thread {
	struct past *past;
	pthread_t thread;
	bool started;
	enum turns turns;
};

struct past {
	const struct web_past *store; /* borrowed */
	int event;
	struct hash_key secret;
	struct question *waiting[PAST_MAX]; /* the loop's */
	size_t count;
	struct past_thread threads[PAST_THREADS];
	pthread_mutex_t lock;
	pthread_cond_t asked;
	/* Under the lock: */
	struct question *queue;        /* the oldest first */
	uint64_t turn, turns[CLIENTS]; /* when each client was answered last */
	bool ended;
};

void question_free(struct question *question)
{
	if (question == NULL)
		return;
	buf_free(&question->text);
	question->free(question);
}

/* ---- in the threads ---- */

static void answer_question(const struct web_past *store, struct question *question)
{
	struct store_reader *reader = NULL;
	int status;
	if (!atomic_load(&question->cancelled)) {
		reader = store->open(store->folder, question->problem, &status);
		question->failed = reader == NULL;
		question->answer(question, store, reader);
		if (reader != NULL)
			store->close(reader);
	}
	if (!atomic_load(&question->cancelled))
		return;
	/* At the end of the monitor somebody still reads: nothing is not "none". */
	question->failed = true;
	snprintf(question->problem, sizeof(question->problem), "the monitor ends");
}

static bool is_for(const struct question *question, enum turns turns)
{
	if (question->is_report || turns == TURNS_REPORTS)
		return question->is_report && turns == TURNS_REPORTS;
	return turns == TURNS_ANY || !question->is_long;
}

/* The first of whoever was answered longest ago; the place that points to it. */
static struct question **whose_turn(struct past *past, enum turns turns)
{
	struct question **best = NULL;
	for (struct question **at = &past->queue; *at != NULL; at = &(*at)->next) {
		if (!is_for(*at, turns))
			continue;
		if (best == NULL || past->turns[(*at)->client % CLIENTS] <
					    past->turns[(*best)->client % CLIENTS])
			best = at;
	}
	return best;
}

/* The next question, waited for; NULL at the end. */
static struct question *next_question(struct past *past, enum turns turns)
{
	struct question *question = NULL, **place;
	pthread_mutex_lock(&past->lock);
	while ((place = whose_turn(past, turns)) == NULL && !past->ended)
		pthread_cond_wait(&past->asked, &past->lock);
	if (place != NULL) {
		question = *place;
		*place = question->next;
		past->turns[question->client % CLIENTS] = ++past->turn;
	}
	pthread_mutex_unlock(&past->lock);
	return question;
}

static void *answer_all(void *of)
{
	struct past_thread *thread = of;
	struct past *past = thread->past;
	struct question *question;
	while ((question = next_question(past, thread->turns)) != NULL) {
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
	past->secret = hash_key_random();
	past->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&past->lock, NULL);
	pthread_cond_init(&past->asked, NULL);
	for (size_t i = 0; i < PAST_THREADS; i++)
		past->threads[i] =
			(struct past_thread){ .past = past, .turns = (enum turns)i };
	if (past->event < 0) {
		past_free(past);
		return NULL;
	}
	return past;
}

bool past_knows_listeners(const struct past *past)
{
	return past->store->listeners_at != NULL;
}

int past_fd(const struct past *past)
{
	return past->event;
}

static bool start_thread(struct past *past, enum turns turns)
{
	struct past_thread *thread = &past->threads[turns];
	if (!thread->started)
		thread->started =
			pthread_create(&thread->thread, NULL, answer_all, thread) == 0;
	return thread->started;
}

/*
 * Only now: by the first question the process has given up its privileges.  The first
 * thread answers everything but reports, so it is enough for that.
 */
static bool start(struct past *past, const struct question *question)
{
	if (question->is_report)
		return start_thread(past, TURNS_REPORTS);
	start_thread(past, TURNS_SHORT);
	return start_thread(past, TURNS_ANY);
}

/* One number per address; the Unix socket is one client. */
static uint64_t client_of(const struct past *past, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct addr addr;
	uint64_t words[2];
	if (info == NULL || !addr_of_socket(info->client_addr, &addr))
		return 0;
	memcpy(words, &addr, sizeof(words));
	return hash_words(&past->secret, words, 2);
}

static size_t count_of(const struct past *past, uint64_t client)
{
	size_t count = 0;
	for (size_t i = 0; i < past->count; i++)
		count += past->waiting[i]->client == client;
	return count;
}

static void put_in_queue(struct past *past, struct question *question)
{
	pthread_mutex_lock(&past->lock);
	struct question **last = &past->queue;
	while (*last != NULL)
		last = &(*last)->next;
	*last = question;
	pthread_cond_broadcast(&past->asked);
	pthread_mutex_unlock(&past->lock);
}

/* `ended` is the loop's own doing, so it needs no lock to read it. */
bool past_ask(struct past *past, struct question *question)
{
	question->client = client_of(past, question->connection);
	question->next = NULL;
	if (past->ended || past->count == PAST_MAX ||
	    count_of(past, question->client) >= PAST_CLIENT_MAX ||
	    !start(past, question))
		return false;
	past->waiting[past->count++] = question;
	MHD_suspend_connection(question->connection);
	put_in_queue(past, question);
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
	pthread_cond_broadcast(&past->asked);
	pthread_mutex_unlock(&past->lock);
	for (size_t i = 0; i < PAST_THREADS; i++) {
		if (past->threads[i].started)
			pthread_join(past->threads[i].thread, NULL);
		past->threads[i].started = false;
	}
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
