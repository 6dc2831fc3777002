/*
 * hub_name.c: see hub_name.h.
 *
 * A question is the name, and on a line of its own a number that is this process'.  Of
 * another process of that name the answer is the name of its machine; all others are
 * silent.
 */
#include "cli/hub_name.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "cli/view.h"

enum { ASK_MS = 1000, AGAIN_S = 60, SOON_S = 1, QUESTION_MAX = 128 };

struct hub_name {
	struct link *link;
	struct link_listen *listen;
	field_text64 host;           /* this one's */
	char question[QUESTION_MAX]; /* of this process */
	size_t name_len;             /* of its first line, with its end */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Under the lock: */
	bool ends, is_taken;
	field_text64 other;
};

/* On a thread of the link's. */
static void hear(void *self, const char *subject, const void *bytes, size_t len,
		 struct buf *answer)
{
	const struct hub_name *own = self;
	size_t whole = strlen(own->question);
	(void)subject;
	if (answer == NULL)
		return;
	bool is_own = len == whole && memcmp(bytes, own->question, whole) == 0;
	bool is_namesake = !is_own && len > own->name_len &&
			   memcmp(bytes, own->question, own->name_len) == 0;
	if (is_namesake)
		buf_text(answer, own->host);
	else
		answer->failed = true;
}

/* Whoever has the name for the first time, or has it no more, is told of. */
static void note(struct hub_name *own, bool is_taken, const char *told)
{
	field_text64 host;
	text_clean(host, sizeof(host), told);
	pthread_mutex_lock(&own->lock);
	bool is_news = own->is_taken != is_taken;
	own->is_taken = is_taken;
	record_text(own->other, sizeof(own->other), host);
	pthread_mutex_unlock(&own->lock);
	if (is_news && is_taken)
		fprintf(stderr,
			"breakwater: another hub, on %s, is called %.*s too: set "
			"hub.name, to another one for each hub\n",
			host, (int)own->name_len - 1, own->question);
	else if (is_news)
		fprintf(stderr, "breakwater: no other hub is called %.*s any more\n",
			(int)own->name_len - 1, own->question);
}

/* False: not known now. */
static bool ask(struct hub_name *own)
{
	struct buf answer = { 0 };
	if (!link_is_up(own->link))
		return false;
	bool is_taken = link_ask(own->link, HUB_NAME, own->question,
				 strlen(own->question), ASK_MS, &answer) == 0;
	const char *host = buf_cstr(&answer);
	bool is_known = is_taken || link_is_up(own->link);
	if (is_known)
		note(own, is_taken, is_taken && host != NULL ? host : "");
	buf_free(&answer);
	return is_known;
}

static bool wait_for(struct hub_name *own, int seconds)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&own->lock);
	while (!own->ends &&
	       pthread_cond_timedwait(&own->changed, &own->lock, &until) == 0)
		continue;
	bool goes_on = !own->ends;
	pthread_mutex_unlock(&own->lock);
	return goes_on;
}

static void *ask_on(void *self)
{
	struct hub_name *own = self;
	while (wait_for(own, ask(own) ? AGAIN_S : SOON_S))
		continue;
	return NULL;
}

/* ---- its life ---- */

static void init(struct hub_name *own, struct link *link, const char *name,
		 const char *host)
{
	pthread_condattr_t attributes;
	own->link = link;
	record_text(own->host, sizeof(own->host), host);
	snprintf(own->question, sizeof(own->question), "%.63s\n%016llx", name,
		 (unsigned long long)hash_key_random().k0);
	own->name_len = strcspn(own->question, "\n") + 1;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&own->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&own->lock, NULL);
}

static void free_all(struct hub_name *own)
{
	link_listen_close(own->listen);
	pthread_cond_destroy(&own->changed);
	pthread_mutex_destroy(&own->lock);
	free(own);
}

struct hub_name *hub_name_start(struct link *link, const char *name, const char *host)
{
	char error[LINK_ERROR_MAX];
	struct hub_name *own = calloc(1, sizeof(*own));
	if (own == NULL)
		return NULL;
	init(own, link, name, host);
	own->listen = link_listen(link, HUB_NAME, NULL, hear, own, error);
	if (own->listen != NULL && pthread_create(&own->thread, NULL, ask_on, own) == 0)
		return own;
	free_all(own);
	return NULL;
}

bool hub_name_is_taken(struct hub_name *own, field_text64 host)
{
	pthread_mutex_lock(&own->lock);
	bool is_taken = own->is_taken;
	memcpy(host, own->other, sizeof(own->other));
	pthread_mutex_unlock(&own->lock);
	return is_taken;
}

void hub_name_cancel(struct hub_name *own)
{
	if (own == NULL)
		return;
	pthread_mutex_lock(&own->lock);
	own->ends = true;
	pthread_cond_signal(&own->changed);
	pthread_mutex_unlock(&own->lock);
}

void hub_name_stop(struct hub_name *own)
{
	if (own == NULL)
		return;
	hub_name_cancel(own);
	pthread_join(own->thread, NULL);
	free_all(own);
}
