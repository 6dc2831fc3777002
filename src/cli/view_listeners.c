/*
 * view_listeners.c: the columns of listening sockets: who waits for clients, where.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cells.h"

/* With the device it is bound to, as ss(8) writes it. */
SHOW(show_address)
{
	char text[96];
	const char *ip = member_text(record, "ip"),
		   *iface = member_text(record, "iface");
	out->tone = TONE_STRONG;
	snprintf(text, sizeof(text), "%.45s%s%.31s", ip == NULL ? "?" : ip,
		 iface == NULL ? "" : "%", iface == NULL ? "" : iface);
	cell_text(out, text);
}

SHOW_PORT

SHOW_TEXT(service)

/* Who hides from /proc is worth a mark, named or not. */
SHOW(show_process)
{
	const char *name = member_text(record, "process");
	bool hidden = json_is_true(json_object_get(record, "hidden"));
	cell_text(out, hidden && name == NULL ? "hidden" : name);
	if (hidden)
		cell_mark(out);
}

SHOW(show_pid)
{
	double pid = member_number(record, "pid");
	if (isnan(pid))
		cell_text(out, NULL);
	else
		snprintf(out->text, sizeof(out->text), "%.0f", pid);
}

SHOW_TEXT(user)

/*
 * A container's identifier has 64 digits, of which twelve are the custom; that a unit
 * is a service goes without saying.
 */
SHOW(show_unit)
{
	static const char service[] = ".service";
	char text[64];
	const char *container = member_text(record, "container");
	const char *unit = member_text(record, "unit");
	if (container == NULL && unit == NULL) {
		cell_text(out, NULL);
		return;
	}
	snprintf(text, sizeof(text), container != NULL ? "%.12s" : "%s",
		 container != NULL ? container : unit);
	size_t len = strlen(text), end = strlen(service);
	if (len > end && strcmp(text + len - end, service) == 0)
		text[len - end] = '\0';
	cell_text(out, text);
}

SHOW_TEXT(package)

SHOW_TEXT(reach)

SHOW_WHEN(since)

SHOW_COUNT(established)

SHOW_DURATION(rtt_us)

/* The kernel takes one more than the most (accept queue), then drops clients. */
SHOW(show_queue)
{
	char waiting[32], most[32];
	double backlog = member_number(record, "backlog");
	double backlog_max = member_number(record, "backlog_max");
	text_count(waiting, sizeof(waiting), backlog);
	text_count(most, sizeof(most), backlog_max);
	if (isnan(backlog_max))
		snprintf(out->text, sizeof(out->text), "%s", waiting);
	else
		snprintf(out->text, sizeof(out->text), "%s/%s", waiting, most);
	cell_quiet_if_nothing(out, backlog);
	if (backlog_max > 0 && backlog > backlog_max)
		cell_mark(out);
}

SHOW(show_drops)
{
	cell_count(out, record, "overflows");
	cell_mark_if_over(out, member_number(record, "overflows"), 0);
}

SHOW(show_authorized)
{
	const json_t *authorized = json_object_get(record, "authorized");
	cell_text(out, json_is_true(authorized)    ? "yes"
		       : json_is_false(authorized) ? "no"
						   : NULL);
	if (json_is_false(authorized))
		cell_mark(out);
}

SHOW(show_namespace)
{
	double netns = member_number(record, "netns");
	cell_text(out, NULL);
	if (!isnan(netns))
		snprintf(out->text, sizeof(out->text), "%.0f", netns);
}

SHOW_TEXT(change)

static const struct column columns[] = {
	{ "ADDRESS", "ip", "Address it is bound to.", true, true, 0, 15, show_address },
	{ "PORT", "port", "Its port and transport.", true, true, 0, 0, show_port },
	{ "SERVICE", "service", "IANA name of the port.", true, true, 6, 8,
	  show_service },
	{ "PROCESS", "process", "Process that holds it.", true, true, 0, 8,
	  show_process },
	{ "PID", "pid", "Its number.", false, false, 4, 0, show_pid },
	{ "USER", "user", "User it runs as.", true, true, 2, 6, show_user },
	{ "UNIT", "unit", "systemd unit or container.", true, true, 3, 10, show_unit },
	{ "PACKAGE", "package", "Package of its executable.", true, true, 8, 8,
	  show_package },
	{ "REACH", "reach", "From where it is reached.", true, true, 1, 0, show_reach },
	{ "SINCE", "since", "Listening since, local time.", true, false, 5, 0,
	  show_since },
	{ "CONNS", "established", "Connections open now.", false, false, 6, 0,
	  show_established },
	{ "RTT", "rtt_us", "Their round trip, by the kernel.", false, false, 7, 0,
	  show_rtt_us },
	{ "QUEUE", "backlog", "Waiting clients, of most.", false, false, 3, 0,
	  show_queue },
	{ "DROPS", "overflows", "Clients dropped by a full queue.", false, false, 4, 0,
	  show_drops },
	{ "AUTH", "authorized", "Allowed by the register.", true, true, 2, 0,
	  show_authorized },
	{ "NETNS", "netns", "Network namespace, if not ours.", false, false,
	  LEAVES_IF_EMPTY, 0, show_namespace },
	{ "CHANGE", "change", "With --since: what happened.", true, true,
	  LEAVES_IF_EMPTY, 0, show_change },
};

const struct view view_listeners = {
	.title = "listening sockets",
	.path = "/api/v1/listeners",
	.sort = "port",
	.order = "by port",
	.nothing = "Nothing listens.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};

/* ---- as they were at a moment ---- */

SHOW_TEXT(owner)

SHOW_TEXT(approver)

SHOW_WHEN(expires)

SHOW_COUNT(flows)

SHOW(show_in)
{
	cell_bytes(out, member_number(record, "client_bytes"));
}

SHOW(show_out)
{
	cell_bytes(out, member_number(record, "server_bytes"));
}

static const struct column moment_columns[] = {
	{ "ADDRESS", "ip", "Address it was bound to.", true, true, 0, 15,
	  show_address },
	{ "PORT", "port", "Its port and transport.", true, true, 0, 0, show_port },
	{ "SERVICE", "service", "IANA name of the port.", true, true, 6, 8,
	  show_service },
	{ "PROCESS", "process", "Process that held it.", true, true, 0, 8,
	  show_process },
	{ "USER", "user", "User it ran as.", true, true, 3, 6, show_user },
	{ "UNIT", "unit", "systemd unit or container.", true, true, 4, 10, show_unit },
	{ "REACH", "reach", "From where it was reached.", true, true, 1, 0,
	  show_reach },
	{ "SINCE", "since", "Listening since, local time.", true, false, 5, 0,
	  show_since },
	{ "AUTH", "authorized", "Allowed by the register.", true, true, 0, 0,
	  show_authorized },
	{ "OWNER", "owner", "Who answered for it.", true, true, 2, 8, show_owner },
	{ "APPROVER", "approver", "Who had allowed it.", true, true, 4, 8,
	  show_approver },
	{ "EXPIRES", "expires", "Until when.", true, true, 4, 0, show_expires },
	{ "FLOWS", "flows", "Connections that began.", false, false, LEAVES_IF_EMPTY, 0,
	  show_flows },
	{ "IN", "client_bytes", "Bytes from clients.", false, false, LEAVES_IF_EMPTY, 0,
	  show_in },
	{ "OUT", "server_bytes", "Bytes to clients.", false, false, LEAVES_IF_EMPTY, 0,
	  show_out },
};

const struct view view_moment = {
	.title = "listening sockets",
	.path = "/api/v1/listeners",
	.sort = "port",
	.order = "by port",
	.nothing = "Nothing listened.",
	.columns = moment_columns,
	.count = sizeof(moment_columns) / sizeof(moment_columns[0]),
};
