/*
 * view.c: the columns of ports and flows; see view.h.
 */
#include "cli/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/when.h"

static void put_text(struct cell *out, const char *text)
{
	if (text == NULL || text[0] == '\0') {
		snprintf(out->text, sizeof(out->text), "-");
		out->tone = TONE_QUIET;
		return;
	}
	text_clean(out->text, sizeof(out->text), text);
}

/* Unknown and nothing step back, so that what matters stands out. */
static void quiet_if_nothing(struct cell *out, double value)
{
	if (isnan(value) || value <= 0)
		out->tone = TONE_QUIET;
}

/* The mark stands before the value: colour alone is not for every eye or terminal. */
static void mark_if_over(struct cell *out, double value, double limit)
{
	if (isnan(value) || value <= limit)
		return;
	memmove(out->text + 1, out->text, sizeof(out->text) - 1);
	out->text[0] = '!';
	out->text[sizeof(out->text) - 1] = '\0';
	out->tone = TONE_OVER;
}

static void put_count(struct cell *out, const json_t *record, const char *name)
{
	double value = member_number(record, name);
	text_count(out->text, sizeof(out->text), value);
	quiet_if_nothing(out, value);
}

static void put_ratio(struct cell *out, const json_t *record, const char *name,
		      double limit)
{
	double value = member_number(record, name);
	text_percent(out->text, sizeof(out->text), value);
	quiet_if_nothing(out, value);
	mark_if_over(out, value, limit);
}

static void put_duration(struct cell *out, const json_t *record, const char *name)
{
	double value = member_number(record, name);
	text_duration(out->text, sizeof(out->text), value);
	quiet_if_nothing(out, value);
}

static void put_bytes(struct cell *out, double bytes)
{
	text_bytes(out->text, sizeof(out->text), bytes);
	quiet_if_nothing(out, bytes);
}

#define SHOW(name)                                                                     \
	static void name(const json_t *record, const struct limits *limits,            \
			 struct cell *out)

SHOW(show_server)
{
	(void)limits;
	out->tone = TONE_STRONG;
	put_text(out, member_text(record, "server_ip"));
}

SHOW(show_port)
{
	(void)limits;
	char text[CELL_MAX], transport[16];
	const char *name = member_text(record, "transport");
	text_clean(transport, sizeof(transport), name == NULL ? "?" : name);
	snprintf(text, sizeof(text), "%.0f/%s", member_number(record, "port"),
		 transport);
	out->tone = TONE_STRONG;
	put_text(out, text);
}

SHOW(show_service)
{
	(void)limits;
	put_text(out, member_text(record, "service"));
}

SHOW(show_class)
{
	(void)limits;
	out->tone = TONE_QUIET;
	put_text(out, member_text(record, "class"));
}

SHOW(show_flows)
{
	(void)limits;
	put_count(out, record, "flows");
}

SHOW(show_active)
{
	(void)limits;
	put_count(out, record, "active");
}

SHOW(show_clients)
{
	(void)limits;
	put_count(out, record, "clients");
}

SHOW(show_p50)
{
	put_duration(out, record, "response_p50_us");
	mark_if_over(out, member_number(record, "response_p50_us"),
		     limits->response_ms * 1000);
}

SHOW(show_p95)
{
	put_duration(out, record, "response_p95_us");
	mark_if_over(out, member_number(record, "response_p95_us"),
		     limits->response_ms * 1000);
}

SHOW(show_loss)
{
	put_ratio(out, record, "lost_ratio", limits->loss);
}

SHOW(show_retransmits)
{
	put_ratio(out, record, "retransmit_ratio", limits->loss);
}

SHOW(show_errors)
{
	put_ratio(out, record, "error_ratio", limits->errors);
}

static double per_second(const json_t *record, const char *name)
{
	double seconds = member_number(record, "interval_s");
	return member_number(record, name) / (seconds > 0 ? seconds : 1);
}

SHOW(show_in)
{
	(void)limits;
	put_bytes(out, per_second(record, "client_bytes"));
}

SHOW(show_out)
{
	(void)limits;
	put_bytes(out, per_second(record, "server_bytes"));
}

static bool time_of(const json_t *record, const char *name, int64_t *at_us)
{
	const char *text = member_text(record, name);
	return text != NULL && when_parse(text, 0, at_us);
}

/* The clock of whoever looks; the records and --json stay in UTC. */
SHOW(show_start)
{
	(void)limits;
	int64_t at_us;
	struct tm local;
	out->tone = TONE_QUIET;
	if (!time_of(record, "start", &at_us)) {
		put_text(out, NULL);
		return;
	}
	time_t seconds = (time_t)(at_us / 1000000);
	localtime_r(&seconds, &local);
	strftime(out->text, sizeof(out->text), "%H:%M:%S", &local);
}

static void put_endpoint(struct cell *out, const json_t *record, const char *ip,
			 const char *port)
{
	char text[CELL_MAX];
	const char *address = member_text(record, ip);
	double number = member_number(record, port);
	bool six = address != NULL && strchr(address, ':') != NULL;
	if (address == NULL)
		address = "?";
	if (isnan(number))
		snprintf(text, sizeof(text), "%.45s", address);
	else
		snprintf(text, sizeof(text), six ? "[%.45s]:%.0f" : "%.45s:%.0f",
			 address, number);
	put_text(out, text);
}

SHOW(show_client_end)
{
	(void)limits;
	put_endpoint(out, record, "client_ip", "client_port");
}

SHOW(show_server_end)
{
	(void)limits;
	out->tone = TONE_STRONG;
	put_endpoint(out, record, "server_ip", "server_port");
}

SHOW(show_transport)
{
	(void)limits;
	put_text(out, member_text(record, "transport"));
}

SHOW(show_protocol)
{
	(void)limits;
	put_text(out, member_text(record, "protocol"));
}

SHOW(show_state)
{
	(void)limits;
	put_text(out, member_text(record, "state"));
}

/* TCP has said its last word, but the flow is kept for stragglers. */
static bool has_ended(const json_t *record)
{
	static const char *const ended[] = { "SF",   "REJ",    "RSTO",
					     "RSTR", "RSTOS0", "RSTRH" };
	const char *transport = member_text(record, "transport");
	const char *state = member_text(record, "state");
	if (transport == NULL || state == NULL || strcmp(transport, "tcp") != 0)
		return false;
	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++)
		if (strcmp(state, ended[i]) == 0)
			return true;
	return false;
}

SHOW(show_ended)
{
	(void)limits;
	const char *reason = member_text(record, "end_reason");
	bool active = reason != NULL && strcmp(reason, "active") == 0;
	if (active && has_ended(record)) {
		put_text(out, "ending");
		return;
	}
	put_text(out, reason);
	if (active)
		out->tone = TONE_GOOD;
}

SHOW(show_lasted)
{
	(void)limits;
	int64_t start_us, end_us;
	double us = NAN;
	if (time_of(record, "start", &start_us) && time_of(record, "end", &end_us))
		us = (double)(end_us - start_us);
	text_duration(out->text, sizeof(out->text), us);
	quiet_if_nothing(out, us);
}

SHOW(show_sent)
{
	(void)limits;
	put_bytes(out, member_number(record, "client_bytes"));
}

SHOW(show_received)
{
	(void)limits;
	put_bytes(out, member_number(record, "server_bytes"));
}

SHOW(show_round_trip)
{
	(void)limits;
	put_duration(out, record, "server_rtt_us");
}

SHOW(show_response)
{
	put_duration(out, record, "response_mean_us");
	mark_if_over(out, member_number(record, "response_mean_us"),
		     limits->response_ms * 1000);
}

SHOW(show_resent)
{
	(void)limits;
	double client = member_number(record, "client_retransmits");
	double server = member_number(record, "server_retransmits");
	double both = isnan(client) ? server : isnan(server) ? client : client + server;
	text_count(out->text, sizeof(out->text), both);
	quiet_if_nothing(out, both);
}

SHOW(show_lost)
{
	(void)limits;
	double bytes = member_number(record, "lost_bytes");
	put_bytes(out, bytes);
	mark_if_over(out, bytes, 0);
}

static const struct column port_columns[] = {
	{ "HOST", "server_ip", "Address of the server.", true, true, 0, 15,
	  show_server },
	{ "PORT", "port", "Its port and transport.", true, true, 0, 0, show_port },
	{ "SERVICE", "service", "IANA name of the port.", true, true, 1, 8,
	  show_service },
	{ "CLASS", "class", "Class by RFC 6335.", true, true, 9, 0, show_class },
	{ "FLOWS", "flows", "Connections that began.", false, false, 5, 0, show_flows },
	{ "ACTIVE", "active", "Connections open now.", false, false, 4, 0,
	  show_active },
	{ "CLIENTS", "clients", "Distinct clients.", false, false, 6, 0, show_clients },
	{ "P50", "response_p50_us", "Median response time.", false, false, 8, 0,
	  show_p50 },
	{ "P95", "response_p95_us", "95th of 100 response times.", false, false, 2, 0,
	  show_p95 },
	{ "LOSS", "lost_ratio", "Payload lost before us.", false, false, 3, 0,
	  show_loss },
	{ "RETRANS", "retransmit_ratio", "Segments sent again.", false, false, 7, 0,
	  show_retransmits },
	{ "ERR", "error_ratio", "Failed connections.", false, false, 2, 0,
	  show_errors },
	{ "IN/s", "client_bytes", "Bytes/s from clients.", false, false, 1, 0,
	  show_in },
	{ "OUT/s", "server_bytes", "Bytes/s to clients.", false, false, 1, 0,
	  show_out },
};

static const struct column flow_columns[] = {
	{ "START", "start", "When it began, local time.", true, false, 6, 0,
	  show_start },
	{ "CLIENT", "client_ip", "Side that asks.", true, true, 0, 15,
	  show_client_end },
	{ "SERVER", "server_ip", "Side that answers.", true, true, 0, 15,
	  show_server_end },
	{ "VIA", "transport", "Transport.", true, true, 3, 0, show_transport },
	{ "PROTOCOL", "protocol", "Application protocol.", true, true, 7, 8,
	  show_protocol },
	{ "STATE", "state", "Zeek's conn_state.", true, true, 2, 0, show_state },
	{ "END", "end_reason", "How it ended, if it did.", true, true, 4, 0,
	  show_ended },
	{ "LASTED", "end", "First to last packet.", false, false, 5, 0, show_lasted },
	{ "SENT", "client_bytes", "Bytes from the client.", false, false, 1, 0,
	  show_sent },
	{ "RECEIVED", "server_bytes", "Bytes from the server.", false, false, 1, 0,
	  show_received },
	{ "RTT", "server_rtt_us", "Round trip to the server.", false, false, 8, 0,
	  show_round_trip },
	{ "RESP", "response_mean_us", "Mean response time.", false, false, 3, 0,
	  show_response },
	{ "RESENT", "server_retransmits", "Segments sent again.", false, false, 9, 0,
	  show_resent },
	{ "LOST", "lost_bytes", "Payload lost before us.", false, false, 10, 0,
	  show_lost },
};

const struct view view_ports = {
	.title = "ports",
	.path = "/api/v1/ports",
	.sort = "bytes",
	.order = "busiest first",
	.nothing = "No port carries traffic.",
	.columns = port_columns,
	.count = sizeof(port_columns) / sizeof(port_columns[0]),
};

const struct view view_flows = {
	.title = "connections",
	.path = "/api/v1/flows",
	.sort = "end",
	.order = "newest first",
	.nothing = "No connections.",
	.columns = flow_columns,
	.count = sizeof(flow_columns) / sizeof(flow_columns[0]),
};

static void override(double *limit, const json_t *limits, const char *name)
{
	double value = member_number(limits, name);
	if (!isnan(value))
		*limit = value;
}

struct limits limits_of(const json_t *status)
{
	struct limits limits = { .response_ms = 100, .loss = 0.01, .errors = 0.001 };
	const json_t *told = json_object_get(status, "limits");
	override(&limits.response_ms, told, "response_ms");
	override(&limits.loss, told, "loss");
	override(&limits.errors, told, "errors");
	return limits;
}

static bool is_over(const struct view *view, const json_t *row,
		    const struct limits *limits)
{
	for (size_t i = 0; i < view->count; i++) {
		struct cell cell = { .tone = TONE_NORMAL };
		view->columns[i].show(row, limits, &cell);
		if (cell.tone == TONE_OVER)
			return true;
	}
	return false;
}

size_t view_count_over(const struct view *view, const json_t *rows,
		       const struct limits *limits)
{
	size_t r, count = 0;
	json_t *row;
	json_array_foreach(rows, r, row) count += is_over(view, row, limits);
	return count;
}

void view_print_columns(const struct view *view)
{
	puts("\nColumns (and the field to ask --json or --sort for):");
	for (size_t i = 0; i < view->count; i++) {
		const struct column *column = &view->columns[i];
		printf("  %-9s %-20s %s\n", column->head, column->sort, column->doc);
	}
}

const struct column *view_column(const struct view *view, const char *name)
{
	for (size_t i = 0; i < view->count; i++) {
		const char *head = view->columns[i].head;
		size_t stem = strcspn(head, "/");
		if (strcasecmp(name, head) == 0 ||
		    strcmp(name, view->columns[i].sort) == 0 ||
		    (strlen(name) == stem && strncasecmp(name, head, stem) == 0))
			return &view->columns[i];
	}
	return NULL;
}
