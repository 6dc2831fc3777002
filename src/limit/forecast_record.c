/*
 * forecast_record.c: see forecast_record.h.
 */
#include "limit/forecast_record.h"

#include <math.h>

enum { HOUR_S = 3600, DAY_HOURS = 24 };
#define SECOND_US INT64_C(1000000)

static const double likely = 0.1, rather = 0.5;

/* The day's highest hour is what meets a limit. */
static double highest(const double *hours, size_t count)
{
	double value = NAN;
	for (size_t i = count > DAY_HOURS ? count - DAY_HOURS : 0; i < count; i++)
		value = fmax(value, hours[i]);
	return value;
}

static int64_t hours_later(int64_t at_us, double hours)
{
	return isnan(hours) ? UNKNOWN_TIME
			    : at_us + (int64_t)(hours * HOUR_S) * SECOND_US;
}

static void tell_crossing(const struct forecast *f, int64_t at_us,
			  struct forecast_record *out)
{
	out->probability = f->probability;
	out->crosses_at = hours_later(at_us, f->crosses);
	out->crosses_low = hours_later(at_us, f->crosses_low);
	out->crosses_high = hours_later(at_us, f->crosses_high);
	out->headroom_ratio = fmin(fmax(1 - out->high / out->limit, 0), 1);
}

void forecast_tell(const struct forecast *forecast,
		   const struct forecast_question *question, int64_t at_us,
		   struct forecast_record *out)
{
	out->at = at_us;
	out->limit = question->limit;
	out->now = forecast->now;
	out->history_s = (uint32_t)forecast->hours * HOUR_S;
	out->skill = forecast->skill;
	if (forecast->hidden != FORECAST_SHOWN) {
		record_text(out->hidden, sizeof(out->hidden),
			    forecast_hidden_why(forecast->hidden));
		return;
	}
	record_text(out->method, sizeof(out->method),
		    forecast_method_name(forecast->method));
	out->horizon_s = (uint32_t)forecast->ahead * HOUR_S;
	out->predicted = highest(forecast->at, forecast->ahead);
	out->low = highest(forecast->low, forecast->ahead);
	out->high = highest(forecast->high, forecast->ahead);
	if (!isnan(question->limit))
		tell_crossing(forecast, at_us, out);
}

void forecast_tell_end(int64_t end_us, uint32_t limit_s, int64_t at_us,
		       uint32_t horizon_s, struct forecast_record *out)
{
	int64_t left_us = end_us - at_us;
	double left_s = (double)left_us / SECOND_US;
	out->at = at_us;
	out->limit = limit_s;
	out->now = left_s;
	out->horizon_s = horizon_s;
	out->predicted = out->low = out->high = left_s - horizon_s;
	out->crosses_at = end_us - limit_s * SECOND_US;
	if (out->crosses_at < at_us)
		out->crosses_at = at_us;
	out->crosses_low = out->crosses_high = out->crosses_at;
	out->probability = out->crosses_at <= at_us + horizon_s * SECOND_US ? 1 : 0;
	out->headroom_ratio = out->high > limit_s ? 1 - limit_s / out->high : 0;
	record_text(out->method, sizeof(out->method), "known end");
}

bool forecast_is_likely(const struct forecast_record *forecast)
{
	return forecast->probability >= likely;
}

bool forecast_is_bad(const struct forecast_record *forecast)
{
	return forecast->probability >= rather;
}
