/*
 * view_alerts.c: the columns of alerts and of silences: which limits are crossed, which
 * other rules would have found crossed, and of what nobody is told.
 */
#include <string.h>

#include "cli/cells.h"

SHOW_WHEN(start)
SHOW_WHEN(end)
SHOW_TEXT(target)
SHOW_TEXT(summary)
/* Why nobody is told; of most there is no reason. */
SHOW_TEXT(suppressed_by)
SHOW_ID(id)
SHOW_SEVERITY
SHOW_STATE("firing")
SHOW_STRONG(rule)
SHOW_ID(incident)

static const struct column alert_columns[] = {
	{ "SINCE", "start", "Since when the limit was crossed, local time.", true,
	  false, 0, 0, show_start },
	{ "UNTIL", "end", "When it was no more.", true, false, LEAVES_IF_EMPTY, 0,
	  show_end },
	{ "ID", "id", "First digits of its id, which alerts takes.", true, true, 0, 0,
	  show_id },
	{ "SEVERITY", "severity", "The gravest limit that was crossed.", true, true, 0,
	  0, show_severity },
	{ "STATE", "state", "firing or resolved.", true, true, 5, 0, show_state },
	{ "RULE", "rule", "Name of the rule; docs/alerts.md.", true, true, 0, 0,
	  show_rule },
	{ "TARGET", "target", "What it is about.", true, true, 4, 12, show_target },
	{ "INCIDENT", "incident",
	  "First digits of its incident's id, which incidents takes.", true, true, 6, 0,
	  show_incident },
	{ "NOT-TOLD", "suppressed_by", "Why nobody is told.", true, true,
	  LEAVES_IF_EMPTY, 8, show_suppressed_by },
	{ "SUMMARY", "summary", "How much it is, and what the limit is.", true, true, 3,
	  20, show_summary },
};

const struct view view_alerts = {
	.title = "alerts",
	.path = "/api/v1/alerts",
	.sort = "start",
	.order = "newest first",
	.nothing = "No alerts.",
	.columns = alert_columns,
	.count = sizeof(alert_columns) / sizeof(alert_columns[0]),
};

/* ---- what rules would have found ---- */

/* What is only one side's stands out. */
SHOW(show_change)
{
	const char *change = member_text(record, "change");
	cell_text(out, change);
	out->tone = change != NULL && strcmp(change, "same") != 0 ? TONE_STRONG
								  : TONE_QUIET;
}

SHOW_TEXT(value_text)
SHOW_TEXT(limit_text)

static const struct column trial_columns[] = {
	{ "CHANGE", "change", "new, gone or same.", true, true, 0, 0, show_change },
	{ "BEGIN", "start", "Since when the limit was crossed, local time.", true,
	  false, 0, 0, show_start },
	{ "END", "end", "When it was no more.", true, false, 3, 0, show_end },
	{ "SEVERITY", "severity", "The gravest limit that was crossed.", true, true, 4,
	  0, show_severity },
	{ "RULE", "rule", "Name of the rule.", true, true, 0, 0, show_rule },
	{ "TARGET", "target", "What it is about.", true, true, 0, 12, show_target },
	{ "VALUE", "value", "What it was when it was gravest.", false, false, 1, 0,
	  show_value_text },
	{ "LIMIT", "limit", "What the limit was.", false, false, 2, 0,
	  show_limit_text },
};

const struct view view_alert_trial = {
	.title = "alerts",
	.nothing = "No alerts.",
	.columns = trial_columns,
	.count = sizeof(trial_columns) / sizeof(trial_columns[0]),
};

SHOW_TEXT(day)
SHOW_COUNT(would)
SHOW_COUNT(in_force)
SHOW_COUNT(new)
SHOW_COUNT(gone)

static const struct column count_columns[] = {
	{ "RULE", "rule", "Name of the rule.", true, true, LEAVES_IF_EMPTY, 0,
	  show_rule },
	{ "DAY", "day", "On which they began.", true, true, LEAVES_IF_EMPTY, 0,
	  show_day },
	{ "WOULD", "would", "Alerts of the rules that are tried.", false, false, 0, 0,
	  show_would },
	{ "IN-FORCE", "in_force", "Alerts of those in force.", false, false, 0, 0,
	  show_in_force },
	{ "NEW", "new", "Only of those that are tried.", false, false, 0, 0, show_new },
	{ "GONE", "gone", "Only of those in force.", false, false, 0, 0, show_gone },
};

const struct view view_alert_counts = {
	.title = "counts",
	.nothing = "No alerts.",
	.columns = count_columns,
	.count = sizeof(count_columns) / sizeof(count_columns[0]),
};

/* ---- silences ---- */

SHOW_WHEN(until)
SHOW_TEXT(match)
SHOW_TEXT(actor)
SHOW_TEXT(why)

SHOW(show_silence_state)
{
	cell_state(out, record, "active");
}

static const struct column silence_columns[] = {
	{ "FROM", "start", "When it began, or will, local time.", true, false, 5, 0,
	  show_start },
	{ "UNTIL", "until", "When it ends.", true, false, 0, 0, show_until },
	{ "ID", "id", "First digits of its id, which unsilence takes.", true, true, 0,
	  0, show_id },
	{ "STATE", "state", "pending, active or expired.", true, true, 0, 0,
	  show_silence_state },
	{ "MATCH", "match", "Of which incidents nobody is told; docs/alerts.md.", true,
	  true, 0, 20, show_match },
	{ "BY", "actor", "Who made it.", true, true, 4, 0, show_actor },
	{ "WHY", "why", "Why.", true, true, 3, 12, show_why },
};

const struct view view_silences = {
	.title = "silences",
	.path = "/api/v1/silences",
	.sort = "start",
	.order = "newest first",
	.nothing = "No silences.",
	.columns = silence_columns,
	.count = sizeof(silence_columns) / sizeof(silence_columns[0]),
};
