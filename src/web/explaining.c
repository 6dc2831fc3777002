/*
 * explaining.c: GET of all that is known of one port, and in words how it is.
 *
 * Memory is looked up in the loop, the past in a thread, and there, too, the words are
 * found: a forecast takes a while.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/answer.h"
#include "web/inside.h"
#include "web/lookup.h"
#include "web/whose_port.h"

/* What is looked up: the three last are the past, coarser the longer ago, no row twice.
 */
enum part {
	LISTENERS,
	SOCKETS,
	FINDINGS,
	ALERTS,
	PROBES,
	PORTS,
	FLOWS,
	CHANGES,
	GAPS,
	UNUSUAL,
	PAST_HOURS,
	PAST_MINUTES,
	PAST_NOW,
	PARTS
};

static const struct {
	enum record_kind kind;
	bool of_port;
	const char *since, *until, *step;
} parts[PARTS] = {
	[LISTENERS] = { RECORD_listener, true, NULL, NULL, NULL },
	[SOCKETS] = { RECORD_socket, true, NULL, NULL, NULL },
	[FINDINGS] = { RECORD_finding, true, NULL, NULL, NULL },
	[ALERTS] = { RECORD_alert, true, NULL, NULL, NULL },
	[PROBES] = { RECORD_probe, true, NULL, NULL, NULL },
	[PORTS] = { RECORD_port, true, NULL, NULL, NULL },
	[FLOWS] = { RECORD_flow, true, "2m", NULL, NULL },
	[CHANGES] = { RECORD_listener, true, "7d", NULL, NULL },
	[GAPS] = { RECORD_gap, false, "7d", NULL, NULL },
	[UNUSUAL] = { RECORD_anomaly, false, "1d", NULL, NULL },
	[PAST_HOURS] = { RECORD_port, true, "7d", "3h", "1h" },
	[PAST_MINUTES] = { RECORD_port, true, "3h", "30m", "1m" },
	[PAST_NOW] = { RECORD_port, true, "30m", "0s", "10s" },
};

struct asked {
	struct whose_port whose;
	bool with_facts;
	const struct sensor_set *sensors; /* at a hub: whose it is */
};

struct explain_question {
	struct question base;
	const struct web_source *source;
	void *begun; /* the source's */
	uint16_t port;
	field_text64 sensor;
	bool with_facts;
	struct lookup lookups[PARTS];
};

static struct explain_question *of_base(struct question *question)
{
	return (struct explain_question *)question; /* its first member */
}

/* question.free */
static void let_go(struct question *base)
{
	struct explain_question *question = of_base(base);
	if (question->begun != NULL)
		question->source->explain_end(question->begun, NULL, NULL);
	for (size_t i = 0; i < PARTS; i++)
		lookup_close(&question->lookups[i]);
	free(question);
}

/* ---- the answer ---- */

/* A copy in order; to be freed. */
static void *copy_rows(struct lookup *lookup, struct web_records *out)
{
	size_t size = lookup->query.schema->size;
	char *copy = calloc(lookup->rows.count + 1, size);
	rows_sort(&lookup->rows);
	*out = (struct web_records){ copy, copy == NULL ? 0 : lookup->rows.count };
	for (size_t i = 0; i < out->count; i++)
		memcpy(copy + i * size, rows_at(&lookup->rows, i), size);
	return copy;
}

static int by_start(const void *left, const void *right)
{
	const struct port_record *a = left, *b = right;
	return a->start < b->start ? -1 : a->start > b->start;
}

/* The three as one, the oldest first. */
static void *copy_past(struct lookup *lookups, struct web_records *out)
{
	size_t count = 0;
	for (size_t i = PAST_HOURS; i <= PAST_NOW; i++)
		count += lookups[i].rows.count;
	struct port_record *all = calloc(count + 1, sizeof(*all));
	*out = (struct web_records){ all, 0 };
	for (size_t i = PAST_HOURS; i <= PAST_NOW && all != NULL; i++)
		for (size_t j = 0; j < lookups[i].rows.count; j++)
			all[out->count++] = *(const struct port_record *)rows_at(
				&lookups[i].rows, j);
	if (out->count > 0)
		qsort(all, out->count, sizeof(*all), by_start);
	return all;
}

static void write_answer(struct explain_question *question)
{
	struct question *base = &question->base;
	struct lookup *lookups = question->lookups;
	struct web_port_facts facts = { .port = question->port,
					.sensor = question->sensor,
					.missing = base->problem,
					.cancelled = &base->cancelled,
					.with_facts = question->with_facts };
	struct web_records *const into[] = {
		[LISTENERS] = &facts.listeners, [SOCKETS] = &facts.sockets,
		[FINDINGS] = &facts.findings,   [ALERTS] = &facts.alerts,
		[PROBES] = &facts.probes,       [PORTS] = &facts.ports,
		[FLOWS] = &facts.flows,         [CHANGES] = &facts.changes,
		[GAPS] = &facts.gaps,           [UNUSUAL] = &facts.unusual,
	};
	void *copies[PARTS];
	for (size_t i = 0; i < PAST_HOURS; i++)
		copies[i] = copy_rows(&lookups[i], into[i]);
	copies[PAST_HOURS] = copy_past(lookups, &facts.past);
	bool has_memory = true;
	for (size_t i = 0; i <= PAST_HOURS; i++)
		has_memory = has_memory && copies[i] != NULL;
	void *begun = question->begun;
	question->begun = NULL;
	base->text.failed |= !has_memory;
	question->source->explain_end(begun, &facts, has_memory ? &base->text : NULL);
	for (size_t i = 0; i <= PAST_HOURS; i++)
		free(copies[i]);
}

static int read_all(struct explain_question *question, const struct web_past *store,
		    struct store_reader *reader)
{
	struct question *base = &question->base;
	int result = 0;
	for (size_t i = 0; i < PARTS && result == 0; i++)
		if (question->lookups[i].is_past)
			result = lookup_read(&question->lookups[i], store, reader,
					     &base->cancelled, base->problem);
	return result;
}

/* question.answer: what can't be read is noted: memory knows how the port is. */
static void answer_question(struct question *base, const struct web_past *store,
			    struct store_reader *reader)
{
	struct explain_question *question = of_base(base);
	if (reader != NULL && read_all(question, store, reader) == 0)
		base->problem[0] = '\0';
	if (!atomic_load(&base->cancelled))
		write_answer(question);
}

/* ---- in the loop ---- */

static void set(struct query *query, const char *key, const char *value)
{
	char error[QUERY_ERROR_MAX];
	if (value != NULL && query_takes(query, key))
		query_set(query, key, value, web_now_us(), error);
}

static void look_up(struct explain_question *question, enum part part,
		    const struct asked *asked)
{
	struct query query;
	char port[8];
	snprintf(port, sizeof(port), "%u", asked->whose.port);
	query_init(&query, parts[part].kind);
	query.limit = QUERY_LIMIT_MAX;
	query.sensors = asked->sensors;
	if (parts[part].of_port) {
		set(&query, "port", port);
		set(&query, "transport", asked->whose.transport);
	}
	set(&query, "since", parts[part].since);
	set(&query, "until", parts[part].until);
	set(&query, "step", parts[part].step);
	if (query.has_time && (query.kind != RECORD_port || query.step_s != 0))
		query_sort_newest(&query);
	lookup_open(&question->lookups[part], &query, question->source);
}

static struct explain_question *question_new(const struct request *request,
					     const struct asked *asked)
{
	const struct web_source *source = request->web->source;
	struct explain_question *question = calloc(1, sizeof(*question));
	if (question == NULL)
		return NULL;
	question->base = (struct question){ .connection = request->connection,
					    .answer = answer_question,
					    .free = let_go,
					    .is_long = true };
	question->source = source;
	question->port = asked->whose.port;
	memcpy(question->sensor, asked->whose.sensor, sizeof(question->sensor));
	question->with_facts = asked->with_facts;
	question->begun = source->explain_begin(source->self);
	if (question->begun == NULL) {
		free(question);
		return NULL;
	}
	for (size_t i = 0; i < PARTS; i++)
		look_up(question, (enum part)i, asked);
	return question;
}

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *message)
{
	return answer_error(request->connection, status, request->path, message);
}

static enum MHD_Result send_text(const struct request *request, struct buf *text)
{
	return answer_text(request->connection, MHD_HTTP_OK, "application/json", text);
}

static enum MHD_Result answer_now(const struct request *request,
				  struct explain_question *question)
{
	snprintf(question->base.problem, sizeof(question->base.problem),
		 "nothing is kept here: there is no store");
	write_answer(question);
	enum MHD_Result result = send_text(request, &question->base.text);
	question_free(&question->base);
	return result;
}

/* What was asked with; NULL, or what is wrong with it. */
static const char *read_asked(const struct request *request, struct asked *asked)
{
	struct query query;
	static _Thread_local char error[QUERY_ERROR_MAX];
	const char *port = MHD_lookup_connection_value(request->connection,
						       MHD_GET_ARGUMENT_KIND, "port");
	const char *facts = MHD_lookup_connection_value(request->connection,
							MHD_GET_ARGUMENT_KIND, "facts");
	asked->whose.transport = MHD_lookup_connection_value(
		request->connection, MHD_GET_ARGUMENT_KIND, "transport");
	query_init(&query, RECORD_port);
	if (port == NULL)
		return "port: which one, is missing; a number from 0 to 65535";
	if (!query_set(&query, "port", port, 0, error))
		return error;
	if (asked->whose.transport != NULL &&
	    !query_set(&query, "transport", asked->whose.transport, 0, error))
		return error;
	asked->whose.port = query.wanted_port;
	if (!choose_sensors(request, error) ||
	    !whose_port_find(request, &asked->whose, error))
		return error;
	asked->sensors = request->exchange->sensors;
	asked->with_facts = facts != NULL && strcmp(facts, "1") == 0;
	return facts == NULL || asked->with_facts ? NULL : "facts: is 1 or not there";
}

enum MHD_Result answer_explain(const struct request *request)
{
	struct question *known = request->exchange->question;
	enum MHD_Result result;
	if (known != NULL)
		return is_unanswered(request, &result)
			       ? result
			       : send_text(request, &known->text);
	struct asked asked;
	const char *wrong = read_asked(request, &asked);
	if (wrong != NULL)
		return refuse(request, MHD_HTTP_BAD_REQUEST, wrong);
	if (request->web->source->explain_begin == NULL)
		return refuse(request, MHD_HTTP_NOT_FOUND, "nothing is explained here");
	struct explain_question *question = question_new(request, &asked);
	if (question == NULL)
		return MHD_NO;
	if (request->web->past == NULL)
		return answer_now(request, question);
	return ask_past(request, &question->base);
}
