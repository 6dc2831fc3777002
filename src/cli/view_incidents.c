/*
 * view_incidents.c: the columns of incidents: what is wrong, since when and why.
 */
#include <string.h>

#include "cli/cells.h"
#include "record/record.h"

SHOW(show_first)
{
	out->tone = TONE_QUIET;
	cell_when(out, record, "first");
}

/* As many digits as tell it from others; incidents, ack and close take them. */
SHOW(show_id)
{
	enum { DIGITS = 8 };
	cell_text(out, member_text(record, "id"));
	out->text[DIGITS] = '\0';
	out->tone = TONE_QUIET;
}

SHOW(show_severity)
{
	const char *severity = member_text(record, "severity");
	cell_text(out, severity);
	if (record_severity(severity) >= SEVERITY_HIGH)
		cell_mark(out);
}

SHOW(show_state)
{
	const char *state = member_text(record, "state");
	cell_text(out, state);
	if (state != NULL && strcmp(state, "firing") != 0)
		out->tone = TONE_QUIET;
}

SHOW(show_rule)
{
	cell_text(out, member_text(record, "rule"));
	out->tone = TONE_STRONG;
}

SHOW(show_target)
{
	cell_text(out, member_text(record, "target"));
}

SHOW(show_alerts)
{
	cell_count(out, record, "alerts");
}

SHOW(show_findings)
{
	cell_count(out, record, "findings");
}

SHOW(show_targets)
{
	cell_count(out, record, "targets");
}

/* Who takes care; nobody does until somebody says so. */
SHOW(show_owner)
{
	cell_text(out, member_text(record, "owner"));
}

SHOW(show_cause)
{
	const char *cause = member_text(record, "cause");
	cell_text(out, cause != NULL ? cause : member_text(record, "summary"));
}

static const struct column columns[] = {
	{ "SINCE", "first", "When it began, local time.", true, false, 4, 0,
	  show_first },
	{ "ID", "id", "First digits of its id, which incidents, ack and close take.",
	  true, true, 0, 0, show_id },
	{ "SEVERITY", "severity", "The gravest of its alerts and findings.", true, true,
	  0, 0, show_severity },
	{ "STATE", "state", "firing or resolved.", true, true, 5, 0, show_state },
	{ "WHAT", "rule", "Rule of its first alert, or kind of its first finding.",
	  true, true, 0, 0, show_rule },
	{ "TARGET", "target", "What it is about.", true, true, 2, 12, show_target },
	{ "ALERTS", "alerts", "Alerts that belong to it.", false, false, 7, 0,
	  show_alerts },
	{ "FINDINGS", "findings", "Findings that belong to it.", false, false, 6, 0,
	  show_findings },
	{ "TARGETS", "targets", "Services, hosts and targets that are concerned.",
	  false, false, 3, 0, show_targets },
	{ "OWNER", "owner", "Who takes care of it.", true, true, LEAVES_IF_EMPTY, 0,
	  show_owner },
	{ "CAUSE", "cause", "The most probable cause.", true, true, 0, 20, show_cause },
};

const struct view view_incidents = {
	.title = "incidents",
	.path = "/api/v1/incidents",
	.sort = "first",
	.order = "newest first",
	.nothing = "No incidents.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
