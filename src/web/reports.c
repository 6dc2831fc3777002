/*
 * reports.c: GET of which reports there are, and of one of them as a file.
 *
 * One takes seconds and tens of MiB, so it is made in a thread for reports alone, and
 * only a few are there at a time, until their last byte is sent.  It is given as a file
 * to keep, with a policy that lets it do nothing, should a browser show it all the
 * same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "web/answer.h"
#include "web/inside.h"

#define DEFAULT_SINCE "90d"
static const char one_path[] = "/api/v1/report/";
static const char allowed[] = "since until format host user incident bundle rows, and "
			      "at a hub sensor site tag";

enum { ROWS_MAX = 100000 };

struct report_question {
	struct question base;
	const struct web_source *source;
	void *begun; /* the source's */
	struct web_report_ask ask;
	struct web_report report;
	const struct visitor **place; /* of struct web; NULL: none is taken */
};

static struct report_question *of_base(struct question *question)
{
	return (struct report_question *)question; /* its first member */
}

bool report_is_at(const char *path)
{
	return strncmp(path, one_path, sizeof(one_path) - 1) == 0;
}

/* question.free: the last byte is sent, or nobody wants it. */
static void let_go(struct question *base)
{
	struct report_question *question = of_base(base);
	if (question->begun != NULL)
		question->source->report.end(question->begun, NULL, NULL, NULL, NULL);
	if (question->place != NULL)
		*question->place = NULL;
	free(question);
}

/* question.answer, in a thread. */
static void answer_question(struct question *base, const struct web_past *store,
			    struct store_reader *reader)
{
	struct report_question *question = of_base(base);
	void *begun = question->begun;
	(void)store;
	if (reader == NULL)
		return;
	question->begun = NULL;
	question->report = (struct web_report){ .text = &base->text };
	question->source->report.end(begun, &question->ask, reader, &base->cancelled,
				     &question->report);
}

/* ---- what is asked ---- */

struct parameters {
	struct web_report_ask *ask;
	char *error; /* QUERY_ERROR_MAX */
};

static bool say(const struct parameters *p, const char *key, const char *what)
{
	snprintf(p->error, QUERY_ERROR_MAX, "%.40s: %s", key, what);
	return false;
}

static bool take_text(const struct parameters *p, const char *key, const char *value,
		      char *out, size_t size)
{
	size_t len = strlen(value);
	if (len == 0 || len >= size)
		return say(p, key, len == 0 ? "is empty" : "is too long");
	memcpy(out, value, len + 1);
	return true;
}

/* "": any, as if it was not there. */
static bool take_choice(const struct parameters *p, const char *key, const char *value,
			char *out, size_t size)
{
	return value[0] == '\0' || take_text(p, key, value, out, size);
}

static bool take_time(const struct parameters *p, const char *key, const char *value,
		      int64_t *out)
{
	p->ask->has_time = true;
	return when_parse(value, p->ask->now_us, out) || say(p, key, WHEN_ALLOWED);
}

static bool take_rows(const struct parameters *p, const char *value)
{
	char *end;
	unsigned long rows = strtoul(value, &end, 10);
	if (value[strspn(value, "0123456789")] != '\0' || end == value || rows == 0 ||
	    rows > ROWS_MAX)
		return say(p, "rows", "a number from 1 to 100000, of each evidence");
	p->ask->rows = rows;
	return true;
}

static bool take(const struct parameters *p, const char *key, const char *value)
{
	struct web_report_ask *ask = p->ask;
	if (ask->name[0] == '\0')
		return say(p, key, "not a parameter here: there are none");
	if (strcmp(key, "since") == 0)
		return take_time(p, key, value, &ask->since_us);
	if (strcmp(key, "until") == 0)
		return take_time(p, key, value, &ask->until_us);
	if (strcmp(key, "format") == 0)
		return take_text(p, key, value, ask->format, sizeof(ask->format));
	if (strcmp(key, "host") == 0)
		return take_text(p, key, value, ask->host, sizeof(ask->host));
	if (strcmp(key, "user") == 0)
		return take_text(p, key, value, ask->user, sizeof(ask->user));
	if (strcmp(key, "incident") == 0)
		return take_text(p, key, value, ask->incident, sizeof(ask->incident));
	if (strcmp(key, "sensor") == 0)
		return take_choice(p, key, value, ask->sensor, sizeof(ask->sensor));
	if (strcmp(key, "site") == 0)
		return take_choice(p, key, value, ask->site, sizeof(ask->site));
	if (strcmp(key, "tag") == 0)
		return take_choice(p, key, value, ask->tag, sizeof(ask->tag));
	if (strcmp(key, "rows") == 0)
		return take_rows(p, value);
	if (strcmp(key, "bundle") != 0) {
		snprintf(p->error, QUERY_ERROR_MAX,
			 "%.40s: not a parameter here; allowed: %s", key, allowed);
		return false;
	}
	ask->is_bundle = strcmp(value, "1") == 0;
	return ask->is_bundle || say(p, key, "is 1 or not there");
}

/* MHD_KeyValueIterator */
static enum MHD_Result read_parameter(void *of, enum MHD_ValueKind kind,
				      const char *key, const char *value)
{
	(void)kind;
	return take(of, key, value == NULL ? "" : value) ? MHD_YES : MHD_NO;
}

/* False, and what is wrong with it in p->error. */
static bool read_ask(const struct request *request, const struct parameters *p)
{
	struct web_report_ask *ask = p->ask;
	bool is_one = report_is_at(request->path);
	*ask = (struct web_report_ask){ .now_us = web_now_us(), .format = "html" };
	when_parse(DEFAULT_SINCE, ask->now_us, &ask->since_us);
	ask->until_us = ask->now_us;
	if (is_one &&
	    !take_text(p, "name of the report", request->path + sizeof(one_path) - 1,
		       ask->name, sizeof(ask->name)))
		return false;
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
				  read_parameter, (void *)(uintptr_t)p);
	if (p->error[0] == '\0' && ask->until_us <= ask->since_us)
		say(p, "until", "is not after since");
	return p->error[0] == '\0';
}

/* Whose records: refused as every other question is. */
static bool choose(const struct request *request, const struct parameters *p)
{
	char error[SENSOR_SET_ERROR_MAX] = "";
	bool is_good = choose_sensors(request, error);
	if (!is_good)
		snprintf(p->error, QUERY_ERROR_MAX, "%.*s", QUERY_ERROR_MAX - 1, error);
	return is_good;
}

/* ---- in the loop ---- */

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *message)
{
	return answer_error(request->connection, status, request->path, message);
}

static bool is_same(const struct visitor *a, const struct visitor *b)
{
	return a->by == b->by && strcmp(a->name, b->name) == 0;
}

/* NULL: too many are there already. */
static const struct visitor **place_for(struct web *web, const struct visitor *visitor)
{
	const struct visitor **place = NULL;
	size_t own = 0;
	for (size_t i = 0; i < REPORTS_MAX; i++) {
		if (web->reports[i] == NULL)
			place = &web->reports[i];
		else
			own += is_same(web->reports[i], visitor);
	}
	return own < REPORTS_EACH ? place : NULL;
}

static struct report_question *question_new(const struct request *request,
					    const struct web_report_ask *ask)
{
	const struct web_source *source = request->web->source;
	struct report_question *question = calloc(1, sizeof(*question));
	if (question == NULL)
		return NULL;
	question->base = (struct question){ .connection = request->connection,
					    .answer = answer_question,
					    .free = let_go,
					    .is_report = ask->name[0] != '\0' };
	question->source = source;
	question->ask = *ask;
	question->begun = source->report.begin(source->self);
	if (question->begun != NULL)
		return question;
	free(question);
	return NULL;
}

static enum MHD_Result send_file(const struct request *request,
				 struct report_question *question)
{
	struct buf *text = &question->base.text;
	char name[sizeof(question->report.file_name) + 32];
	if (!buf_ok(text))
		return answer_text(request->connection, MHD_HTTP_OK, "text/plain",
				   text); /* it says so */
	struct MHD_Response *response = MHD_create_response_from_buffer(
		text->len, text->at, MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		return MHD_NO;
	*text = (struct buf){ 0 };
	snprintf(name, sizeof(name), "attachment; filename=\"%s\"",
		 question->report.file_name);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, name);
	MHD_add_response_header(response, "Content-Security-Policy",
				"sandbox; default-src 'none'; frame-ancestors 'none'");
	return answer(request->connection, MHD_HTTP_OK, question->report.type,
		      response);
}

/* Who was given what the monitor's key signs. */
static void note_bundle(const struct request *request,
			const struct report_question *question)
{
	const struct web_source *source = request->web->source;
	if (question->ask.is_bundle && source->audit != NULL)
		source->audit(source->self, "report_bundle",
			      request->exchange->visitor.name, question->ask.name, "",
			      "");
}

static enum MHD_Result send_report(const struct request *request,
				   struct report_question *question)
{
	struct question *base = &question->base;
	struct web_report *report = &question->report;
	enum MHD_Result result;
	if (is_unanswered(request, &result))
		return result;
	if (base->failed)
		return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, base->problem);
	if (report->status != MHD_HTTP_OK) {
		const char *why = buf_cstr(&base->text);
		return refuse(request, report->status,
			      why != NULL ? why : "out of memory");
	}
	if (report->file_name[0] != '\0') {
		note_bundle(request, question);
		return send_file(request, question);
	}
	return answer_text(request->connection, MHD_HTTP_OK, report->type, &base->text);
}

/* NULL, or why not, with its status: of who may what at the door knows the path alone.
 */
static const char *why_not(const struct request *request,
			   const struct web_report_ask *ask, unsigned *status)
{
	*status = MHD_HTTP_SERVICE_UNAVAILABLE;
	if (request->web->past == NULL)
		return "nothing is kept here: there is no store";
	if (ask->name[0] != '\0' &&
	    place_for(request->web, &request->exchange->visitor) == NULL)
		return "busy: two reports of one reader, and four altogether, are made "
		       "or sent at a time; try again";
	*status = MHD_HTTP_FORBIDDEN;
	if (ask->is_bundle && request->exchange->visitor.role < ROLE_OPERATOR)
		return "bundle: is signed with the monitor's key: for operators and "
		       "administrators";
	return NULL;
}

static enum MHD_Result ask_for_report(const struct request *request,
				      const struct web_report_ask *ask)
{
	struct web *web = request->web;
	const struct visitor *visitor = &request->exchange->visitor;
	struct report_question *question = question_new(request, ask);
	if (question == NULL)
		return MHD_NO;
	if (ask->name[0] != '\0') {
		question->place = place_for(web, visitor);
		*question->place = visitor;
	}
	return ask_past(request, &question->base);
}

enum MHD_Result answer_report(const struct request *request)
{
	struct web_report_ask ask;
	char error[QUERY_ERROR_MAX] = "";
	const struct parameters parameters = { &ask, error };
	unsigned status;
	if (request->exchange->question != NULL)
		return send_report(request, of_base(request->exchange->question));
	if (!read_ask(request, &parameters) || !choose(request, &parameters))
		return refuse(request, MHD_HTTP_BAD_REQUEST, error);
	const char *why = why_not(request, &ask, &status);
	if (why != NULL)
		return refuse(request, status, why);
	return ask_for_report(request, &ask);
}
