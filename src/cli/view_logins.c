/*
 * view_logins.c: the columns of logins: who tried to get in, and how it ended.
 */
#include <math.h>
#include <string.h>

#include "cli/cells.h"

SHOW_WHEN(at)

/* At the machine itself there is none. */
static void cell_end(struct cell *out, const json_t *record, const char *ip,
		     const char *port)
{
	if (member_text(record, ip) == NULL && isnan(member_number(record, port)))
		cell_text(out, NULL);
	else
		cell_endpoint(out, record, ip, port);
}

SHOW(show_client)
{
	cell_end(out, record, "client_ip", "client_port");
}

SHOW(show_server)
{
	cell_end(out, record, "server_ip", "server_port");
}

SHOW_TEXT(protocol)

SHOW_STRONG(user)

/* A success is what everybody else's failures are looked through for. */
SHOW(show_outcome)
{
	const char *outcome = member_text(record, "outcome");
	cell_text(out, outcome);
	if (outcome != NULL && strcmp(outcome, "success") == 0)
		out->tone = TONE_GOOD;
}

SHOW_TEXT(method)

/* "size, log" if a log told of it, too. */
SHOW(show_seen_by)
{
	char both[32];
	const char *seen_by = member_text(record, "seen_by");
	bool has_twin = seen_by != NULL && strcmp(seen_by, "log") != 0 &&
			member_text(record, "source") != NULL;
	if (has_twin)
		snprintf(both, sizeof(both), "%s, log", seen_by);
	cell_text(out, has_twin ? both : seen_by);
}

SHOW_TEXT(source)

static const struct column columns[] = {
	{ "WHEN", "at", "When it was tried, local time.", true, false, 2, 0, show_at },
	{ "CLIENT", "client_ip", "Who connected.", true, true, 0, 12, show_client },
	{ "SERVER", "server_ip", "Where, if it is known.", true, true, 5, 12,
	  show_server },
	{ "PROTOCOL", "protocol", "Application protocol, or local program.", true, true,
	  0, 0, show_protocol },
	{ "USER", "user", "Who it was for.", true, true, 0, 8, show_user },
	{ "OUTCOME", "outcome", "success, failure or unknown.", true, true, 0, 0,
	  show_outcome },
	{ "METHOD", "method", "How, in the protocol's words.", true, true, 6, 8,
	  show_method },
	{ "SEEN BY", "seen_by",
	  "packets: read there; size: inferred from sizes; log: a log told it.", true,
	  true, 7, 0, show_seen_by },
	{ "SOURCE", "source", "Format and log that told it.", true, true, 8, 8,
	  show_source },
};

const struct view view_logins = {
	.title = "logins",
	.path = "/api/v1/logins",
	.sort = "at",
	.order = "newest first",
	.nothing = "No logins.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
