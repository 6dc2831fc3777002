/*
 * record_question.c: see record_question.h.
 */
#include "web/record_question.h"

#include <errno.h>
#include <stdlib.h>

/* A flow is written when it is given up, five minutes after its last packet or less. */
#define LAG_US    INT64_C(600000000)
#define SECOND_US INT64_C(1000000)
enum { FEW_STEPS = 2000 };

static struct record_question *of_base(struct question *question)
{
	return (struct record_question *)question; /* its first member */
}

void record_question_take(void *to, const void *record)
{
	struct record_question *question = to;
	bool is_wanted = query_wants(&question->query, record);
	/* The store may have it as it was a second ago: then it is not wanted either.
	 * A flow is there only when it is over. */
	if (is_wanted || question->query.kind != RECORD_flow)
		seen_add(&question->seen,
			 seen_name(&question->seen, question->query.schema, record));
	if (is_wanted)
		rows_take(&question->rows, record);
}

/* ---- in a thread ---- */

static bool is_newest_first(const struct query *query)
{
	return query->kind == RECORD_flow && query->sort[0] == query->end &&
	       query->sort[1] == NULL && !query->ascending;
}

/*
 * Flows come in the order they were written, the newest first: once one is older than
 * all that were chosen, by more than writing may lag, none behind is wanted.
 */
static bool is_enough(const struct record_question *question, const void *record)
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
	struct record_question *question = of;
	if (seen_has(&question->seen, question->query.schema, record))
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
	struct record_question *question = of;
	(void)record;
	question->gaps++;
	return true;
}

struct store_filter record_question_filter(const struct query *query,
					   const struct question *question)
{
	/* The zero of everything but the two times means "all". */
	return (struct store_filter){
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

static void read_store(struct record_question *question, const struct web_past *store,
		       struct store_reader *reader)
{
	struct question *base = &question->base;
	struct store_filter filter = record_question_filter(&question->query, base);
	int result = store->read(reader, question->query.kind, &filter, take_stored,
				 question, base->problem);
	base->failed = result != 0 && result != -ETIME;
	if (result != 0)
		return;
	struct store_filter times = {
		.since_us = filter.since_us,
		.until_us = filter.until_us,
		.cancel = filter.cancel,
		.time_limit_ms = filter.time_limit_ms,
	};
	char ignored[STORE_ERROR_MAX];
	base->problem[0] = '\0';
	if (question->query.kind != RECORD_gap)
		store->read(reader, RECORD_gap, &times, count_gap, question, ignored);
}

static void answer(struct question *base, const struct web_past *store,
		   struct store_reader *reader)
{
	struct record_question *question = of_base(base);
	if (reader != NULL)
		read_store(question, store, reader);
	rows_sort(&question->rows);
	rows_write(&question->rows, &base->text);
}

static void let_go(struct question *base)
{
	struct record_question *question = of_base(base);
	rows_free(&question->rows);
	seen_free(&question->seen);
	free(question);
}

/* ---- in the loop ---- */

bool record_question_is_long(const struct query *query)
{
	if (query->kind == RECORD_flow)
		return true;
	if (query->kind != RECORD_port || query->step_s == 0 || query->has_port)
		return false;
	/* As unsigned, so that times that are open are a long time. */
	uint64_t us = (uint64_t)query->until_us - (uint64_t)query->since_us;
	return us / (uint64_t)SECOND_US / query->step_s > FEW_STEPS;
}

struct record_question *record_question_new(const struct query *query,
					    struct MHD_Connection *connection)
{
	struct record_question *question = calloc(1, sizeof(*question));
	if (question == NULL)
		return NULL;
	question->base = (struct question){
		.connection = connection,
		.answer = answer,
		.free = let_go,
		.is_long = record_question_is_long(query),
	};
	question->query = *query;
	rows_init(&question->rows, &question->query);
	seen_init(&question->seen);
	return question;
}
