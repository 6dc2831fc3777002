/*
 * hub_ask.c: see hub_ask.h.
 *
 * A question is three lines and the form: what, who, then the rest.  An answer is a
 * number and a line's end, then the message.
 */
#include "cli/hub_ask.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { ASK_MS = 3000, ANSWER_S = 2, FORM_MAX = 64 * 1024 };

/* A number and a line's end, then the message. */
static int read_answer(struct buf *answer, struct buf *message)
{
	const char *text = buf_cstr(answer);
	char *end = NULL;
	long result = text != NULL ? strtol(text, &end, 10) : 0;
	if (end == NULL || end == text || *end != '\n' || result > 0 ||
	    result < INT_MIN)
		return -EAGAIN;
	buf_text(message, end + 1);
	return (int)result;
}

int hub_pass_on(struct link *link, const struct hub_asked *asked, struct buf *message)
{
	struct buf question = { 0 }, answer = { 0 };
	int result = -EAGAIN;
	buf_printf(&question, "%s\n%s\n%s", asked->what, asked->actor, asked->form);
	if (buf_ok(&question))
		result = link_ask(link, HUB_CHANGE, question.at, question.len, ASK_MS,
				  &answer);
	if (result == 0)
		result = read_answer(&answer, message);
	buf_free(&question);
	buf_free(&answer);
	return result;
}

/* ---- the leader ---- */

struct hub_ask {
	struct link_listen *listen;
	int event;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	/* Under the lock: one at a time. */
	struct hub_asked asked;
	char form[FORM_MAX];
	bool is_asked, is_answered, ends;
	struct buf answer;
};

/* False: it is no question. */
static bool read_question(struct hub_ask *ask, const char *text, size_t len)
{
	char whole[FORM_MAX];
	if (len >= sizeof(whole))
		return false;
	memcpy(whole, text, len);
	whole[len] = '\0';
	char *rest = whole;
	const char *what = strsep(&rest, "\n");
	const char *actor = rest != NULL ? strsep(&rest, "\n") : NULL;
	if (rest == NULL || strlen(what) >= sizeof(ask->asked.what) ||
	    strlen(actor) >= sizeof(ask->asked.actor))
		return false;
	snprintf(ask->asked.what, sizeof(ask->asked.what), "%s", what);
	snprintf(ask->asked.actor, sizeof(ask->asked.actor), "%s", actor);
	snprintf(ask->form, sizeof(ask->form), "%s", rest);
	ask->asked.form = ask->form;
	return true;
}

/* Waits for the loop, but not for ever: then nobody has answered. */
static void wait_for_answer(struct hub_ask *ask)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ANSWER_S;
	while (!ask->is_answered && !ask->ends &&
	       pthread_cond_timedwait(&ask->answered, &ask->lock, &until) == 0)
		continue;
}

/* On a thread of the library. */
static void hear(void *self, const char *subject, const void *bytes, size_t len,
		 struct buf *answer)
{
	struct hub_ask *ask = self;
	const uint64_t one = 1;
	(void)subject;
	pthread_mutex_lock(&ask->lock);
	if (!ask->ends && !ask->is_asked && read_question(ask, bytes, len)) {
		ask->is_asked = true;
		ask->is_answered = false;
		ssize_t written = write(ask->event, &one, sizeof(one));
		(void)written;
		wait_for_answer(ask);
		if (ask->is_answered && answer != NULL)
			buf_add(answer, ask->answer.at, ask->answer.len);
		ask->is_asked = false;
	}
	pthread_mutex_unlock(&ask->lock);
}

struct hub_ask *hub_ask_open(struct link *link)
{
	char error[LINK_ERROR_MAX];
	struct hub_ask *ask = calloc(1, sizeof(*ask));
	if (ask == NULL)
		return NULL;
	pthread_mutex_init(&ask->lock, NULL);
	pthread_cond_init(&ask->answered, NULL);
	ask->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ask->event >= 0)
		ask->listen = link_listen(link, HUB_CHANGE, "leader", hear, ask, error);
	if (ask->listen != NULL)
		return ask;
	hub_ask_close(ask);
	return NULL;
}

int hub_ask_fd(const struct hub_ask *ask)
{
	return ask->event;
}

void hub_ask_take(struct hub_ask *ask, hub_answer answer, void *self)
{
	uint64_t count;
	struct buf message = { 0 };
	ssize_t len = read(ask->event, &count, sizeof(count));
	(void)len;
	pthread_mutex_lock(&ask->lock);
	if (ask->is_asked && !ask->is_answered) {
		int result = answer(self, &ask->asked, &message);
		buf_clear(&ask->answer);
		buf_printf(&ask->answer, "%d\n", result);
		buf_add(&ask->answer, message.at, message.len);
		ask->is_answered = true;
		pthread_cond_signal(&ask->answered);
	}
	pthread_mutex_unlock(&ask->lock);
	buf_free(&message);
}

void hub_ask_stop(struct hub_ask *ask)
{
	pthread_mutex_lock(&ask->lock);
	ask->ends = true;
	pthread_cond_broadcast(&ask->answered);
	pthread_mutex_unlock(&ask->lock);
	if (ask->listen != NULL)
		link_listen_stop(ask->listen);
}

bool hub_ask_has_ended(const struct hub_ask *ask)
{
	return ask->listen == NULL || link_listen_has_ended(ask->listen);
}

void hub_ask_close(struct hub_ask *ask)
{
	if (ask == NULL)
		return;
	hub_ask_stop(ask);
	if (ask->listen != NULL)
		link_listen_close(ask->listen);
	if (ask->event >= 0)
		close(ask->event);
	buf_free(&ask->answer);
	pthread_cond_destroy(&ask->answered);
	pthread_mutex_destroy(&ask->lock);
	free(ask);
}
