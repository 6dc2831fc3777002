/*
 * forecast_text.c: see forecast_text.h.
 */
#include "cli/forecast_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/view.h"

#define SECOND_US 1000000.0

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);
	return len >= tail && strcmp(text + len - tail, end) == 0;
}

void text_metric(char *out, size_t size, const char *metric, double value)
{
	if (ends_with(metric, "_us"))
		text_duration(out, size, value);
	else if (ends_with(metric, "_ratio"))
		text_percent(out, size, value);
	else if (ends_with(metric, "bytes_per_s") || ends_with(metric, "_bytes"))
		text_bytes(out, size, value);
	else if (ends_with(metric, "_s"))
		text_span(out, size, value < 0 ? 0 : value);
	else
		text_count(out, size, value);
}

void text_crossing(char *out, size_t size, double in_s, double low_s, double high_s)
{
	char when[32], low[32], high[32];
	text_span(when, sizeof(when), in_s);
	text_span(low, sizeof(low), low_s);
	text_span(high, sizeof(high), high_s);
	if (isnan(in_s))
		snprintf(out, size, "-");
	else if (in_s <= 0)
		snprintf(out, size, "now");
	else if (strcmp(low, high) == 0)
		snprintf(out, size, "in %s", when);
	else
		snprintf(out, size, "in %s (%s..%s)", when, low, high);
}

static double seconds_to(const struct forecast_record *forecast, int64_t then_us)
{
	return then_us == UNKNOWN_TIME ? NAN
				       : (double)(then_us - forecast->at) / SECOND_US;
}

void text_forecast(const struct forecast_record *forecast, char *out, size_t size)
{
	char limit[CELL_MAX], when[CELL_MAX];
	text_metric(limit, sizeof(limit), forecast->metric, forecast->limit);
	text_crossing(when, sizeof(when), seconds_to(forecast, forecast->crosses_at),
		      seconds_to(forecast, forecast->crosses_low),
		      seconds_to(forecast, forecast->crosses_high));
	snprintf(out, size, "%s of %s will cross %s %s, probability %.2f",
		 forecast->metric, forecast->subject, limit, when,
		 forecast->probability);
}
