/*
 * view_incidents.c: the columns of incidents: what is wrong, since when and why.
 */
#include <string.h>

#include "cli/cells.h"
#include "record/record.h"

SHOW_WHEN(first)
SHOW_ID(id)
SHOW_SEVERITY
SHOW_STATE("firing")
SHOW_STRONG(rule)
SHOW_TEXT(target)
SHOW_COUNT(alerts)
SHOW_COUNT(findings)
SHOW_COUNT(targets)

/* Who takes care; nobody does until somebody says so. */
SHOW_TEXT(owner)
SHOW_TEXT(suppressed_by)

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
	{ "NOT-TOLD", "suppressed_by", "Why nobody is told.", true, true,
	  LEAVES_IF_EMPTY, 8, show_suppressed_by },
	{ "OWNER", "owner", "Who takes care of it.", true, true, LEAVES_IF_EMPTY, 0,
	  show_owner },
	{ "CAUSE", "cause", "The most probable cause; if none is known, what happened.",
	  true, true, 0, 20, show_cause },
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
