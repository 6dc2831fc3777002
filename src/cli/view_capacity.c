/*
 * view_capacity.c: the columns of `forecast --capacity`: when a service is used, and
 * how much.
 */
#include <math.h>
#include <stdio.h>

#include "cli/cells.h"

enum { WEEK_HOURS = 168, DAY_HOURS = 24 };

SHOW_STRONG(server_ip)

SHOW_PORT

SHOW_TEXT(service)

SHOW_TEXT(process)

/* "Tue 14:00" */
static void show_hour(struct cell *out, const json_t *record, const char *name)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu",
					    "Fri", "Sat", "Sun" };
	double hour = member_number(record, name);
	cell_text(out, NULL);
	if (!(hour >= 0 && hour < WEEK_HOURS))
		return;
	int at = (int)hour;
	snprintf(out->text, sizeof(out->text), "%s %02d:00", days[at / DAY_HOURS],
		 at % DAY_HOURS);
	out->tone = TONE_NORMAL;
}

SHOW(show_busiest)
{
	show_hour(out, record, "busiest_hour");
}

SHOW_BYTES(busiest_bytes)

SHOW(show_quietest)
{
	show_hour(out, record, "quietest_hour");
}

SHOW_BYTES(quietest_bytes)

SHOW_BYTES(mean_bytes)

SHOW(show_room)
{
	text_percent(out->text, sizeof(out->text),
		     member_number(record, "headroom_ratio"));
	out->tone = TONE_QUIET;
}

SHOW(show_idle)
{
	text_percent(out->text, sizeof(out->text), member_number(record, "idle_ratio"));
}

/* Nobody came in all the time: is it needed? */
SHOW(show_last)
{
	char span[32];
	int64_t at_us;
	if (cell_time_of(record, "last_used", &at_us)) {
		cell_when(out, record, "last_used");
		return;
	}
	text_span(span, sizeof(span), member_number(record, "history_s"));
	snprintf(out->text, sizeof(out->text), "not in %s", span);
	out->tone = TONE_NORMAL;
	cell_mark(out);
}

static const struct column columns[] = {
	{ "HOST", "server_ip", "Address of the server.", true, true, 0, 15,
	  show_server_ip },
	{ "PORT", "port", "Its port and transport.", true, true, 0, 0, show_port },
	{ "SERVICE", "service", "IANA name of the port.", true, true, 3, 8,
	  show_service },
	{ "PROCESS", "process", "Process that listens.", true, true, 5, 8,
	  show_process },
	{ "BUSIEST", "busiest_hour", "Busiest hour of the week, UTC.", true, true, 0, 0,
	  show_busiest },
	{ "THEN/s", "busiest_bytes", "Bytes/s then, of the busier direction.", false,
	  false, 0, 0, show_busiest_bytes },
	{ "QUIETEST", "quietest_hour", "Quietest hour of the week, UTC.", true, true, 2,
	  0, show_quietest },
	{ "THEN/s", "quietest_bytes", "Bytes/s then.", false, false, 2, 0,
	  show_quietest_bytes },
	{ "MEAN/s", "mean_bytes", "Bytes/s over all the history.", false, false, 1, 0,
	  show_mean_bytes },
	{ "ROOM", "headroom_ratio", "What the busiest hour leaves of the fastest link.",
	  false, true, 1, 0, show_room },
	{ "IDLE", "idle_ratio", "Hours in which no connection began.", false, false, 2,
	  0, show_idle },
	{ "LAST USED", "last_used", "Last hour in which one began, local time.", true,
	  false, 0, 0, show_last },
};

const struct view view_capacity = {
	.title = "capacity",
	.path = "/api/v1/ports",
	.sort = "mean_bytes",
	.order = "busiest first",
	.nothing = "No service has a history.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
