/*
 * view_ports.c: the columns of services: what a port did.
 */
#include <math.h>
#include <string.h>

#include "cli/cells.h"

SHOW_STRONG(server_ip)

SHOW_PORT

SHOW_TEXT(service)

SHOW(show_protocol)
{
	cell_protocol(out, record);
}

SHOW(show_class)
{
	out->tone = TONE_QUIET;
	cell_text(out, member_text(record, "class"));
}

SHOW_COUNT(flows)

SHOW_COUNT(active)

SHOW_COUNT(clients)

SHOW(show_p50)
{
	cell_duration(out, record, "response_p50_us");
	cell_mark_if_over(out, member_number(record, "response_p50_us"),
			  limits->response_ms * 1000);
}

SHOW(show_p95)
{
	cell_duration(out, record, "response_p95_us");
	cell_mark_if_over(out, member_number(record, "response_p95_us"),
			  limits->response_ms * 1000);
}

SHOW(show_loss)
{
	cell_ratio(out, record, "lost_ratio", limits->loss);
}

SHOW(show_retransmits)
{
	cell_ratio(out, record, "retransmit_ratio", limits->loss);
}

/* What a scan asks of a port where nothing is, says nothing of a service. */
static bool is_unused(const json_t *record)
{
	return json_is_true(json_object_get(record, "unused"));
}

SHOW(show_errors)
{
	cell_ratio(out, record, "error_ratio",
		   is_unused(record) ? INFINITY : limits->errors);
}

static double per_second(const json_t *record, const char *name)
{
	double seconds = member_number(record, "interval_s");
	return member_number(record, name) / (seconds > 0 ? seconds : 1);
}

SHOW(show_in)
{
	cell_bytes(out, per_second(record, "client_bytes"));
}

SHOW(show_out)
{
	cell_bytes(out, per_second(record, "server_bytes"));
}

SHOW_TEXT(process)

SHOW(show_state)
{
	const char *state = member_text(record, "state");
	cell_text(out, state);
	if (state != NULL && strcmp(state, "open") != 0 && !is_unused(record))
		cell_mark(out);
}

SHOW(show_findings)
{
	cell_count(out, record, "findings");
	cell_mark_if_over(out, member_number(record, "findings"), 0);
}

SHOW_WHEN(start)

/* The first is for steps only. */
static const struct column port_columns[] = {
	{ "START", "start", "Begin of the step, local time.", true, false, 0, 0,
	  show_start },
	{ "HOST", "server_ip", "Address of the server.", true, true, 0, 15,
	  show_server_ip },
	{ "PORT", "port", "Its port and transport.", true, true, 0, 0, show_port },
	{ "SERVICE", "service", "IANA name of the port.", true, true, 1, 8,
	  show_service },
	{ "PROTOCOL", "protocol",
	  "Protocol by what is said; with a \"?\" only by the port.", true, true, 7, 8,
	  show_protocol },
	{ "PROCESS", "process", "Process that listens.", true, true, 6, 8,
	  show_process },
	{ "STATE", "state", "open, closed or silent.", true, true, 7, 0, show_state },
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
	{ "ERR", "error_ratio", "Failed connections and error answers.", false, false,
	  2, 0, show_errors },
	{ "IN/s", "client_bytes", "Bytes/s from clients.", false, false, 1, 0,
	  show_in },
	{ "OUT/s", "server_bytes", "Bytes/s to clients.", false, false, 1, 0,
	  show_out },
	{ "FIND", "findings", "Open findings.", false, false, 3, 0, show_findings },
};

enum { COLUMNS = sizeof(port_columns) / sizeof(port_columns[0]) };

const struct view view_ports = {
	.title = "ports",
	.path = "/api/v1/ports",
	.sort = "bytes",
	.order = "busiest first",
	.nothing = "No port carries traffic.",
	.columns = port_columns + 1,
	.count = COLUMNS - 1,
};

const struct view view_port_steps = {
	.title = "steps",
	.path = "/api/v1/ports",
	.sort = "start",
	.order = "newest first",
	.nothing = "No port carried traffic.",
	.columns = port_columns,
	.count = COLUMNS,
};
