/*
 * settings.c: what the page's settings show: rules, who is told, the configuration; and
 * a message to try whether somebody can be told.
 */
#include <string.h>

#include "web/answer.h"
#include "web/form.h"
#include "web/inside.h"

typedef void (*write_json)(void *self, struct buf *json);

static enum MHD_Result give(const struct request *request, write_json write)
{
	const struct web_source *source = request->web->source;
	struct buf text = { 0 };
	if (write == NULL)
		return answer_error(request->connection, MHD_HTTP_NOT_FOUND,
				    request->path, "this daemon has none");
	write(source->self, &text);
	buf_char(&text, '\n');
	return answer_text(request->connection, MHD_HTTP_OK, "application/json", &text);
}

enum MHD_Result answer_rules(const struct request *request)
{
	return give(request, request->web->source->rules);
}

enum MHD_Result answer_report_schedule(const struct request *request)
{
	return give(request, request->web->source->report_schedule);
}

enum MHD_Result answer_sinks(const struct request *request)
{
	return give(request, request->web->source->sinks);
}

enum MHD_Result answer_config(const struct request *request)
{
	return give(request, request->web->source->config);
}

/* ---- a test ---- */

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *why)
{
	return answer_error(request->connection, status, request->path, why);
}

static void fail(struct probe_waiting *w, const char *why)
{
	struct buf text = { 0 };
	buf_text(&text, "{\"error\":\"");
	buf_json_text(&text, why);
	buf_text(&text, "\"}\n");
	probe_waiting_answer(w, MHD_HTTP_BAD_REQUEST, "application/json", &text);
}

enum MHD_Result answer_sink_test(const struct request *request)
{
	const struct web_source *source = request->web->source;
	struct exchange *exchange = request->exchange;
	char sink[FORM_VALUE_MAX];
	const char *why = "this daemon tells nobody";
	enum MHD_Result result;
	if (exchange->probe != NULL)
		return probe_waiting_send(request);
	if (exchange->too_large)
		return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE,
			      "a form of sink=NAME has at most 4 KiB");
	const char *form = buf_cstr(&exchange->body);
	if (form == NULL || !form_value(form, "sink", sink))
		return refuse(request, MHD_HTTP_BAD_REQUEST,
			      "sink: the name of a sink is missing; /api/v1/sinks has "
			      "all of them");
	struct probe_waiting *w = probe_wait(request, WEB_PROBES_MAX, &result);
	if (w == NULL)
		return result;
	const struct web_sink_test test = { sink, exchange->visitor.name };
	if (source->sink_test == NULL ||
	    !source->sink_test(source->self, &test, probe_waiting_answer, w, &why))
		fail(w, why);
	return MHD_YES;
}
