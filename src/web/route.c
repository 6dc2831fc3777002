/*
 * route.c: from a path to its answer.
 *
 * On TCP the Host header must be an address or a name of this machine: a page of a
 * stranger whose name was rebound to 127.0.0.1 still sends the stranger's name.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "web/answer.h"
#include "web/inside.h"
#include "web/page.h"
#include "web/query.h"
#include "web/rows.h"

struct request {
	struct web *web;
	struct MHD_Connection *connection;
	const char *path;
	bool head;
};

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

struct reading {
	struct query *query;
	char *error; /* QUERY_ERROR_MAX */
};

/* MHD_KeyValueIterator over the parameters. */
static enum MHD_Result read_parameter(void *of, enum MHD_ValueKind kind,
				      const char *key, const char *value)
{
	struct reading *reading = of;
	(void)kind;
	return query_set(reading->query, key, value == NULL ? "" : value, web_now_us(),
			 reading->error)
		       ? MHD_YES
		       : MHD_NO;
}

static void write_rows(struct buf *out, const struct rows *rows, enum record_kind kind)
{
	bool array = rows->query->array;
	if (array)
		buf_char(out, '[');
	for (size_t i = 0; i < rows->count; i++) {
		if (array && i > 0)
			buf_char(out, ',');
		record_json(out, kind, rows_at(rows, i));
		if (!array)
			buf_char(out, '\n');
	}
	if (array)
		buf_text(out, "]\n");
	if (rows->failed)
		out->failed = true;
}

static void collect(const struct web_source *source, enum record_kind kind,
		    struct rows *rows)
{
	if (kind == RECORD_port)
		source->ports(source->self, rows_take, rows);
	else if (kind == RECORD_flow)
		source->flows(source->self, rows_take, rows);
	else {
		struct self_record self;
		record_init(RECORD_self, &self);
		source->self_record(source->self, &self);
		rows_take(rows, &self);
	}
	rows_sort(rows);
}

/* Breakwater-Total tells how many there would be without the limit. */
static enum MHD_Result answer_rows(const struct request *request,
				   const struct rows *rows, enum record_kind kind)
{
	struct buf text = { 0 };
	char total[24];
	write_rows(&text, rows, kind);
	if (!buf_ok(&text))
		return answer_text(request->connection, MHD_HTTP_OK, json_type, &text);
	struct MHD_Response *response = MHD_create_response_from_buffer(
		text.len, text.at, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		buf_free(&text);
		return MHD_NO;
	}
	snprintf(total, sizeof(total), "%llu", (unsigned long long)rows->total);
	MHD_add_response_header(response, "Breakwater-Total", total);
	return answer(request->connection, MHD_HTTP_OK,
		      rows->query->array ? json_type : "application/x-ndjson",
		      response);
}

static enum MHD_Result answer_records(const struct request *request,
				      enum record_kind kind)
{
	struct query query;
	char error[QUERY_ERROR_MAX] = "";
	struct reading reading = { &query, error };
	query_init(&query, kind);
	query.array = accepts(request, json_type);
	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
				  read_parameter, &reading);
	if (error[0] != '\0')
		return bad_request(request, error);
	struct rows rows;
	rows_init(&rows, &query);
	collect(request->web->source, kind, &rows);
	enum MHD_Result result = answer_rows(request, &rows, kind);
	rows_free(&rows);
	return result;
}

static enum MHD_Result answer_ports(const struct request *request)
{
	return answer_records(request, RECORD_port);
}

static enum MHD_Result answer_flows(const struct request *request)
{
	return answer_records(request, RECORD_flow);
}

static enum MHD_Result answer_self(const struct request *request)
{
	return answer_records(request, RECORD_self);
}

/* "port,flow" as a set of bits; 0: a name is wrong. */
static unsigned kinds_named(const char *names)
{
	unsigned kinds = 0;
	while (*names != '\0') {
		size_t len = strcspn(names, ",");
		unsigned kind = 0;
		while (kind < RECORD_KINDS &&
		       (strlen(schemas[kind].name) != len ||
			memcmp(schemas[kind].name, names, len) != 0))
			kind++;
		if (kind == RECORD_KINDS)
			return 0;
		kinds |= 1u << kind;
		names += len;
		if (*names == ',')
			names++;
	}
	return kinds;
}

static enum MHD_Result answer_live(const struct request *request)
{
	static const char type[] = "text/event-stream";
	const char *names = MHD_lookup_connection_value(request->connection,
							MHD_GET_ARGUMENT_KIND, "type");
	unsigned kinds = names == NULL ? ~0u : kinds_named(names);
	if (kinds == 0)
		return bad_request(request,
				   "type: names of records, such as port,flow,self");
	if (request->head)
		return answer_text(request->connection, MHD_HTTP_OK, type,
				   &(struct buf){ 0 });
	struct MHD_Response *response =
		live_open(request->web->live, request->connection, kinds, web_now_ms());
	if (response == NULL)
		return answer_error(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
				    request->path, "too many live readers; close one");
	return answer(request->connection, MHD_HTTP_OK, type, response);
}

static enum MHD_Result answer_schema(const struct request *request)
{
	struct buf text = { 0 };
	record_schema_json(&text);
	buf_char(&text, '\n');
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

static const struct {
	const char *path;
	route_answer answer;
} routes[] = {
	{ "/api/v1/ports", answer_ports },   { "/api/v1/flows", answer_flows },
	{ "/api/v1/self", answer_self },     { "/api/v1/live", answer_live },
	{ "/api/v1/schema", answer_schema }, { "/api/v1/status", answer_status },
	{ "/metrics", answer_metrics },      { "/health", answer_health },
};

static enum MHD_Result route(const struct request *request)
{
	struct page page;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(request->path, routes[i].path) == 0)
			return routes[i].answer(request);
	if (page_at(request->path, &page) != NULL)
		return answer(request->connection, MHD_HTTP_OK, page.type,
			      MHD_create_response_from_buffer(
				      page.len, (void *)(uintptr_t)page.at,
				      MHD_RESPMEM_PERSISTENT));
	return answer_error(request->connection, MHD_HTTP_NOT_FOUND, request->path,
			    "nothing here; try / or /api/v1/ports, flows, self, live, "
			    "schema, status, or /metrics, /health");
}

static bool is_address(const char *host)
{
	uint8_t bytes[16];
	return inet_pton(AF_INET, host, bytes) == 1 ||
	       inet_pton(AF_INET6, host, bytes) == 1;
}

/* Rebinding needs a name that a stranger controls; an address is none. */
static bool host_is_ours(const char *header)
{
	char host[256], own[256] = "";
	bool bracket = header[0] == '[';
	size_t len = strcspn(header + bracket, bracket ? "]" : ":");
	if (len >= sizeof(host))
		return false;
	memcpy(host, header + bracket, len);
	host[len] = '\0';
	gethostname(own, sizeof(own) - 1);
	return is_address(host) || strcasecmp(host, "localhost") == 0 ||
	       (own[0] != '\0' && strcasecmp(host, own) == 0);
}

/*
 * Called once with the headers, once per piece of a body, and once at the end.  An
 * answer before the end would cost the client its connection; errors are worth that.
 */
/* NOLINTBEGIN(readability-function-size): the parameters are libmicrohttpd's */
enum MHD_Result route_local(void *self, struct MHD_Connection *connection,
			    const char *path, const char *method, const char *version,
			    const char *body, size_t *body_size, void **state)
{
	struct request request = { self, connection, path,
				   strcmp(method, "HEAD") == 0 };
	(void)version;
	(void)body;
	if (!request.head && strcmp(method, "GET") != 0)
		return answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, path,
				    "only GET and HEAD");
	if (*state == NULL) {
		*state = self;
		return MHD_YES;
	}
	if (*body_size > 0) {
		*body_size = 0;
		return MHD_YES;
	}
	return route(&request);
}

enum MHD_Result route_tcp(void *self, struct MHD_Connection *connection,
			  const char *path, const char *method, const char *version,
			  const char *body, size_t *body_size, void **state)
{
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_HOST);
	if (host != NULL && !host_is_ours(host))
		return answer_error(
			connection, MHD_HTTP_MISDIRECTED_REQUEST, path,
			"this name is not mine; use the address or localhost");
	return route_local(self, connection, path, method, version, body, body_size,
			   state);
}
/* NOLINTEND(readability-function-size) */
