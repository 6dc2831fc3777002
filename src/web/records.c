/*
 * records.c: GET of records: from memory, or, if they are about a time that memory does
 * not reach, from the store.
 *
 * Flows, findings, blocks, alerts, silences and incidents are in both: those of memory
 * come first, and what the store repeats is left out, so that none is shown twice and
 * none is missing.
 * Everything else is either what there is now, or what the store says of then.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/when.h"
#include "web/answer.h"
#include "web/inside.h"
#include "web/record_question.h"

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *message)
{
	return answer_error(request->connection, status, request->path, message);
}

/* ---- the question ---- */

struct reading {
	struct query *query;
	char *error;   /* QUERY_ERROR_MAX */
	int64_t at_us; /* of listeners: how they were then; UNKNOWN_TIME */
};

/* False and one line in error. */
static bool read_moment(struct reading *reading, const char *value)
{
	bool is_time = when_parse(value, web_now_us(), &reading->at_us);
	if (is_time && reading->at_us <= web_now_us())
		return true;
	snprintf(reading->error, QUERY_ERROR_MAX, "at: %s; allowed is %s",
		 is_time ? "that is still to come" : "not a time", WHEN_ALLOWED);
	return false;
}

/* MHD_KeyValueIterator over the parameters. */
static enum MHD_Result read_parameter(void *of, enum MHD_ValueKind kind,
				      const char *key, const char *value)
{
	struct reading *reading = of;
	(void)kind;
	if (reading->query->kind == RECORD_listener && strcmp(key, "at") == 0)
		return read_moment(reading, value == NULL ? "" : value) ? MHD_YES
									: MHD_NO;
	return query_set(reading->query, key, value == NULL ? "" : value, web_now_us(),
			 reading->error)
		       ? MHD_YES
		       : MHD_NO;
}

enum query_format records_form(const struct request *request)
{
	const char *accept = MHD_lookup_connection_value(
		request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	bool wants_array =
		accept != NULL && strcasestr(accept, "application/json") != NULL;
	return wants_array ? QUERY_JSON : QUERY_NDJSON;
}

bool records_are_in_both(enum record_kind kind)
{
	return kind == RECORD_flow || kind == RECORD_finding || kind == RECORD_block ||
	       kind == RECORD_incident || kind == RECORD_alert ||
	       kind == RECORD_silence;
}

/* Where records of memory come from: members of web_source. */
static const struct {
	enum record_kind kind;
	size_t each;
} in_memory[] = {
#define EACH(kind, name)                                                               \
	{                                                                              \
		RECORD_##kind, offsetof(struct web_source, name)                       \
	}
	EACH(port, ports),       EACH(flow, flows),         EACH(listener, listeners),
	EACH(socket, sockets),   EACH(finding, findings),   EACH(probe, probes),
	EACH(block, blocks),     EACH(incident, incidents), EACH(alert, alerts),
	EACH(silence, silences), EACH(level, levels),       EACH(sensor, sensors),
#undef EACH
};

static void give_self(const struct web_source *source, web_emit emit, void *to)
{
	struct self_record self;
	record_init(RECORD_self, &self);
	source->self_record(source->self, &self);
	emit(to, &self);
}

void records_give(const struct web_source *source, enum record_kind kind, web_emit emit,
		  void *to)
{
	void (*each)(void *self, web_emit emit, void *to) = NULL;
	for (size_t i = 0; i < sizeof(in_memory) / sizeof(in_memory[0]); i++)
		if (in_memory[i].kind == kind)
			memcpy(&each, (const char *)source + in_memory[i].each,
			       sizeof(each));
	if (each != NULL)
		each(source->self, emit, to);
	if (kind == RECORD_self)
		give_self(source, emit, to);
}

bool records_are_past(const struct web_source *source, const struct query *query)
{
	switch (query->kind) {
	case RECORD_gap:
	case RECORD_audit:
	case RECORD_checkpoint:
	case RECORD_login:
	case RECORD_uptime:
	case RECORD_failure:
	case RECORD_transcript:
	case RECORD_packet:
	case RECORD_scan_run:
	case RECORD_scan:
	case RECORD_self_test:
	case RECORD_timeline:
	case RECORD_notification:
	case RECORD_deployment:
	case RECORD_approval:
	case RECORD_anomaly:
	case RECORD_forecast:
	case RECORD_health:
	case RECORD_conversation:
	case RECORD_ruleset:
	case RECORD_hold:
	case RECORD_report_made:
		return true;
	case RECORD_port:
	case RECORD_flow:
		if (query->step_s != 0)
			return true;
		return query->has_time && source->memory_since_us != NULL &&
		       query->since_us <
			       source->memory_since_us(source->self, query->kind);
	case RECORD_incident:
	case RECORD_finding:
	case RECORD_block:
	case RECORD_alert:
	case RECORD_silence:
		return query->has_time || query_word(query, "id") != NULL ||
		       query_word(query, "incident") != NULL;
	default:
		return query->has_time;
	}
}

/* ---- the answer ---- */

static void add_number(struct MHD_Response *response, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	MHD_add_response_header(response, name, text);
}

/* A header is one line of printable text. */
static void add_text(struct MHD_Response *response, const char *name, const char *text)
{
	char line[STORE_ERROR_MAX];
	size_t len = 0;
	for (; text[len] != '\0' && len + 1 < sizeof(line); len++)
		line[len] = text[len] >= 0x20 && text[len] < 0x7f ? text[len] : '?';
	line[len] = '\0';
	MHD_add_response_header(response, name, line);
}

static void add_file_name(struct MHD_Response *response, const char *record)
{
	char text[96];
	snprintf(text, sizeof(text), "attachment; filename=\"%s.csv\"", record);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, text);
}

const char *records_type(const struct query *query)
{
	static const char *const types[] = {
		[QUERY_NDJSON] = "application/x-ndjson",
		[QUERY_JSON] = "application/json",
		[QUERY_CSV] = "text/csv; charset=utf-8",
		[QUERY_PCAP] = "application/vnd.tcpdump.pcap",
	};
	return types[query->format];
}

static void add_why_incomplete(struct MHD_Response *response, const struct rows *rows,
			       const struct record_question *past)
{
	char why[64];
	snprintf(why, sizeof(why), "one answer has %d MiB of records at most",
		 ROWS_BYTES_MAX >> 20);
	if (past != NULL && past->base.problem[0] != '\0')
		add_text(response, "Breakwater-Incomplete", past->base.problem);
	else if (rows->cut)
		add_text(response, "Breakwater-Incomplete", why);
}

/*
 * Breakwater-Total: how many there would be without the limit; Breakwater-More: at
 * least one more; Breakwater-Gaps: times of which something is not known;
 * Breakwater-Incomplete: why rows are missing; Breakwater-Since: from when on they are,
 * where nobody asked for a time and nothing is known of now.
 */
static enum MHD_Result send_rows(const struct request *request, struct buf *text,
				 const struct rows *rows,
				 const struct record_question *past)
{
	if (!buf_ok(text))
		return answer_text(request->connection, MHD_HTTP_OK, "", text);
	struct MHD_Response *response = MHD_create_response_from_buffer(
		text->len, text->at, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		buf_free(text);
		return MHD_NO;
	}
	*text = (struct buf){ 0 };
	add_number(response, "Breakwater-Total", rows->total);
	if (past != NULL) {
		if (past->lookup.more)
			MHD_add_response_header(response, "Breakwater-More", "1");
		add_number(response, "Breakwater-Gaps", past->gaps);
	}
	add_why_incomplete(response, rows, past);
	if (rows->query->is_usual_time) {
		char since[TIME_TEXT_MAX];
		record_time_text(rows->query->since_us, since);
		MHD_add_response_header(response, "Breakwater-Since", since);
	}
	if (rows->query->format == QUERY_PCAP)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION,
					"attachment; filename=\"packets.pcap\"");
	if (rows->query->format == QUERY_CSV)
		add_file_name(response, rows->query->schema->name);
	return answer(request->connection, MHD_HTTP_OK, records_type(rows->query),
		      response);
}

static enum MHD_Result send_now(const struct request *request, struct rows *rows)
{
	struct buf text = { 0 };
	rows_sort(rows);
	rows_write(rows, &text);
	enum MHD_Result result = send_rows(request, &text, rows, NULL);
	rows_free(rows);
	return result;
}

static enum MHD_Result answer_now(const struct request *request,
				  const struct query *query)
{
	struct rows rows;
	rows_init(&rows, query);
	records_give(request->web->source, query->kind, rows_take, &rows);
	return send_now(request, &rows);
}

static enum MHD_Result answer_capacity(const struct request *request,
				       const struct query *query)
{
	const struct web_source *source = request->web->source;
	struct rows rows;
	if (source->capacity == NULL)
		return refuse(request, MHD_HTTP_NOT_FOUND,
			      "this daemon watches one machine: what its services have "
			      "left is told by breakwater forecast --capacity; a "
			      "fleet's hub answers here");
	if (query->has_time)
		return refuse(request, MHD_HTTP_BAD_REQUEST,
			      "since, until: capacity is told as it is now");
	rows_init(&rows, query);
	if (source->capacity(source->self, request->exchange->sensors, rows_take,
			     &rows))
		return send_now(request, &rows);
	rows_free(&rows);
	return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
}

bool is_unanswered(const struct request *request, enum MHD_Result *result)
{
	const struct question *question = request->exchange->question;
	if (!atomic_load(&question->cancelled))
		return false;
	*result = refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, question->problem);
	return true;
}

static enum MHD_Result answer_past(const struct request *request,
				   struct record_question *question)
{
	enum MHD_Result result;
	if (is_unanswered(request, &result))
		return result;
	if (question->base.failed && !question->lookup.joined)
		return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
			      question->base.problem);
	return send_rows(request, &question->base.text, &question->lookup.rows,
			 question);
}

enum MHD_Result ask_past(const struct request *request, struct question *question)
{
	if (past_ask(request->web->past, question)) {
		request->exchange->question = question;
		return MHD_YES;
	}
	question_free(question);
	return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
		      "busy: too many questions about the past at a time; try again");
}

static enum MHD_Result ask_for_past(const struct request *request, struct query *query,
				    int64_t at_us)
{
	struct web *web = request->web;
	if (web->past == NULL)
		return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
			      "nothing is kept here: there is no store");
	if (at_us != UNKNOWN_TIME && !past_knows_listeners(web->past))
		return refuse(request, MHD_HTTP_BAD_REQUEST,
			      "at: who listened then is known on the machine itself; "
			      "here ask with since and until for what became of them");
	/* What is there now is in order of port; what was, in order of time. */
	if (!query->sorted && at_us == UNKNOWN_TIME &&
	    (query->kind != RECORD_port || query->step_s != 0))
		query_sort_newest(query);
	struct record_question *question =
		record_question_new(query, web->source, request->connection);
	if (question == NULL)
		return MHD_NO;
	const struct config *config = web->access->door.config;
	question->at_us = at_us;
	question->kept_s = config != NULL ? config->retention_events : 0;
	return ask_past(request, &question->base);
}

/*
 * What happened in one incident is its own, whosoever alerts and findings it has; and
 * capacity is a row of all those sensors together.
 */
static const struct sensor_set *choice(const struct request *request,
				       const struct query *query)
{
	bool is_named =
		query->kind == RECORD_timeline && query_word(query, "incident") != NULL;
	return is_named || query->kind == RECORD_fleet_capacity
		       ? NULL
		       : request->exchange->sensors;
}

#define HOUR_US INT64_C(3600000000)

/* A hub is told of connections when they end: of those of now it knows none. */
static void set_usual_time(const struct web_source *source, struct query *query)
{
	query->is_usual_time =
		query->kind == RECORD_flow && !query->has_time &&
		source->memory_since_us != NULL &&
		source->memory_since_us(source->self, query->kind) == INT64_MAX;
	if (!query->is_usual_time)
		return;
	query->has_time = true;
	query->since_us = web_now_us() - HOUR_US;
}

enum MHD_Result answer_records(const struct request *request, enum record_kind kind)
{
	struct query query;
	char error[QUERY_ERROR_MAX] = "";
	struct reading reading = { &query, error, UNKNOWN_TIME };
	if (request->exchange->question != NULL)
		return answer_past(
			request, (struct record_question *)request->exchange->question);
	query_init(&query, kind);
	query.format = records_form(request);
	query.of_fleet = request->web->source->sensors != NULL;
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
				  read_parameter, &reading);
	if (error[0] != '\0' || !choose_sensors(request, error))
		return refuse(request, MHD_HTTP_BAD_REQUEST, error);
	query.sensors = choice(request, &query);
	if (kind == RECORD_fleet_capacity)
		return answer_capacity(request, &query);
	if (reading.at_us != UNKNOWN_TIME && query.has_time)
		return refuse(request, MHD_HTTP_BAD_REQUEST,
			      "at is one moment: leave out since and until");
	if (reading.at_us != UNKNOWN_TIME) { /* what there is now says nothing of it */
		query.has_time = true;
		query.until_us = reading.at_us;
	}
	set_usual_time(request->web->source, &query);
	if (records_are_past(request->web->source, &query))
		return ask_for_past(request, &query, reading.at_us);
	return answer_now(request, &query);
}
