/*
 * view_figures.c: the columns of `incidents --figures`: a week of incidents.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cells.h"

enum { WEEK_S = 7 * 86400 };

SHOW(show_week)
{
	out->tone = TONE_STRONG;
	cell_text(out, member_text(record, "week"));
}

/* Of how much of it anything is known. */
SHOW(show_known)
{
	double weeks = member_number(record, "weeks");
	double known = member_number(record, "known_s") / WEEK_S;
	const char *week = member_text(record, "week");
	if (week != NULL && strcmp(week, "before") == 0)
		snprintf(out->text, sizeof(out->text), "%.0f week%s", weeks,
			 weeks == 1 ? "" : "s");
	else
		text_percent(out->text, sizeof(out->text), floor(known * 100) / 100);
	out->tone = TONE_QUIET;
}

/* Of a mean week a tenth says something. */
static void show_count(struct cell *out, const json_t *record, const char *name)
{
	double count = member_number(record, name);
	if (isnan(count) || count == floor(count))
		cell_count(out, record, name);
	else
		snprintf(out->text, sizeof(out->text), "%.1f", count);
}

SHOW(show_incidents)
{
	show_count(out, record, "incidents");
}

/* The mean only where it says something else. */
static void show_span(struct cell *out, const json_t *record, const char *median_name,
		      const char *mean_name)
{
	enum { LIES = 2 };
	double median = member_number(record, median_name);
	double mean = member_number(record, mean_name);
	char text[CELL_MAX / 2];
	cell_duration(out, record, median_name);
	if (isnan(mean) || (mean <= LIES * median && median <= LIES * mean))
		return;
	text_duration(text, sizeof(text), mean);
	size_t len = strlen(out->text);
	snprintf(out->text + len, sizeof(out->text) - len, " (mean %s)", text);
}

SHOW(show_detect)
{
	show_span(out, record, "detect_median_us", "detect_mean_us");
}

SHOW(show_acknowledge)
{
	show_span(out, record, "acknowledge_median_us", "acknowledge_mean_us");
}

SHOW(show_resolve)
{
	show_span(out, record, "resolve_median_us", "resolve_mean_us");
}

/* No limit is too much of it. */
SHOW(show_automatic)
{
	cell_ratio(out, record, "automatic_ratio", INFINITY);
}

SHOW(show_false)
{
	cell_ratio(out, record, "false_ratio", INFINITY);
}

SHOW(show_messages)
{
	show_count(out, record, "messages");
}

static const struct column columns[] = {
	{ "WEEK", "week", "Week of ISO 8601, UTC; before: the mean of those before.",
	  true, true, 0, 0, show_week },
	{ "KNOWN", "known_s", "How much of it is over and known.", false, true, 3, 0,
	  show_known },
	{ "INCIDENTS", "incidents", "Incidents that were first said in it.", false,
	  true, 0, 0, show_incidents },
	{ "SAID", "detect_median_us",
	  "From the first evidence until it was said (MTTD): median, and the mean "
	  "where that is another.",
	  false, true, 0, 0, show_detect },
	{ "ACKED", "acknowledge_median_us",
	  "From said until acknowledged (MTTA), of those that were.", false, true, 0, 0,
	  show_acknowledge },
	{ "OVER", "resolve_median_us",
	  "From said until over (MTTR), of those that are.", false, true, 0, 0,
	  show_resolve },
	{ "AUTOMATIC", "automatic_ratio", "Answered without a person.", false, true, 1,
	  0, show_automatic },
	{ "FALSE", "false_ratio",
	  "False positives, of those that a person acknowledged or closed.", false,
	  true, 1, 0, show_false },
	{ "MESSAGES", "messages", "Messages that were sent.", false, true, 2, 0,
	  show_messages },
};

const struct view view_figures = {
	.title = "figures",
	.path = "/api/v1/figures",
	.sort = "week",
	.order = "newest first",
	.nothing = "No week.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
