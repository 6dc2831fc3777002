/*
 * view_forecasts.c: the columns of forecasts: what becomes of which value, and when it
 * meets its limit.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cells.h"
#include "cli/forecast_text.h"

#define SECOND_US 1000000.0

static const double rather = 0.5;

SHOW_STRONG(subject)

SHOW_TEXT(service)

SHOW_TEXT(metric)

static const char *metric_of(const json_t *record)
{
	const char *metric = member_text(record, "metric");
	return metric == NULL ? "" : metric;
}

static void show_value(struct cell *out, const json_t *record, const char *name)
{
	double value = member_number(record, name);
	text_metric(out->text, sizeof(out->text), metric_of(record), value);
	if (isnan(value))
		out->tone = TONE_QUIET;
}

SHOW(show_now)
{
	show_value(out, record, "now");
	if (member_number(record, "now") >= member_number(record, "limit") &&
	    strcmp(metric_of(record), "certificate_s") != 0)
		cell_mark(out);
}

SHOW(show_limit)
{
	show_value(out, record, "limit");
	out->tone = TONE_QUIET;
}

/* "42.0 ms (31.0 ms..55.1 ms)" */
SHOW(show_predicted)
{
	char value[32], low[32], high[32];
	const char *metric = metric_of(record);
	double predicted = member_number(record, "predicted");
	text_metric(value, sizeof(value), metric, predicted);
	text_metric(low, sizeof(low), metric, member_number(record, "low"));
	text_metric(high, sizeof(high), metric, member_number(record, "high"));
	if (isnan(predicted) || strcmp(low, high) == 0)
		cell_text(out, value);
	else
		snprintf(out->text, sizeof(out->text), "%s (%s..%s)", value, low, high);
}

static double seconds_until(const json_t *record, const char *name)
{
	int64_t at_us, then_us;
	if (!cell_time_of(record, "at", &at_us) ||
	    !cell_time_of(record, name, &then_us))
		return NAN;
	return (double)(then_us - at_us) / SECOND_US;
}

/* Counted from when it was forecast. */
SHOW(show_crosses)
{
	double in_s = seconds_until(record, "crosses_at");
	text_crossing(out->text, sizeof(out->text), in_s,
		      seconds_until(record, "crosses_low"),
		      seconds_until(record, "crosses_high"));
	out->tone = isnan(in_s) ? TONE_QUIET : TONE_NORMAL;
}

SHOW(show_probability)
{
	double probability = member_number(record, "probability");
	cell_text(out, NULL);
	if (isnan(probability))
		return;
	snprintf(out->text, sizeof(out->text), "%.2f", probability);
	out->tone = TONE_NORMAL;
	if (probability >= rather)
		cell_mark(out);
}

SHOW(show_room)
{
	text_percent(out->text, sizeof(out->text),
		     member_number(record, "headroom_ratio"));
	out->tone = TONE_QUIET;
}

SHOW(show_skill)
{
	double skill = member_number(record, "skill");
	cell_text(out, NULL);
	if (!isnan(skill))
		snprintf(out->text, sizeof(out->text), "%.2f", skill);
	out->tone = TONE_QUIET;
}

SHOW(show_horizon)
{
	text_span(out->text, sizeof(out->text), member_number(record, "horizon_s"));
	out->tone = TONE_QUIET;
}

SHOW(show_method)
{
	cell_text(out, member_text(record, "method"));
	out->tone = TONE_QUIET;
}

SHOW(show_hidden)
{
	cell_text(out, member_text(record, "hidden"));
	out->tone = TONE_QUIET;
}

static const struct column columns[] = {
	{ "WHAT", "subject", "Service, target, or store.", true, true, 0, 24,
	  show_subject },
	{ "SERVICE", "service", "IANA name of the port.", true, true, 5, 8,
	  show_service },
	{ "METRIC", "metric", "Which value; its name has the unit.", true, true, 0, 0,
	  show_metric },
	{ "NOW", "now", "Median of the last three hours.", false, false, 0, 0,
	  show_now },
	{ "LIMIT", "limit", "What it must not reach.", false, false, 1, 0, show_limit },
	{ "CROSSES", "crosses_at",
	  "When it does: median of the futures in which it does (80 % of them).", true,
	  true, 0, 0, show_crosses },
	{ "P", "probability", "How many of the futures cross it within WITHIN.", false,
	  false, 0, 0, show_probability },
	{ "WITHIN", "horizon_s", "How far it looks.", false, false, 4, 0,
	  show_horizon },
	{ "EXPECTED", "predicted",
	  "Highest hour of the last day of that time (80 % band).", true, false, 3, 0,
	  show_predicted },
	{ "ROOM", "headroom_ratio", "What the upper end of the band leaves.", false,
	  true, 2, 0, show_room },
	{ "SKILL", "skill", "How much smaller the error was than that of \"it stays\".",
	  false, false, 3, 0, show_skill },
	{ "METHOD", "method", "How it was made.", true, true, 6, 0, show_method },
	{ "HIDDEN", "hidden", "Why there is no forecast.", true, true, LEAVES_IF_EMPTY,
	  12, show_hidden },
};

const struct view view_forecasts = {
	.title = "forecasts",
	.path = "/api/v1/forecasts",
	.sort = "probability",
	.order = "what is surest to cross first",
	.nothing = "No forecast: nothing has a history of three days.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};
