/*
 * view_fleet_capacity.c: the columns of `capacity`: what a service of a fleet carries,
 * and what it has left.
 */
#include <math.h>
#include <stdio.h>

#include "cli/cells.h"

/* Less than that is little: as FULL of what a machine forecasts. */
static const double LITTLE = 0.2, FULL = 0.8;

SHOW_PORT
SHOW_TEXT(service)

/* "40", or "40 (3 limits)" where not all are known. */
SHOW(show_sensors)
{
	double all = member_number(record, "sensors");
	double known = member_number(record, "limits_known");
	cell_count(out, record, "sensors");
	if (known < all)
		snprintf(out->text, sizeof(out->text), "%.0f (%.0f limit%s)", all,
			 known, known == 1 ? "" : "s");
}

SHOW_COUNT(active)
SHOW_BYTES(load_bytes)
SHOW_BYTES(peak_bytes)
SHOW_BYTES(limit_bytes)

static void show_room(struct cell *out, const json_t *record, const char *name)
{
	double ratio = member_number(record, name);
	text_percent(out->text, sizeof(out->text), fabs(ratio));
	cell_quiet_if_nothing(out, ratio);
	if (ratio < 0) { /* by so much of what there is it is too little */
		char text[sizeof(out->text)];
		text_percent(text, sizeof(text), -ratio);
		snprintf(out->text, sizeof(out->text), "-%.30s", text);
	}
	if (ratio < LITTLE)
		cell_mark(out);
}

SHOW(show_headroom)
{
	show_room(out, record, "headroom_ratio");
}

SHOW(show_peak_headroom)
{
	show_room(out, record, "peak_headroom_ratio");
}

SHOW(show_lost_headroom)
{
	show_room(out, record, "lost_headroom_ratio");
}

SHOW_TEXT(lost_sensor)

/* "web-3 error_ratio 85%" */
SHOW(show_nearest)
{
	char name[CELL_MAX], share[32];
	double ratio = member_number(record, "nearest_ratio");
	const char *sensor = member_text(record, "nearest_sensor");
	const char *metric = member_text(record, "nearest_metric");
	cell_text(out, NULL);
	if (sensor == NULL || metric == NULL)
		return;
	text_percent(share, sizeof(share), ratio);
	text_clean(name, sizeof(name), sensor);
	snprintf(out->text, sizeof(out->text), "%.64s %.24s %s", name, metric, share);
	out->tone = TONE_NORMAL;
	cell_mark_if_over(out, ratio, FULL);
}

/* "2026-03-06 12:00 web-3" */
SHOW(show_crosses)
{
	char name[CELL_MAX], when[32];
	const char *sensor = member_text(record, "crosses_sensor");
	cell_when(out, record, "crosses_at");
	if (sensor == NULL)
		return;
	snprintf(when, sizeof(when), "%.31s", out->text);
	text_clean(name, sizeof(name), sensor);
	snprintf(out->text, sizeof(out->text), "%s %.64s", when, name);
	cell_mark(out);
}

static const struct column columns[] = {
	{ "PORT", "port", "Port and transport of the service.", true, true, 0, 0,
	  show_port },
	{ "SERVICE", "service", "IANA name of the port.", true, true, 4, 8,
	  show_service },
	{ "SENSORS", "sensors", "That have it and are up; whose limits are known.",
	  true, false, 0, 0, show_sensors },
	{ "OPEN", "active", "Connections that are open.", false, false, 6, 0,
	  show_active },
	{ "LOAD/s", "load_bytes", "Bytes/s now, of the busier direction.", false, false,
	  0, 0, show_load_bytes },
	{ "LIMIT/s", "limit_bytes", "What it could carry.", false, false, 3, 0,
	  show_limit_bytes },
	{ "ROOM", "headroom_ratio", "What is left of that now.", false, true, 0, 0,
	  show_headroom },
	{ "BUSIEST/s", "peak_bytes", "Bytes/s in the busiest hours of the week.", false,
	  false, 5, 0, show_peak_bytes },
	{ "ROOM THEN", "peak_headroom_ratio", "What is left then.", false, true, 2, 0,
	  show_peak_headroom },
	{ "N-1", "lost_headroom_ratio",
	  "What would be left then without one of them; below 0: too little.", false,
	  true, 0, 0, show_lost_headroom },
	{ "WITHOUT", "lost_sensor", "The one whose loss would leave least.", true, true,
	  2, 8, show_lost_sensor },
	{ "NEAREST", "nearest_ratio", "Who is nearest to a limit, which, and how near.",
	  true, false, 1, 12, show_nearest },
	{ "CROSSES", "crosses_at", "When a limit is expected to be reached, and where.",
	  true, true, 1, 12, show_crosses },
};

const struct view view_fleet_capacity = {
	.title = "services",
	.path = "/api/v1/capacity",
	.sort = "port",
	.order = "by port",
	.nothing = "No sensor that is up has told of a service.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
