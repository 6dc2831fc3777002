/*
 * view_flows.c: the columns of connections.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cells.h"

SHOW_WHEN(start)

SHOW(show_client_end)
{
	cell_endpoint(out, record, "client_ip", "client_port");
}

SHOW(show_server_end)
{
	out->tone = TONE_STRONG;
	cell_endpoint(out, record, "server_ip", "server_port");
}

SHOW_TEXT(transport)

SHOW(show_protocol)
{
	cell_protocol(out, record);
}

SHOW_TEXT(version)

SHOW_TEXT(software)

SHOW_TEXT(name)

SHOW_TEXT(cipher)

SHOW(show_login)
{
	cell_text(out, member_text(record, "login_user"));
}

/* "3/120": errors of so many answers. */
SHOW(show_errors)
{
	char bad[32], all[32];
	double errors = member_number(record, "answer_errors");
	double answers = member_number(record, "answers");
	if (isnan(answers)) {
		cell_text(out, NULL);
		return;
	}
	text_count(bad, sizeof(bad), isnan(errors) ? 0 : errors);
	text_count(all, sizeof(all), answers);
	snprintf(out->text, sizeof(out->text), "%s/%s", bad, all);
	cell_quiet_if_nothing(out, errors);
	if (answers > 0)
		cell_mark_if_over(out, errors / answers, limits->errors);
}

SHOW_TEXT(state)

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
	const char *reason = member_text(record, "end_reason");
	bool active = reason != NULL && strcmp(reason, "active") == 0;
	if (active && has_ended(record)) {
		cell_text(out, "ending");
		return;
	}
	cell_text(out, reason);
	if (active)
		out->tone = TONE_GOOD;
}

SHOW(show_lasted)
{
	int64_t start_us, end_us;
	double us = NAN;
	if (cell_time_of(record, "start", &start_us) &&
	    cell_time_of(record, "end", &end_us))
		us = (double)(end_us - start_us);
	text_duration(out->text, sizeof(out->text), us);
	cell_quiet_if_nothing(out, us);
}

SHOW_BYTES(client_bytes)

SHOW_BYTES(server_bytes)

SHOW_DURATION(server_rtt_us)

SHOW(show_response)
{
	cell_duration(out, record, "response_mean_us");
	cell_mark_if_over(out, member_number(record, "response_mean_us"),
			  limits->response_ms * 1000);
}

SHOW(show_resent)
{
	double client = member_number(record, "client_retransmits");
	double server = member_number(record, "server_retransmits");
	double both = isnan(client) ? server : isnan(server) ? client : client + server;
	text_count(out->text, sizeof(out->text), both);
	cell_quiet_if_nothing(out, both);
}

SHOW(show_lost)
{
	double bytes = member_number(record, "lost_bytes");
	cell_bytes(out, bytes);
	cell_mark_if_over(out, bytes, 0);
}

SHOW_TEXT(process)

SHOW_TEXT(user)

static const struct column flow_columns[] = {
	{ "START", "start", "When it began, local time.", true, false, 6, 0,
	  show_start },
	{ "CLIENT", "client_ip", "Side that asks.", true, true, 0, 15,
	  show_client_end },
	{ "SERVER", "server_ip", "Side that answers.", true, true, 0, 15,
	  show_server_end },
	{ "VIA", "transport", "Transport.", true, true, 3, 0, show_transport },
	{ "PROTOCOL", "protocol",
	  "Protocol by what is said; with a \"?\" only by its port.", true, true, 2, 0,
	  show_protocol },
	{ "PROCESS", "process", "Process of the local end.", true, true, 5, 8,
	  show_process },
	{ "USER", "user", "Its user.", true, true, 9, 6, show_user },
	{ "STATE", "state", "Zeek's conn_state.", true, true, 2, 0, show_state },
	{ "END", "end_reason", "How it ended, if it did.", true, true, 4, 0,
	  show_ended },
	{ "LASTED", "end", "First to last packet.", false, false, 5, 0, show_lasted },
	{ "SENT", "client_bytes", "Bytes from the client.", false, false, 1, 0,
	  show_client_bytes },
	{ "RECEIVED", "server_bytes", "Bytes from the server.", false, false, 1, 0,
	  show_server_bytes },
	{ "RTT", "server_rtt_us", "Round trip to the server.", false, false, 8, 0,
	  show_server_rtt_us },
	{ "RESP", "response_mean_us", "Mean response time.", false, false, 3, 0,
	  show_response },
	{ "RESENT", "server_retransmits", "Segments sent again.", false, false, 9, 0,
	  show_resent },
	{ "LOST", "lost_bytes", "Payload lost before us.", false, false, 10, 0,
	  show_lost },
	{ "ERRORS", "answer_errors", "Error answers of all answers.", false, false,
	  LEAVES_IF_EMPTY, 0, show_errors },
	{ "LOGIN", "login_user", "Who logged in, or tried to.", true, true,
	  LEAVES_IF_EMPTY, 6, show_login },
	{ "SOFTWARE", "software", "What the server says it is.", true, true,
	  LEAVES_IF_EMPTY, 12, show_software },
	{ "NAME", "name", "Name asked for.", true, true, LEAVES_IF_EMPTY, 12,
	  show_name },
	{ "VERSION", "version", "Version of the protocol.", true, true, LEAVES_IF_EMPTY,
	  0, show_version },
	{ "CIPHER", "cipher", "Cipher in use.", true, true, LEAVES_IF_EMPTY, 12,
	  show_cipher },
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
