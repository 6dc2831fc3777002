/*
 * hub_passing.c: see hub_passing.h.
 */
#include "cli/hub_passing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { PASSED_MOST = 8 }; /* at a time */

/* The thread's until has_come. */
struct passed {
	struct link *link;
	struct hub_asked asked;
	char *form; /* owned */
	pthread_t thread;
	atomic_bool has_come;
	int result;
	struct buf message;
	/* The loop's: */
	web_change_answer answer; /* NULL: nobody waits for it */
	void *to;
};

struct hub_passing {
	struct link *link;
	struct passed *at[PASSED_MOST]; /* NULL: free */
	struct passed *last;            /* begun; NULL: it has come */
};

struct hub_passing *hub_passing_new(struct link *link)
{
	struct hub_passing *passing = calloc(1, sizeof(*passing));
	if (passing != NULL)
		passing->link = link;
	return passing;
}

static void passed_free(struct passed *passed)
{
	buf_free(&passed->message);
	free(passed->form);
	free(passed);
}

static void *pass_on(void *self)
{
	struct passed *passed = self;
	passed->result = hub_pass_on(passed->link, &passed->asked, &passed->message);
	atomic_store(&passed->has_come, true);
	return NULL;
}

static struct passed *passed_new(struct link *link, const struct hub_asked *asked)
{
	struct passed *passed = calloc(1, sizeof(*passed));
	if (passed == NULL)
		return NULL;
	passed->link = link;
	passed->asked = *asked;
	passed->asked.form = passed->form = strdup(asked->form);
	if (passed->form != NULL &&
	    pthread_create(&passed->thread, NULL, pass_on, passed) == 0)
		return passed;
	passed_free(passed);
	return NULL;
}

bool hub_passing_begin(struct hub_passing *passing, const struct hub_asked *asked)
{
	for (size_t i = 0; i < PASSED_MOST; i++) {
		if (passing->at[i] != NULL)
			continue;
		passing->at[i] = passing->last = passed_new(passing->link, asked);
		return passing->last != NULL;
	}
	return false;
}

void hub_passing_wait(struct hub_passing *passing, web_change_answer answer, void *to)
{
	passing->last->answer = answer;
	passing->last->to = to;
}

static void end_one(struct hub_passing *passing, size_t i)
{
	struct passed *passed = passing->at[i];
	pthread_join(passed->thread, NULL);
	if (passing->last == passed)
		passing->last = NULL;
	passing->at[i] = NULL;
	passed_free(passed);
}

void hub_passing_take(struct hub_passing *passing,
		      void (*done)(void *self, const struct hub_asked *asked,
				   int result, struct buf *message),
		      void *self)
{
	for (size_t i = 0; i < PASSED_MOST; i++) {
		struct passed *passed = passing->at[i];
		if (passed == NULL || !atomic_load(&passed->has_come))
			continue;
		done(self, &passed->asked, passed->result, &passed->message);
		if (passed->answer != NULL)
			passed->answer(passed->to, passed->result, &passed->message);
		end_one(passing, i);
	}
}

void hub_passing_close(struct hub_passing *passing)
{
	if (passing == NULL)
		return;
	for (size_t i = 0; i < PASSED_MOST; i++)
		if (passing->at[i] != NULL)
			end_one(passing, i);
	free(passing);
}
