/*
 * route.c: from a path to its answer.
 */
#include <stdlib.h>
#include <string.h>

#include "web/answer.h"
#include "web/door_http.h"
#include "web/framing.h"
#include "web/heartbeat.h"
#include "web/inside.h"
#include "web/page.h"
#include "web/secret.h"
#include "web/sign_in.h"

typedef enum MHD_Result (*route_answer)(const struct request *request);

static const char json_type[] = "application/json";

static bool accepts(const struct request *request, const char *type)
{
	const char *accept = MHD_lookup_connection_value(
		request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	return accept != NULL && strcasestr(accept, type) != NULL;
}

static enum MHD_Result bad_request(const struct request *request, const char *message)
{
	return answer_error(request->connection, MHD_HTTP_BAD_REQUEST, request->path,
			    message);
}

/* "port,flow" as a set of bits; 0: a name is wrong. */
static record_bits kinds_named(const char *names)
{
	record_bits kinds = 0;
	while (*names != '\0') {
		size_t len = strcspn(names, ",");
		unsigned kind = 0;
		while (kind < RECORD_KINDS &&
		       (strlen(schemas[kind].name) != len ||
			memcmp(schemas[kind].name, names, len) != 0))
			kind++;
		if (kind == RECORD_KINDS)
			return 0;
		kinds |= RECORD_BIT(kind);
		names += len;
		if (*names == ',')
			names++;
	}
	return kinds;
}

static const char *argument(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND,
					   name);
}

/* What a stream is asked with; NULL, or what is wrong with it. */
static const char *read_live(const struct request *request, struct live_asked *asked)
{
	const char *names = argument(request, "type");
	const char *coalesce = argument(request, "coalesce");
	const char *after = argument(request, "last_event_id");
	*asked = (struct live_asked){
		.kinds = names == NULL ? ~(record_bits)0 : kinds_named(names),
		.is_batched = coalesce != NULL,
		/* A browser says it when it comes back by itself; a page can't. */
		.after = after != NULL ? after
				       : MHD_lookup_connection_value(
						 request->connection, MHD_HEADER_KIND,
						 "Last-Event-ID"),
		.visitor = &request->exchange->visitor,
		.reader = request->exchange->client,
		.sensors = request->exchange->sensors,
	};
	if (asked->kinds == 0)
		return "type: names of records, such as port,flow,self";
	return coalesce == NULL || strcmp(coalesce, "1s") == 0
		       ? NULL
		       : "coalesce: is 1s or not there";
}

static enum MHD_Result answer_live(const struct request *request)
{
	static const char type[] = "text/event-stream";
	struct live_asked asked;
	char error[SENSOR_SET_ERROR_MAX];
	if (!choose_sensors(request, error))
		return bad_request(request, error);
	const char *wrong = read_live(request, &asked);
	if (wrong != NULL)
		return bad_request(request, wrong);
	if (request->head)
		return answer_text(request->connection, MHD_HTTP_OK, type,
				   &(struct buf){ 0 });
	struct MHD_Response *response = live_open(
		request->web->live, request->connection, &asked, web_now_ms());
	if (response == NULL)
		return answer_error(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
				    request->path, "too many live readers; close one");
	request->exchange->sensors = NULL; /* the stream's */
	route_enters(request->connection, GUEST_STAYS);
	return answer(request->connection, MHD_HTTP_OK, type, response);
}

static enum MHD_Result answer_schema(const struct request *request)
{
	struct buf text = { 0 };
	record_schema_json(&text);
	buf_char(&text, '\n');
	return answer_text(request->connection, MHD_HTTP_OK, json_type, &text);
}

/* By which parameters each kind of record can be filtered. */
static enum MHD_Result answer_filters(const struct request *request)
{
	struct buf text = { 0 };
	buf_char(&text, '{');
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		char names[QUERY_NAMES_MAX], *rest = names, *name;
		const char *between = "";
		struct query query;
		if (!route_has_records((enum record_kind)kind))
			continue;
		query_init(&query, (enum record_kind)kind);
		query.of_fleet = request->web->source->sensors != NULL;
		query_say_names(&query, names);
		buf_printf(&text, "%s\"%s\":[", text.len > 1 ? "," : "",
			   schemas[kind].name);
		while ((name = strsep(&rest, " ")) != NULL && *name != '\0') {
			buf_printf(&text, "%s\"%s\"", between, name);
			between = ",";
		}
		buf_char(&text, ']');
	}
	buf_text(&text, "}\n");
	return answer_text(request->connection, MHD_HTTP_OK, json_type, &text);
}

static enum MHD_Result answer_status(const struct request *request)
{
	const struct web_source *source = request->web->source;
	struct buf text = { 0 };
	source->status(source->self, &text);
	buf_char(&text, '\n');
	return answer_text(request->connection, MHD_HTTP_OK, json_type, &text);
}

static enum MHD_Result answer_metrics(const struct request *request)
{
	bool openmetrics = accepts(request, "application/openmetrics-text");
	struct buf text = { 0 };
	metrics_write(request->web->metrics, request->web->source,
		      request->web->version, openmetrics, &text);
	return answer_text(
		request->connection, MHD_HTTP_OK,
		openmetrics
			? "application/openmetrics-text; version=1.0.0; charset=utf-8"
			: "text/plain; version=0.0.4; charset=utf-8",
		&text);
}

static enum MHD_Result answer_health(const struct request *request)
{
	struct buf text = { 0 };
	unsigned status = health_write(request->web, web_now_us(), &text);
	return answer_text(request->connection, status, json_type, &text);
}

void route_enters(struct MHD_Connection *connection, enum guest_stage stage)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (info != NULL)
		guest_enters(info->socket_context, stage, web_now_ms());
}

static const struct {
	const char *path;
	enum record_kind kind;
} record_routes[] = {
	{ "/api/v1/ports", RECORD_port },
	{ "/api/v1/flows", RECORD_flow },
	{ "/api/v1/self", RECORD_self },
	{ "/api/v1/listeners", RECORD_listener },
	{ "/api/v1/sockets", RECORD_socket },
	{ "/api/v1/findings", RECORD_finding },
	{ "/api/v1/gaps", RECORD_gap },
	{ "/api/v1/audit", RECORD_audit },
	{ "/api/v1/checkpoints", RECORD_checkpoint },
	{ "/api/v1/forecasts", RECORD_forecast },
	{ "/api/v1/logins", RECORD_login },
	{ "/api/v1/probes", RECORD_probe },
	{ "/api/v1/uptimes", RECORD_uptime },
	{ "/api/v1/failures", RECORD_failure },
	{ "/api/v1/transcripts", RECORD_transcript },
	{ "/api/v1/packets", RECORD_packet },
	{ "/api/v1/scan_runs", RECORD_scan_run },
	{ "/api/v1/alerts", RECORD_alert },
	{ "/api/v1/levels", RECORD_level },
	{ "/api/v1/anomalies", RECORD_anomaly },
	{ "/api/v1/approvals", RECORD_approval },
	{ "/api/v1/timelines", RECORD_timeline },
	{ "/api/v1/notifications", RECORD_notification },
	{ "/api/v1/health", RECORD_health },
	{ "/api/v1/conversations", RECORD_conversation },
	{ "/api/v1/rulesets", RECORD_ruleset },
	{ "/api/v1/sensors", RECORD_sensor },
	{ "/api/v1/capacity", RECORD_fleet_capacity },
};

enum { SMALL_BODY_MAX = 4096 };

bool route_has_records(enum record_kind kind)
{
	for (size_t i = 0; i < sizeof(record_routes) / sizeof(record_routes[0]); i++)
		if (record_routes[i].kind == kind)
			return true;
	return change_has_records(kind);
}

/* As the header Allow has them (RFC 9110, 10.2.1). */
#define READ          "GET, HEAD"
#define READ_AND_POST "GET, HEAD, POST"
#define ONLY_POST     "POST"
#define ONLY_GET      "GET" /* a look at the header would cost, or use up, the whole */

static const struct route {
	const char *path;
	route_answer answer;
	const char *methods;
	size_t body_max; /* of a POST; 0: there is none */
} routes[] = {
	{ "/api/v1/live", answer_live, READ, 0 },
	{ "/api/v1/aggregate", answer_aggregate, READ, 0 },
	{ "/api/v1/explain", answer_explain, READ, 0 },
	{ "/api/v1/figures", answer_figures, READ, 0 },
	{ "/api/v1/countries", answer_countries, READ, 0 },
	{ "/api/v1/reports", answer_report, READ, 0 },
	{ "/api/v1/schema", answer_schema, READ, 0 },
	{ "/api/v1/filters", answer_filters, READ, 0 },
	{ "/api/v1/status", answer_status, READ, 0 },
	{ "/api/v1/policy", answer_policy, READ_AND_POST, CHANGE_BODY_MAX },
	{ "/api/v1/maintenance", answer_maintenance, READ_AND_POST, CHANGE_BODY_MAX },
	{ "/api/v1/rules", answer_rules, READ, 0 },
	{ "/api/v1/report_schedule", answer_report_schedule, READ, 0 },
	{ "/api/v1/sinks", answer_sinks, READ, 0 },
	{ "/api/v1/sinks/test", answer_sink_test, ONLY_POST, SMALL_BODY_MAX },
	{ "/api/v1/config", answer_config, READ, 0 },
	{ "/api/v1/me", answer_me, READ, 0 },
	{ "/api/v1/login", answer_login, ONLY_POST, SMALL_BODY_MAX },
	{ "/api/v1/logout", answer_logout, ONLY_POST, SMALL_BODY_MAX },
	{ "/api/v1/password", answer_password, ONLY_POST, SMALL_BODY_MAX },
	{ "/api/v1/users", answer_users, READ_AND_POST, SMALL_BODY_MAX },
	{ "/enter", answer_enter, ONLY_GET, 0 },
	{ "/status", answer_status_page, READ, 0 },
	{ "/status.json", answer_status_page, READ, 0 },
	{ "/status.css", answer_status_page, READ, 0 },
	{ "/metrics", answer_metrics, READ, 0 },
	{ "/health", answer_health, READ, 0 },
	{ "/probe", answer_probe, READ, 0 },
};

static const struct route *route_at(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(path, routes[i].path) == 0)
			return &routes[i];
	return NULL;
}

static enum MHD_Result route(const struct request *request)
{
	struct page page;
	const struct route *known = route_at(request->path);
	for (size_t i = 0; i < sizeof(record_routes) / sizeof(record_routes[0]); i++)
		if (strcmp(request->path, record_routes[i].path) == 0)
			return answer_records(request, record_routes[i].kind);
	if (known != NULL)
		return known->answer(request);
	if (change_is_at(request->path))
		return answer_changeable(request);
	if (report_is_at(request->path))
		return answer_report(request);
	if (badge_is_at(request->path))
		return answer_badge(request);
	if (dashboards_are_at(request->path))
		return answer_dashboards(request);
	if (heartbeat_takes(request->path, MHD_HTTP_METHOD_POST))
		return answer_heartbeat(request);
	if (page_at(request->path, &page))
		return answer_page(request, &page);
	return answer_error(
		request->connection, MHD_HTTP_NOT_FOUND, request->path,
		"nothing here; try / or /api/v1/ports, flows, listeners, "
		"sockets, findings, alerts, silences, incidents, timelines, "
		"levels, notifications, anomalies, forecasts, approvals, "
		"deployments, reports_made, blocks, logins, "
		"probes, uptimes, failures, transcripts, "
		"packets, scan_runs, scans, self_tests, gaps, audit, checkpoints, "
		"sensors, capacity, self, live, "
		"schema, filters, status, policy, aggregate, explain, figures, "
		"countries, reports, maintenance, dashboards, rules, sinks, "
		"report_schedule, config, me, users, or "
		"/metrics, /health, /probe");
}

static size_t body_max(const char *path)
{
	const struct route *known = route_at(path);
	if (heartbeat_takes(path, MHD_HTTP_METHOD_POST))
		return HEARTBEAT_BODY_MAX;
	if (known != NULL)
		return known->body_max;
	return change_is_at(path) || dashboards_take_changes(path) ? CHANGE_BODY_MAX
								   : 0;
}

/* Whether something is there or not. */
static const char *methods_at(const char *path)
{
	const struct route *known = route_at(path);
	if (heartbeat_takes(path, MHD_HTTP_METHOD_POST))
		return heartbeat_takes(path, MHD_HTTP_METHOD_GET) ? READ_AND_POST
								  : ONLY_POST;
	if (known != NULL)
		return known->methods;
	if (report_is_at(path)) /* it is made to be read */
		return ONLY_GET;
	if (change_has_no_records(path) || dashboard_is_removed_at(path))
		return ONLY_POST;
	return change_is_at(path) || dashboards_take_changes(path) ? READ_AND_POST
								   : READ;
}

static bool is_allowed(const char *method, const char *methods)
{
	size_t len = strlen(method);
	for (const char *at = methods; *at != '\0'; at += strspn(at, ", ")) {
		size_t word = strcspn(at, ",");
		if (word == len && strncmp(at, method, len) == 0)
			return true;
		at += word;
	}
	return false;
}

/* True if the client says that more will come than a body may have. */
static bool announces_too_much(const struct request *request)
{
	const char *value = MHD_lookup_connection_value(
		request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return value != NULL && strtoull(value, NULL, 10) > body_max(request->path);
}

/* Who may not is told so before his body takes memory. */
static enum MHD_Result begin(struct request *request, bool is_local, void **state)
{
	enum MHD_Result answered;
	request->exchange = calloc(1, sizeof(*request->exchange));
	if (request->exchange == NULL)
		return MHD_NO;
	*state = request->exchange;
	request->exchange->is_local = is_local;
	if (!door_admits(request, &answered))
		return answered;
	request->exchange->is_admitted = true;
	if (request->post)
		route_enters(request->connection, GUEST_SENDS);
	if (!request->post || !announces_too_much(request))
		return MHD_YES;
	return answer_error(
		request->connection, MHD_HTTP_CONTENT_TOO_LARGE, request->path,
		"a body has at most 1 MiB, that of a form for signing in, of "
		"users and of a heartbeat 4 KiB");
}

static void take_body(const struct request *request, const char *body, size_t size)
{
	struct exchange *exchange = request->exchange;
	if (!request->post || exchange->too_large)
		return;
	exchange->too_large = size > body_max(request->path) - exchange->body.len;
	if (!exchange->too_large)
		buf_add(&exchange->body, body, size);
}

/* Where this request ends is not known, so nothing behind it is read. */
static enum MHD_Result close_with(const struct request *request, const char *doubt)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		strlen(doubt), (void *)(uintptr_t)doubt, MHD_RESPMEM_PERSISTENT);
	if (response != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	return answer(request->connection, MHD_HTTP_BAD_REQUEST,
		      "text/plain; charset=utf-8", response);
}

/*
 * Called once with the headers, once per piece of a body, once at the end, and once
 * more after a question about the past.  An answer before the end would cost the
 * client its connection; errors are worth that.
 */
static enum MHD_Result take(struct request *request, const char *method, bool is_local,
			    void **state)
{
	const char *doubt = *state == NULL ? framing_doubt(request->connection) : NULL;
	if (doubt != NULL)
		return close_with(request, doubt);
	const char *methods = methods_at(request->path);
	if (!is_allowed(method, methods) && !heartbeat_takes(request->path, method))
		return answer_only(request->connection, request->path, methods);
	request->head = strcmp(method, "HEAD") == 0;
	request->post = strcmp(method, "POST") == 0;
	if (*state == NULL)
		return begin(request, is_local, state);
	request->exchange = *state;
	return MHD_YES;
}

/*
 * Who reads the page, or the API as a page does, and the proxy through which he does; a
 * job that says it is alive does not, nor does a stranger.
 */
static void note_reader(const struct request *request)
{
	const struct web_source *source = request->web->source;
	const struct exchange *exchange = request->exchange;
	bool is_page = strcmp(request->path, "/") == 0 ||
		       strncmp(request->path, "/api/", 5) == 0;
	if (source->reader == NULL || exchange->visitor.by == BY_NOBODY || !is_page ||
	    request->post || addr_is_unset(&exchange->peer))
		return;
	source->reader(source->self, &exchange->client);
	if (!addr_equal(&exchange->client, &exchange->peer))
		source->reader(source->self, &exchange->peer);
}

/*
 * A body may come slowly, and an answer later still: who was let in before that may
 * have been put out in between.  Of a socket's other end nothing changes.
 */
static bool is_still_admitted(struct request *request, enum MHD_Result *answered)
{
	const struct exchange *exchange = request->exchange;
	return exchange->is_local || (!request->post && !exchange->is_answering) ||
	       door_admits(request, answered);
}

/* All of it has come, or what it waits for. */
static enum MHD_Result answer_whole(struct request *request)
{
	enum MHD_Result answered;
	if (!is_still_admitted(request, &answered))
		return answered;
	if (!request->exchange->is_answering)
		route_enters(request->connection, GUEST_WAITS);
	request->exchange->is_answering = true;
	return route(request);
}

/* NOLINTBEGIN(readability-function-size): the parameters are libmicrohttpd's */
enum MHD_Result route_local(void *self, struct MHD_Connection *connection,
			    const char *path, const char *method, const char *version,
			    const char *body, size_t *body_size, void **state)
{
	struct request request = { .web = self,
				   .connection = connection,
				   .path = path };
	(void)version;
	bool is_first = *state == NULL;
	enum MHD_Result result = take(&request, method, true, state);
	if (is_first || request.exchange == NULL)
		return result;
	if (*body_size == 0)
		return answer_whole(&request);
	take_body(&request, body, *body_size);
	*body_size = 0;
	return MHD_YES;
}

enum MHD_Result route_tcp(void *self, struct MHD_Connection *connection,
			  const char *path, const char *method, const char *version,
			  const char *body, size_t *body_size, void **state)
{
	struct request request = { .web = self,
				   .connection = connection,
				   .path = path };
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_HOST);
	if (host != NULL && !door_knows_host(self, host))
		return answer_error(
			connection, MHD_HTTP_MISDIRECTED_REQUEST, path,
			"this name is not mine; use the address or localhost, or set "
			"web.names");
	if (*state == NULL) {
		enum MHD_Result taken = take(&request, method, false, state);
		if (request.exchange != NULL && request.exchange->is_admitted)
			note_reader(&request);
		return taken;
	}
	return route_local(self, connection, path, method, version, body, body_size,
			   state);
}
/* NOLINTEND(readability-function-size) */

void route_done(void *self, struct MHD_Connection *connection, void **state,
		enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;
	(void)self;
	(void)code;
	route_enters(connection, GUEST_ASKS);
	if (exchange == NULL)
		return;
	/* It may have been a form with a password. */
	if (exchange->body.at != NULL)
		secret_forget(exchange->body.at, exchange->body.len);
	buf_free(&exchange->body);
	question_free(exchange->question);
	probe_waiting_free(exchange->probe);
	hashing_job_free(exchange->job);
	sensor_set_free(exchange->sensors);
	free(exchange);
	*state = NULL;
}
