/*
 * heartbeat.c: see heartbeat.h.
 *
 * /api/v1/heartbeats/NAME and /api/v1/endpoints/KEY/external are POSTed to, with a
 * bearer token; /api/push/TOKEN is asked in any way, as curl and cron do.
 */
#include "web/heartbeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "web/answer.h"
#include "web/form.h"
#include "web/inside.h"

enum { ARGUMENT_MAX = FORM_VALUE_MAX, TOOK_MAX_MS = 400u * 86400 * 10 };

enum { WAY_OURS, WAY_KUMA, WAY_GATUS, WAYS };

static const struct way {
	const char *before, *after; /* the name, or token */
} ways[WAYS] = {
	[WAY_OURS] = { "/api/v1/heartbeats/", "" },
	[WAY_KUMA] = { "/api/push/", "" },
	[WAY_GATUS] = { "/api/v1/endpoints/", "/external" },
};

/* WAYS: none of them.  *len: of the name, which begins at *name. */
static unsigned way_of(const char *path, const char **name, size_t *len)
{
	for (unsigned i = 0; i < WAYS; i++) {
		size_t before = strlen(ways[i].before), after = strlen(ways[i].after),
		       all = strlen(path);
		if (all <= before + after ||
		    strncmp(path, ways[i].before, before) != 0 ||
		    strcmp(path + all - after, ways[i].after) != 0)
			continue;
		*name = path + before;
		*len = all - before - after;
		return i;
	}
	return WAYS;
}

bool heartbeat_takes(const char *path, const char *method)
{
	const char *name;
	size_t len;
	unsigned way = way_of(path, &name, &len);
	return way == WAY_KUMA || (way != WAYS && strcmp(method, "POST") == 0);
}

/* ---- what is said ---- */

struct said {
	const struct request *request;
	char name[ARGUMENT_MAX], token[ARGUMENT_MAX], message[ARGUMENT_MAX];
	struct web_push push;
};

/* Of the query, or of a form; "" if it is in neither. */
static const char *argument(const struct request *request, const char *name,
			    char out[static ARGUMENT_MAX])
{
	const char *value = MHD_lookup_connection_value(request->connection,
							MHD_GET_ARGUMENT_KIND, name);
	struct buf *body = &request->exchange->body;
	const char *form = body->len > 0 ? buf_cstr(body) : NULL;
	out[0] = '\0';
	if (value != NULL)
		snprintf(out, ARGUMENT_MAX, "%s", value);
	else if (form != NULL)
		form_value(form, name, out);
	return out;
}

static void take_bearer(struct said *said)
{
	static const char scheme[] = "Bearer ";
	const char *header =
		MHD_lookup_connection_value(said->request->connection, MHD_HEADER_KIND,
					    MHD_HTTP_HEADER_AUTHORIZATION);
	if (header != NULL && strncasecmp(header, scheme, strlen(scheme)) == 0)
		snprintf(said->token, sizeof(said->token), "%s",
			 header + strlen(scheme));
}

/* Milliseconds as a number, or with a unit if `in` is "duration". */
static bool take_time(struct said *said, const char *in)
{
	char text[ARGUMENT_MAX], *end;
	uint32_t ms;
	argument(said->request, in, text);
	if (text[0] == '\0')
		return true;
	double value = strtod(text, &end);
	if (*end == '\0' && strcmp(in, "ping") == 0 && value >= 0 &&
	    value <= TOOK_MAX_MS) {
		said->push.took_us = (uint64_t)(value * 1000);
		return true;
	}
	if (!milliseconds_parse(text, TOOK_MAX_MS, &ms))
		return false;
	said->push.took_us = ms * 1000ULL;
	return true;
}

static const char *read_ours(struct said *said)
{
	char status[ARGUMENT_MAX];
	argument(said->request, "status", status);
	argument(said->request, "msg", said->message);
	said->push.is_down = strcmp(status, "down") == 0;
	if (status[0] != '\0' && strcmp(status, "up") != 0 && !said->push.is_down)
		return "status: allowed are up and down";
	if (!take_time(said, "ping") || !take_time(said, "duration"))
		return "ping is in milliseconds, duration such as 200ms or 1.5s";
	return NULL;
}

/* As Kuma: what is not "up" is down, and a ping that is none is passed over. */
static const char *read_kuma(struct said *said)
{
	char status[ARGUMENT_MAX];
	argument(said->request, "status", status);
	argument(said->request, "msg", said->message);
	said->push.is_down = status[0] != '\0' && strcmp(status, "up") != 0;
	take_time(said, "ping");
	return NULL;
}

static const char *read_gatus(struct said *said)
{
	char success[ARGUMENT_MAX];
	argument(said->request, "success", success);
	argument(said->request, "error", said->message);
	said->push.is_down = strcmp(success, "false") == 0;
	if (!said->push.is_down && strcmp(success, "true") != 0)
		return "success: allowed are true and false";
	return take_time(said, "duration") ? NULL : "duration is such as 200ms or 1.5s";
}

/* On the socket: no token of a heartbeat is needed. */
static bool is_administrator(const struct request *request)
{
	const struct visitor *visitor = &request->exchange->visitor;
	return visitor->by == BY_SOCKET && visitor->role == ROLE_ADMINISTRATOR;
}

/* NULL, or what is wrong. */
static const char *read_said(struct said *said, unsigned way, const char *name,
			     size_t len)
{
	static const char *(*const read[WAYS])(struct said *) = {
		[WAY_OURS] = read_ours,
		[WAY_KUMA] = read_kuma,
		[WAY_GATUS] = read_gatus,
	};
	char *who = way == WAY_KUMA ? said->token : said->name;
	snprintf(who, ARGUMENT_MAX, "%.*s", (int)(len < ARGUMENT_MAX ? len : 0), name);
	if (way != WAY_KUMA)
		take_bearer(said);
	said->push = (struct web_push){ .is_trusted = way == WAY_OURS &&
						      is_administrator(said->request),
					.name = said->name,
					.token = said->token,
					.message = said->message,
					.took_us = UNKNOWN_U64 };
	return read[way](said);
}

/* ---- the answer ---- */

static unsigned write_answer(unsigned way, bool is_taken, struct buf *text)
{
	static const struct {
		unsigned status;
		const char *taken, *not_taken;
	} words[WAYS] = {
		[WAY_OURS] = { MHD_HTTP_FORBIDDEN, "{\"message\":\"taken\"}\n",
			       "{\"error\":\"not permitted: no heartbeat of that name "
			       "and token\"}\n" },
		[WAY_KUMA] = { MHD_HTTP_NOT_FOUND, "{\"ok\":true}",
			       "{\"ok\":false,\"msg\":\"Monitor not found or not "
			       "active.\"}" },
		[WAY_GATUS] = { MHD_HTTP_UNAUTHORIZED, "",
				"{\"error\":\"invalid token\"}\n" },
	};
	buf_text(text, is_taken ? words[way].taken : words[way].not_taken);
	return is_taken ? MHD_HTTP_OK : words[way].status;
}

static void pushed(void *to, unsigned status, const char *type, struct buf *text)
{
	struct probe_waiting *w = to;
	struct buf answer = { 0 };
	bool is_known = status == MHD_HTTP_OK || status == MHD_HTTP_NOT_FOUND;
	if (!is_known) {
		probe_waiting_answer(w, status, type, text);
		return;
	}
	buf_free(text);
	status = write_answer(w->way, status == MHD_HTTP_OK, &answer);
	probe_waiting_answer(w, status, "application/json", &answer);
}

static enum MHD_Result refuse(const struct request *request, unsigned status,
			      const char *why)
{
	return answer_error(request->connection, status, request->path, why);
}

static enum MHD_Result push(const struct request *request, const struct said *said,
			    unsigned way)
{
	const struct web_source *source = request->web->source;
	enum MHD_Result result;
	const char *why = "nothing is asked here, so there are no heartbeats";
	struct probe_waiting *w = probe_wait(request, WEB_WAITING_MAX, &result);
	if (w == NULL)
		return result;
	w->way = way;
	if (source->push == NULL ||
	    !source->push(source->self, &said->push, pushed, w, &why))
		probe_waiting_fail(w, why);
	return MHD_YES;
}

enum MHD_Result answer_heartbeat(const struct request *request)
{
	struct said said = { .request = request };
	const char *name = "";
	size_t len = 0;
	unsigned way = way_of(request->path, &name, &len);
	if (way == WAYS)
		return refuse(request, MHD_HTTP_NOT_FOUND, "nothing here");
	if (request->exchange->probe != NULL)
		return probe_waiting_send(request);
	if (request->exchange->too_large)
		return refuse(request, MHD_HTTP_CONTENT_TOO_LARGE,
			      "a heartbeat has at most 4 KiB");
	const char *wrong = read_said(&said, way, name, len);
	return wrong != NULL ? refuse(request, MHD_HTTP_BAD_REQUEST, wrong)
			     : push(request, &said, way);
}
