/*
 * record_question.c: see record_question.h.
 */
#include "web/record_question.h"

#include <errno.h>
#include <stdlib.h>

#include "web/inside.h"

static struct record_question *of_base(struct question *question)
{
	return (struct record_question *)question; /* its first member */
}

/* ---- in a thread ---- */

static bool count_gap(void *of, const void *record)
{
	struct record_question *question = of;
	(void)record;
	question->gaps++;
	return true;
}

static bool take_row(void *to, const void *record)
{
	rows_take(to, record);
	return true;
}

/* That nothing is known of a moment is an answer, too: no rows, and why. */
static void read_moment(struct record_question *question, const struct web_past *store,
			struct store_reader *reader)
{
	struct question *base = &question->base;
	const struct query *query = &question->lookup.query;
	const struct store_moment moment = { .at_us = question->at_us,
					     .now_us = web_now_us(),
					     .kept_s = question->kept_s,
					     .has_port = query->has_port,
					     .port = query->wanted_port,
					     .cancel = &base->cancelled,
					     .time_limit_ms = PAST_TIME_MS };
	int result = store->listeners_at(reader, &moment, take_row,
					 &question->lookup.rows, base->problem);
	base->failed = result != 0 && result != -ENODATA && result != -ETIME;
	if (result == 0)
		base->problem[0] = '\0';
}

static void read_store(struct record_question *question, const struct web_past *store,
		       struct store_reader *reader)
{
	struct question *base = &question->base;
	const struct query *query = &question->lookup.query;
	int result = lookup_read(&question->lookup, store, reader, &base->cancelled,
				 base->problem);
	base->failed = result != 0 && result != -ETIME;
	if (result != 0)
		return;
	const struct store_filter times = lookup_time_filter(query, &base->cancelled);
	char ignored[STORE_ERROR_MAX];
	base->problem[0] = '\0';
	if (query->kind != RECORD_gap)
		store->read(reader, RECORD_gap, &times, count_gap, question, ignored);
}

/* question.answer */
static void answer(struct question *base, const struct web_past *store,
		   struct store_reader *reader)
{
	struct record_question *question = of_base(base);
	if (reader != NULL && question->at_us != UNKNOWN_TIME)
		read_moment(question, store, reader);
	else if (reader != NULL)
		read_store(question, store, reader);
	rows_sort(&question->lookup.rows);
	rows_write(&question->lookup.rows, &base->text);
}

/* question.free */
static void let_go(struct question *base)
{
	struct record_question *question = of_base(base);
	lookup_close(&question->lookup);
	free(question);
}

/* ---- in the loop ---- */

struct record_question *record_question_new(const struct query *query,
					    const struct web_source *source,
					    struct MHD_Connection *connection)
{
	struct record_question *question = calloc(1, sizeof(*question));
	if (question == NULL)
		return NULL;
	question->base = (struct question){
		.connection = connection,
		.answer = answer,
		.free = let_go,
		.is_long = lookup_is_long(query),
	};
	question->at_us = UNKNOWN_TIME;
	lookup_open(&question->lookup, query, source);
	return question;
}
