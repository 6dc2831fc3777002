/*
 * probe.c: see probe.h.
 */
#include "web/probe.h"

#include <stdlib.h>
#include <string.h>

#include "web/answer.h"
#include "web/inside.h"

void probe_waiting_answer(void *waiting, unsigned status, const char *type,
			  struct buf *text)
{
	struct probe_waiting *w = waiting;
	*w->place = NULL;
	w->place = NULL;
	w->status = status;
	w->type = type;
	w->text = *text;
	MHD_resume_connection(w->connection);
}

static struct probe_waiting **free_place(struct probes_waiting *waiting, size_t places)
{
	for (size_t i = 0; i < places && !waiting->ended; i++)
		if (waiting->at[i] == NULL)
			return &waiting->at[i];
	return NULL;
}

static const char *argument(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND,
					   name);
}

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *why)
{
	return answer_error(request->connection, status, request->path, why);
}

struct probe_waiting *probe_wait(const struct request *request, size_t places,
				 enum MHD_Result *result)
{
	struct probe_waiting **place = free_place(&request->web->probes, places);
	struct probe_waiting *w = place != NULL ? calloc(1, sizeof(*w)) : NULL;
	*result = MHD_YES;
	if (w == NULL) {
		*result =
			refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
			       request->web->probes.ended
				       ? "the monitor ends"
				       : "busy: too many probes at a time; try again");
		return NULL;
	}
	w->connection = request->connection;
	w->place = place;
	/* Before the question: the answer may come at once. */
	MHD_suspend_connection(request->connection);
	*place = request->exchange->probe = w;
	return w;
}

void probe_waiting_fail(struct probe_waiting *w, const char *why)
{
	struct buf text = { 0 };
	buf_printf(&text, "%s\n", why);
	probe_waiting_answer(w, MHD_HTTP_SERVICE_UNAVAILABLE,
			     "text/plain; charset=utf-8", &text);
}

enum MHD_Result probe_waiting_send(const struct request *request)
{
	struct probe_waiting *w = request->exchange->probe;
	return answer_text(request->connection, w->status, w->type, &w->text);
}

static enum MHD_Result ask(const struct request *request)
{
	const struct web_source *source = request->web->source;
	const char *debug = argument(request, "debug");
	const struct web_probe probe = {
		.target = argument(request, "target"),
		.module = argument(request, "module"),
		.hostname = argument(request, "hostname"),
		.debug = debug != NULL && strcmp(debug, "true") == 0,
		.timeout = MHD_lookup_connection_value(
			request->connection, MHD_HEADER_KIND,
			"X-Prometheus-Scrape-Timeout-Seconds"),
	};
	enum MHD_Result result;
	const char *why = "busy";
	struct probe_waiting *w = probe_wait(request, WEB_PROBES_MAX, &result);
	if (w == NULL)
		return result;
	if (!source->probe_ask(source->self, &probe, probe_waiting_answer, w, &why))
		probe_waiting_fail(w, why);
	return MHD_YES;
}

enum MHD_Result answer_probe(const struct request *request)
{
	if (request->exchange->probe != NULL)
		return probe_waiting_send(request);
	if (request->web->source->probe_ask == NULL)
		return refuse(request, MHD_HTTP_NOT_FOUND,
			      "nothing is asked from here; see probe.blackbox_modules "
			      "in the configuration");
	return ask(request);
}

void probe_waiting_free(struct probe_waiting *w)
{
	if (w == NULL)
		return;
	buf_free(&w->text);
	free(w);
}

void probes_waiting_end(struct probes_waiting *waiting)
{
	waiting->ended = true;
	for (size_t i = 0; i < WEB_WAITING_MAX; i++) {
		if (waiting->at[i] != NULL)
			probe_waiting_fail(waiting->at[i], "the monitor ends");
	}
}
