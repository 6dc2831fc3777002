/*
 * aggregates.c: GET of groups of records, from memory, the store, or both.
 *
 * Which of them is as with the records themselves (records.c).  A time is always looked
 * up in the store, for its gaps: a sum over a time that nobody watched is no small sum.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/object.h"
#include "web/aggregate_json.h"
#include "web/aggregate_read.h"
#include "web/answer.h"
#include "web/inside.h"
#include "web/lookup.h"

enum { GAPS_MAX = 1000 };

struct aggregate_question {
	struct question base;
	struct aggregate_ask ask, ask_before;
	struct aggregate now, before; /* before is open if it was asked for */
	struct seen seen;             /* of memory: the store must not repeat it */
	bool joined;                  /* memory's records count */
	bool is_past;                 /* the store has some, too */
	struct settled *settled;      /* borrowed */
	struct buf filters;           /* all that was asked but times and order */
	struct buf gaps;
	size_t gap_count;
};

static struct aggregate_question *of_base(struct question *question)
{
	return (struct aggregate_question *)question; /* its first member */
}

static void let_go(struct question *base)
{
	struct aggregate_question *question = of_base(base);
	aggregate_close(&question->now);
	aggregate_close(&question->before);
	seen_free(&question->seen);
	buf_free(&question->gaps);
	buf_free(&question->filters);
	free(question);
}

/* ---- what is asked ---- */

struct reading {
	struct aggregate_ask *ask;
	char *error; /* AGGREGATE_ERROR_MAX */
};

/* MHD_KeyValueIterator over the parameters. */
static enum MHD_Result read_parameter(void *of, enum MHD_ValueKind kind,
				      const char *key, const char *value)
{
	struct reading *reading = of;
	(void)kind;
	if (strcmp(key, "record") == 0)
		return MHD_YES;
	return aggregate_ask_set(reading->ask, key, value == NULL ? "" : value,
				 web_now_us(), reading->error)
		       ? MHD_YES
		       : MHD_NO;
}

static bool read_ask(const struct request *request, struct aggregate_ask *ask,
		     char error[static AGGREGATE_ERROR_MAX])
{
	struct reading reading = { ask, error };
	const char *record = MHD_lookup_connection_value(
		request->connection, MHD_GET_ARGUMENT_KIND, "record");
	error[0] = '\0';
	if (!aggregate_ask_open(ask, record, error))
		return false;
	ask->query.of_fleet = request->web->source->sensors != NULL;
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
				  read_parameter, &reading);
	if (error[0] != '\0' || !choose_sensors(request, error))
		return false;
	ask->query.sensors = request->exchange->sensors;
	return aggregate_ask_close(ask, web_now_us(), error);
}

/* MHD_KeyValueIterator: what the groups depend on beside the time. */
static enum MHD_Result add_filter(void *of, enum MHD_ValueKind kind, const char *key,
				  const char *value)
{
	static const char *const others[] = { "since", "until",    "limit",
					      "sort",  "previous", "format" };
	struct buf *filters = of;
	(void)kind;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(key, others[i]) == 0)
			return MHD_YES;
	/* With their lengths: a value may hold any character. */
	value = value == NULL ? "" : value;
	buf_printf(filters, "%s %zu %s ", key, strlen(value), value);
	return MHD_YES;
}

/* Who is meant by site= and tag= is another one when a sensor joins or moves. */
static void add_sensors(struct buf *filters, const struct sensor_set *sensors)
{
	size_t count;
	if (sensors == NULL)
		return;
	const char *const *names = sensor_set_names(sensors, &count);
	for (size_t i = 0; i < count; i++)
		buf_printf(filters, "%s ", names[i]);
}

/* ---- memory ---- */

static void take(struct aggregate_question *question, const void *record)
{
	aggregate_take(&question->now, record);
	if (question->ask.previous)
		aggregate_take(&question->before, record);
}

static bool is_wanted(const struct aggregate_question *question, const void *record)
{
	return query_wants(&question->ask.query, record) ||
	       (question->ask.previous &&
		query_wants(&question->ask_before.query, record));
}

/* web_emit: as those of a lookup. */
static void take_known(void *to, const void *record)
{
	struct aggregate_question *question = to;
	const struct query *query = &question->ask.query;
	if (question->is_past &&
	    (query->kind != RECORD_flow || is_wanted(question, record)))
		seen_add(&question->seen, record);
	take(question, record);
}

/* ---- in a thread ---- */

static bool take_gap(void *of, const void *record)
{
	struct aggregate_question *question = of;
	const struct gap_record *gap = record;
	object_open(&question->gaps, NULL);
	object_time(&question->gaps, "since", gap->start, "Z");
	object_time(&question->gaps, "until", gap->end, "Z");
	object_text(&question->gaps, "why", gap->reason);
	object_close(&question->gaps);
	buf_char(&question->gaps, ',');
	return ++question->gap_count < GAPS_MAX;
}

static int read_gaps(struct aggregate_question *question, const struct web_past *store,
		     struct store_reader *reader)
{
	const struct query *query = &question->ask.query;
	const struct store_filter times =
		lookup_time_filter(query, &question->base.cancelled);
	return store->read(reader, RECORD_gap, &times, take_gap, question,
			   question->base.problem);
}

static int read_records(struct aggregate_question *question,
			const struct web_past *store, struct store_reader *reader)
{
	const struct aggregate_read how = {
		.store = store,
		.reader = reader,
		.seen = &question->seen,
		.settled = question->settled,
		.filters = &question->filters,
		.cancelled = &question->base.cancelled,
		.problem = question->base.problem,
	};
	if (!question->is_past)
		return 0;
	int result = aggregate_read(&question->now, &how);
	return result != 0 || !question->ask.previous
		       ? result
		       : aggregate_read(&question->before, &how);
}

static void write_answer(struct aggregate_question *question)
{
	struct question *base = &question->base;
	const struct aggregate_answer answer = {
		.now = &question->now,
		.before = question->ask.previous ? &question->before : NULL,
		.gaps = &question->gaps,
		.incomplete = base->problem,
	};
	aggregate_write(&base->text, &answer);
}

/* question.answer */
static void answer_question(struct question *base, const struct web_past *store,
			    struct store_reader *reader)
{
	struct aggregate_question *question = of_base(base);
	int result = 0;
	if (reader != NULL) {
		result = read_records(question, store, reader);
		if (result == 0)
			result = read_gaps(question, store, reader);
		base->failed = result != 0 && result != -ETIME;
		if (result == 0)
			base->problem[0] = '\0';
	}
	write_answer(question);
}

/* ---- in the loop ---- */

static struct aggregate_question *question_new(const struct request *request,
					       const struct aggregate_ask *ask)
{
	struct aggregate_question *question = calloc(1, sizeof(*question));
	if (question == NULL)
		return NULL;
	question->base = (struct question){
		.connection = request->connection,
		.answer = answer_question,
		.free = let_go,
		.is_long = lookup_is_long(&ask->query),
	};
	question->ask = *ask;
	if (ask->previous)
		question->ask_before = aggregate_ask_before(ask);
	question->is_past =
		records_are_past(request->web->source, &question->ask.query) ||
		(ask->previous &&
		 records_are_past(request->web->source, &question->ask_before.query));
	question->joined = !question->is_past || records_are_in_both(ask->query.kind);
	question->settled = request->web->settled;
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
				  add_filter, &question->filters);
	add_sensors(&question->filters, ask->query.sensors);
	seen_init(&question->seen, ask->query.schema);
	if (!aggregate_open(&question->now, &question->ask) ||
	    (ask->previous &&
	     !aggregate_open(&question->before, &question->ask_before))) {
		question_free(&question->base);
		return NULL;
	}
	if (question->joined)
		records_give(request->web->source, ask->query.kind, take_known,
			     question);
	return question;
}

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *message)
{
	return answer_error(request->connection, status, request->path, message);
}

static enum MHD_Result send_answer(const struct request *request,
				   struct question *question)
{
	return answer_text(request->connection, MHD_HTTP_OK, "application/json",
			   &question->text);
}

static enum MHD_Result answer_past(const struct request *request,
				   struct aggregate_question *question)
{
	enum MHD_Result result;
	if (is_unanswered(request, &result))
		return result;
	if (question->base.failed && !question->joined)
		return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
			      question->base.problem);
	return send_answer(request, &question->base);
}

static enum MHD_Result answer_now(const struct request *request,
				  struct aggregate_question *question)
{
	write_answer(question);
	enum MHD_Result result = send_answer(request, &question->base);
	question_free(&question->base);
	return result;
}

enum MHD_Result answer_aggregate(const struct request *request)
{
	struct aggregate_ask ask = { 0 };
	char error[AGGREGATE_ERROR_MAX];
	if (request->exchange->question != NULL)
		return answer_past(request, of_base(request->exchange->question));
	if (!read_ask(request, &ask, error))
		return refuse(request, MHD_HTTP_BAD_REQUEST, error);
	struct aggregate_question *question = question_new(request, &ask);
	if (question == NULL)
		return MHD_NO;
	bool has_past = request->web->past != NULL;
	if (has_past && (question->is_past || ask.query.has_time))
		return ask_past(request, &question->base);
	if (!question->is_past)
		return answer_now(request, question);
	question_free(&question->base);
	return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		      "nothing is kept here: there is no store");
}
