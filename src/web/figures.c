/*
 * figures.c: GET of what each week was like: figures of incidents.
 *
 * They are of all that is kept of a long time: it is read in a thread, record by
 * record, and only the figures are held.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/answer.h"
#include "web/inside.h"
#include "web/lookup.h"

struct figures_question {
	struct question base;
	const struct web_source *source;
	int64_t since_us;
	const struct sensor_set *sensors; /* NULL: all */
	struct lookup incidents;          /* those of memory */
	struct query query;               /* the form of the answer */
	struct rows rows;
};

static struct figures_question *of_base(struct question *question)
{
	return (struct figures_question *)question; /* its first member */
}

/* question.free */
static void let_go(struct question *base)
{
	struct figures_question *question = of_base(base);
	lookup_close(&question->incidents);
	rows_free(&question->rows);
	free(question);
}

/* ---- in a thread ---- */

struct reading {
	struct figures_question *question;
	const struct web_past *store;
	struct store_reader *reader;
	const struct seen *seen; /* of the kind that is read; NULL: nothing */
	web_take take;
	void *to;
};

/* store_emit */
static bool take_stored(void *of, const void *record)
{
	const struct reading *r = of;
	if (r->seen != NULL && seen_has(r->seen, record))
		return true;
	return r->take(r->to, record);
}

static void give_known(const struct lookup *lookup, web_take take, void *to)
{
	for (size_t i = 0; i < lookup->rows.count; i++)
		if (!take(to, rows_at(&lookup->rows, i)))
			return;
}

/* Of the audit chain, which is read from its begin, only when that was; 0: all. */
static field_set fields_of(enum record_kind kind)
{
	return kind == RECORD_audit ? field_named(kind, "at") : 0;
}

/* web_reader */
static int read_kind(void *from, enum record_kind kind, int64_t since_us, web_take take,
		     void *to)
{
	struct reading *r = from;
	struct question *base = &r->question->base;
	struct lookup *incidents = &r->question->incidents;
	const struct query time = { .since_us = since_us,
				    .until_us = INT64_MAX,
				    .sensors = r->question->sensors };
	struct store_filter filter = lookup_time_filter(&time, &base->cancelled);
	filter.fields = fields_of(kind);
	bool is_in_memory = kind == incidents->query.kind;
	if (is_in_memory)
		give_known(incidents, take, to);
	r->seen = is_in_memory ? &incidents->seen : NULL;
	r->take = take;
	r->to = to;
	return r->store->read(r->reader, kind, &filter, take_stored, r, base->problem);
}

/* question.answer: figures of some of it would be wrong ones. */
static void answer_question(struct question *base, const struct web_past *store,
			    struct store_reader *reader)
{
	struct figures_question *question = of_base(base);
	struct reading reading = { .question = question,
				   .store = store,
				   .reader = reader };
	if (reader == NULL)
		return;
	rows_sort(&question->incidents.rows);
	int result = question->source->figures(question->since_us, read_kind, &reading,
					       rows_take, &question->rows);
	base->failed = result != 0 || question->rows.failed;
	if (result == -ENOMEM || question->rows.failed)
		snprintf(base->problem, sizeof(base->problem), "out of memory");
	if (!base->failed)
		rows_write(&question->rows, &base->text);
}

/* ---- in the loop ---- */

struct parameters {
	struct query *query;
	char *error; /* QUERY_ERROR_MAX */
};

/* MHD_KeyValueIterator; they are of all incidents of whole weeks. */
static enum MHD_Result read_parameter(void *of, enum MHD_ValueKind kind,
				      const char *key, const char *value)
{
	struct parameters *p = of;
	(void)kind;
	if (strcmp(key, "since") != 0 && strcmp(key, "format") != 0 &&
	    !sensors_are_asked(key)) {
		snprintf(p->error, QUERY_ERROR_MAX,
			 "%.40s: not a parameter here; allowed: %ssince format", key,
			 p->query->of_fleet ? "sensor site tag " : "");
		return MHD_NO;
	}
	return query_set(p->query, key, value == NULL ? "" : value, web_now_us(),
			 p->error)
		       ? MHD_YES
		       : MHD_NO;
}

static struct figures_question *question_new(const struct request *request,
					     const struct query *query)
{
	struct figures_question *question = calloc(1, sizeof(*question));
	struct query incidents;
	if (question == NULL)
		return NULL;
	question->base = (struct question){ .connection = request->connection,
					    .answer = answer_question,
					    .free = let_go,
					    .is_long = true };
	question->source = request->web->source;
	question->since_us = query->has_time ? query->since_us : UNKNOWN_TIME;
	/* Of the rows all are wanted, in the order in which they come. */
	question->query = *query;
	question->query.since_us = INT64_MIN;
	question->query.sort[0] = NULL;
	rows_init(&question->rows, &question->query);
	query_init(&incidents, RECORD_incident);
	incidents.has_time = true; /* the store has more */
	incidents.sensors = question->sensors = request->exchange->sensors;
	incidents.limit = QUERY_LIMIT_MAX;
	lookup_open(&question->incidents, &incidents, question->source);
	return question;
}

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *message)
{
	return answer_error(request->connection, status, request->path, message);
}

static enum MHD_Result send_figures(const struct request *request,
				    struct figures_question *question)
{
	enum MHD_Result result;
	if (is_unanswered(request, &result))
		return result;
	if (question->base.failed)
		return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
			      question->base.problem);
	return answer_text(request->connection, MHD_HTTP_OK,
			   records_type(&question->query), &question->base.text);
}

enum MHD_Result answer_figures(const struct request *request)
{
	struct query query;
	char error[QUERY_ERROR_MAX] = "";
	struct parameters parameters = { &query, error };
	if (request->exchange->question != NULL)
		return send_figures(request, of_base(request->exchange->question));
	query_init(&query, RECORD_figures);
	query.format = records_form(request);
	query.of_fleet = request->web->source->sensors != NULL;
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
				  read_parameter, &parameters);
	if (error[0] != '\0' || !choose_sensors(request, error))
		return refuse(request, MHD_HTTP_BAD_REQUEST, error);
	if (request->web->past == NULL || request->web->source->figures == NULL)
		return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
			      "nothing is kept here: there is no store");
	struct figures_question *question = question_new(request, &query);
	return question != NULL ? ask_past(request, &question->base) : MHD_NO;
}
