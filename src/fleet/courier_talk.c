/*
 * courier_talk.c: questions to the hubs, their answers, and what they tell by
 * themselves.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fleet/courier_inside.h"

enum { ASK_MS = 5000 };

/* ---- what was heard, until courier_run() tells it ---- */

/* Takes the bytes over.  With the lock held; news may be lost, answers never are: there
 * are no more of them than questions. */
static void put_heard(struct courier *courier, struct courier_talk talk)
{
	size_t most = talk.id == 0 ? COURIER_HEARD_MAX - COURIER_QUESTIONS_MAX
				   : COURIER_HEARD_MAX;
	if (courier->heard_count < most)
		courier->heard[courier->heard_count++] = talk;
	else
		buf_free(&talk.bytes);
}

void courier_hear(void *self, const char *subject, const void *bytes, size_t len,
		  struct buf *answer)
{
	struct courier *courier = self;
	struct courier_talk news = { .id = 0 };
	(void)subject;
	(void)answer;
	if (len > COURIER_BYTES_MAX)
		return;
	buf_add(&news.bytes, bytes, len);
	pthread_mutex_lock(&courier->lock);
	put_heard(courier, news);
	pthread_mutex_unlock(&courier->lock);
	courier_wake(courier);
}

static bool take_heard(struct courier *courier, struct courier_talk *out)
{
	pthread_mutex_lock(&courier->lock);
	bool is_any = courier->heard_count > 0;
	if (is_any) {
		*out = courier->heard[0];
		courier->heard_count--;
		courier->asked -= out->id != 0;
		memmove(&courier->heard[0], &courier->heard[1],
			courier->heard_count * sizeof(courier->heard[0]));
	}
	pthread_mutex_unlock(&courier->lock);
	return is_any;
}

void courier_tell_heard(struct courier *courier, const struct courier_output *output)
{
	struct courier_talk talk;
	while (take_heard(courier, &talk)) {
		const char *bytes = buf_cstr(&talk.bytes);
		if (talk.id == 0 && bytes != NULL)
			output->news(output->self, bytes, talk.bytes.len);
		else if (talk.id != 0)
			output->answer(output->self, talk.id,
				       talk.is_nobody ? NULL : bytes, talk.bytes.len);
		buf_free(&talk.bytes);
	}
}

/* ---- questions ---- */

bool courier_ask(struct courier *courier, uint64_t id, const void *bytes, size_t len)
{
	struct courier_talk question = { .id = id };
	buf_add(&question.bytes, bytes, len);
	pthread_mutex_lock(&courier->lock);
	bool is_taken = id != 0 && len <= COURIER_BYTES_MAX &&
			buf_ok(&question.bytes) &&
			courier->asked < COURIER_QUESTIONS_MAX;
	if (is_taken) {
		courier->asked++;
		courier->questions[courier->question_count++] = question;
		pthread_cond_broadcast(&courier->changed);
	}
	pthread_mutex_unlock(&courier->lock);
	if (!is_taken)
		buf_free(&question.bytes);
	return is_taken;
}

/* False: it ends. */
static bool await_question(struct courier *courier, struct courier_talk *out)
{
	pthread_mutex_lock(&courier->lock);
	while (courier->question_count == 0 && !courier->ends)
		pthread_cond_wait(&courier->changed, &courier->lock);
	bool goes_on = !courier->ends;
	if (goes_on) {
		*out = courier->questions[0];
		courier->question_count--;
		memmove(&courier->questions[0], &courier->questions[1],
			courier->question_count * sizeof(courier->questions[0]));
	}
	pthread_mutex_unlock(&courier->lock);
	return goes_on;
}

void *courier_ask_on(void *self)
{
	struct courier *courier = self;
	struct courier_talk question;
	char subject[FLEET_SUBJECT_MAX];
	snprintf(subject, sizeof(subject), FLEET_ASK, courier->sensor);
	while (await_question(courier, &question)) {
		struct courier_talk answer = { .id = question.id };
		answer.is_nobody =
			link_ask(courier->link, subject, question.bytes.at,
				 question.bytes.len, ASK_MS, &answer.bytes) != 0;
		buf_free(&question.bytes);
		pthread_mutex_lock(&courier->lock);
		put_heard(courier, answer);
		pthread_mutex_unlock(&courier->lock);
		courier_wake(courier);
	}
	return NULL;
}

void courier_forget_talk(struct courier *courier)
{
	for (size_t i = 0; i < courier->question_count; i++)
		buf_free(&courier->questions[i].bytes);
	for (size_t i = 0; i < courier->heard_count; i++)
		buf_free(&courier->heard[i].bytes);
}
