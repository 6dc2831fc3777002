/*
 * view_sensors.c: the columns of the sensors of a fleet: how each is.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cells.h"
#include "cli/sensor_trouble.h"

SHOW(show_state)
{
	enum sensor_rank rank = sensor_rank(record);
	cell_text(out, member_text(record, "state"));
	if (rank == SENSOR_CUT_OFF)
		cell_text(out, "cut off");
	if (rank == SENSOR_LATE || rank == SENSOR_CUT_OFF)
		cell_mark(out);
	else if (rank == SENSOR_GONE || rank == SENSOR_REVOKED)
		out->tone = TONE_QUIET;
}

SHOW_TEXT(site)
SHOW_TEXT(tags)
SHOW_TEXT(version)
SHOW_TEXT(blind)

SHOW(show_at)
{
	cell_when(out, record, "at");
	if (sensor_rank(record) != SENSOR_LATE)
		out->tone = TONE_QUIET;
}

SHOW(show_lag)
{
	cell_duration(out, record, "lag_us");
	if (member_number(record, "lag_us") == 0)
		snprintf(out->text, sizeof(out->text), "none");
	if (sensor_lags(record))
		cell_mark(out);
}

SHOW_BYTES(spool_bytes)

SHOW(show_records_dropped)
{
	cell_count(out, record, "records_dropped");
	cell_mark_if_over(out, member_number(record, "records_dropped"), 0);
}

SHOW(show_packets_dropped)
{
	cell_count(out, record, "packets_dropped");
	cell_mark_if_over(out, member_number(record, "packets_dropped"), 0);
}

/* "+12 ms", "-3.2 s": which way it is off matters to who compares times. */
SHOW(show_clock)
{
	char text[48];
	double ms = member_number(record, "clock_offset_ms");
	if (isnan(ms)) {
		cell_text(out, NULL);
		return;
	}
	text_duration(text, sizeof(text), fabs(ms) * 1000);
	snprintf(out->text, sizeof(out->text), "%s%s", ms < 0 ? "-" : "+", text);
	out->tone = TONE_QUIET;
	if (sensor_clock_is_off(record))
		cell_mark(out);
}

SHOW(show_config)
{
	bool is_refused = sensor_has_text(record, "config_refused");
	double version = member_number(record, "config_version");
	if (isnan(version) && !is_refused)
		cell_text(out, NULL);
	else if (isnan(version))
		cell_text(out, "own");
	else
		snprintf(out->text, sizeof(out->text), "%.0f", version);
	if (is_refused)
		cell_mark(out);
}

SHOW_WHEN(proven)

SHOW(show_chain)
{
	const char *word = member_text(record, "audit_chain");
	if (word != NULL && strcmp(word, "holds") == 0)
		cell_when(out, record, "audit_signed");
	else
		cell_text(out, word);
	if (sensor_chain_is_bad(record))
		cell_mark(out);
}

static const struct column columns[] = {
	{ "STATE", "state", "up; late: not heard for 30 s; cut off; gone; revoked.",
	  true, true, 0, 0, show_state },
	{ "SITE", "site", "Where it is.", true, true, 3, 8, show_site },
	{ "TAGS", "tags", "By which it is chosen.", true, true, 8, 8, show_tags },
	{ "HEARD", "at", "When it last said how it is.", true, false, 6, 0, show_at },
	{ "VERSION", "version", "Of the program there.", true, true, 7, 0,
	  show_version },
	{ "LAG", "lag_us", "Age of the oldest that waits to be sent.", false, false, 1,
	  0, show_lag },
	{ "WAITING", "spool_bytes", "What waits on its disk.", false, false, 4, 0,
	  show_spool_bytes },
	{ "DROPPED", "records_dropped", "Records that found no room to wait.", false,
	  false, 1, 0, show_records_dropped },
	{ "MISSED", "packets_dropped", "Packets that it did not see.", false, false, 2,
	  0, show_packets_dropped },
	{ "CLOCK", "clock_offset_ms", "Its clock less the cluster's.", false, false, 3,
	  0, show_clock },
	{ "CONFIG", "config_version",
	  "Version of the fleet's configuration in force; !: it refused a newer one.",
	  false, false, 1, 0, show_config },
	{ "PROVEN", "proven", "When its self-test last proved that it protects.", true,
	  false, 5, 0, show_proven },
	{ "CHAIN", "audit_signed",
	  "When its audit chain was last signed, as the hub has it; !: it does not "
	  "hold (audit verify --sensor).",
	  true, false, 4, 0, show_chain },
	{ "CAN'T SEE", "blind", "What it is blind to.", true, true, 2, 9, show_blind },
};

const struct view view_sensors = {
	.title = "sensors",
	.path = "/api/v1/sensors",
	.sort = "sensor",
	.order = "what is wrong first",
	.nothing = "No sensor is of that kind.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
