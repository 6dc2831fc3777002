/*
 * view_levels.c: the columns of service levels: what is promised, what was reached, and
 * how much of the error budget is left.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cells.h"

/* Burns the budget of a window within the window. */
static const double BURNS = 1;
static const double PERCENT = 100;

SHOW_STRONG(name)
SHOW_TEXT(target)
SHOW_TEXT(measure)

/* 99.995 % is not 100 %: cut, not rounded, after five digits that count. */
static void show_share(struct cell *out, const json_t *record, const char *name)
{
	static const double STEPS = 1000;
	double value = member_number(record, name);
	cell_quiet_if_nothing(out, value);
	if (isnan(value)) {
		cell_text(out, NULL);
		return;
	}
	/* What the arithmetic lost of a whole step is no step. */
	double percent = floor(value * PERCENT * STEPS + 1e-6) / STEPS;
	snprintf(out->text, sizeof(out->text), "%.7g%%", percent);
}

#define SHOW_SHARE(name)                                                               \
	SHOW(show_##name)                                                              \
	{                                                                              \
		show_share(out, record, #name);                                        \
	}
SHOW_SHARE(objective)
SHOW_SHARE(reached_7d)
SHOW_SHARE(reached_30d)
SHOW_SHARE(reached_90d)

SHOW(show_reached)
{
	show_share(out, record, "reached");
	double reached = member_number(record, "reached");
	if (reached < member_number(record, "objective"))
		cell_mark(out);
}

SHOW(show_budget)
{
	double left = member_number(record, "budget_left");
	cell_ratio(out, record, "budget_left", INFINITY);
	if (left <= 0)
		cell_mark(out);
}

/* Seconds as a span, events as a number. */
static void show_amount(struct cell *out, const json_t *record, const char *name)
{
	const char *unit = member_text(record, "unit");
	double value = member_number(record, name);
	if (unit != NULL && strcmp(unit, "seconds") == 0)
		text_span(out->text, sizeof(out->text), value);
	else
		text_count(out->text, sizeof(out->text), value);
	cell_quiet_if_nothing(out, value);
}

#define SHOW_AMOUNT(name)                                                              \
	SHOW(show_##name)                                                              \
	{                                                                              \
		show_amount(out, record, #name);                                       \
	}
SHOW_AMOUNT(bad)
SHOW_AMOUNT(unknown)

SHOW(show_window)
{
	text_span(out->text, sizeof(out->text), member_number(record, "window_s"));
	out->tone = TONE_QUIET;
}

static void show_burn(struct cell *out, const json_t *record, const char *name)
{
	double value = member_number(record, name);
	cell_quiet_if_nothing(out, value);
	if (isnan(value))
		cell_text(out, NULL);
	else
		snprintf(out->text, sizeof(out->text), "%.3g", value);
	cell_mark_if_over(out, value, BURNS);
}

#define SHOW_BURN(name)                                                                \
	SHOW(show_##name)                                                              \
	{                                                                              \
		show_burn(out, record, #name);                                         \
	}
SHOW_BURN(burn_1h)
SHOW_BURN(burn_6h)
SHOW_BURN(burn_3d)

SHOW(show_alert)
{
	const char *severity = member_text(record, "severity");
	cell_text(out, severity);
	if (severity != NULL)
		cell_mark(out);
}

static const struct column columns[] = {
	{ "LEVEL", "name", "Its name.", true, true, 0, 0, show_name },
	{ "TARGET", "target", "What it is about.", true, true, 0, 16, show_target },
	{ "MEASURE", "measure", "availability, errors or response.", true, true, 8, 0,
	  show_measure },
	{ "PROMISED", "objective", "The objective.", false, false, 0, 0,
	  show_objective },
	{ "REACHED", "reached", "Good share of what is known.", false, false, 0, 0,
	  show_reached },
	{ "IN", "window_s", "In which time.", false, false, 4, 0, show_window },
	{ "LEFT", "budget_left", "Share of the error budget that is left.", false,
	  false, 0, 0, show_budget },
	{ "BAD", "bad", "How long, or how many.", false, false, 1, 0, show_bad },
	{ "UNKNOWN", "unknown", "How long nobody knows.", false, false, 2, 0,
	  show_unknown },
	{ "BURN 1H", "burn_1h",
	  "How fast the last hour used up the budget; 1: all of it in the window.",
	  false, false, LEAVES_IF_EMPTY + 1, 0, show_burn_1h },
	{ "6H", "burn_6h", "The last six hours.", false, false, LEAVES_IF_EMPTY + 3, 0,
	  show_burn_6h },
	{ "3D", "burn_3d", "The last three days.", false, false, LEAVES_IF_EMPTY + 2, 0,
	  show_burn_3d },
	{ "7 DAYS", "reached_7d", "Reached in the last 7 days.", false, false,
	  LEAVES_IF_EMPTY + 4, 0, show_reached_7d },
	{ "30 DAYS", "reached_30d", "In the last 30.", false, false,
	  LEAVES_IF_EMPTY + 5, 0, show_reached_30d },
	{ "90 DAYS", "reached_90d", "In the last 90.", false, false,
	  LEAVES_IF_EMPTY + 6, 0, show_reached_90d },
	{ "ALERT", "severity", "Severity, while it burns too fast.", true, true,
	  LEAVES_IF_EMPTY, 0, show_alert },
};

const struct view view_levels = {
	.title = "service levels",
	.path = "/api/v1/levels",
	.sort = "name",
	.order = "by name and target",
	.nothing = "No service levels: nothing is asked or counted yet; docs/alerts.md "
		   "says how.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
