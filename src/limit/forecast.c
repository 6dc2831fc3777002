/*
 * forecast.c: see forecast.h.
 */
#include "limit/forecast.h"

#include <math.h>
#include <stdlib.h>

#include "limit/forecast_inside.h"

enum {
	NOW_HOURS = 3,
	BAND_BESIDE = 3, /* hours on each side whose errors count for a band */
};
/* Of random walks a third would be told by 0, a sixth by this. */
static const double skill_least = 0.1;
/*
 * By these, 80 % of what comes lies within: of errors so far 82 %, as the future strays
 * a little farther.  Chosen on six ends of M4's training part, held out.
 */
static const double band_low = 0.09, band_high = 0.91;

struct forecast_room *forecast_room_new(void)
{
	return calloc(1, sizeof(struct forecast_room));
}

void forecast_room_free(struct forecast_room *room)
{
	free(room);
}

const char *forecast_hidden_why(enum forecast_hidden hidden)
{
	static const char *const why[FORECAST_HIDDEN] = {
		[FORECAST_TOO_SHORT] = "less than three days of history",
		[FORECAST_TOO_FEW] = "less than half of its hours are known",
		[FORECAST_TOO_OLD] = "nothing is known of the last day",
		[FORECAST_NO_SKILL] =
			"tried on its past, it was no better than \"it stays\"",
	};
	return hidden < FORECAST_HIDDEN ? why[hidden] : NULL;
}

static double clamped(const struct forecast_question *q, double value)
{
	return value < q->least ? q->least : value > q->most ? q->most : value;
}

static double value_now(const struct forecast_question *q)
{
	double values[NOW_HOURS];
	size_t count = 0;
	for (size_t i = q->count; i > 0 && count < NOW_HOURS && i + DAY > q->count; i--)
		if (!isnan(q->hours[i - 1]))
			values[count++] = q->hours[i - 1];
	return median_of(values, count);
}

/* ---- bands ---- */

/* Errors at about that hour ahead, of all origins. */
static size_t errors_at(struct forecast_room *room, size_t ahead, size_t hour)
{
	size_t count = 0;
	size_t from = hour > BAND_BESIDE ? hour - BAND_BESIDE : 0;
	for (size_t k = 0; k < room->origins; k++)
		for (size_t h = from; h < ahead && h <= hour + BAND_BESIDE; h++)
			if (!isnan(room->errors[k][h]))
				room->scratch[count++] = (double)room->errors[k][h];
	return count;
}

static void tell_hours(struct forecast_room *room, const struct forecast_question *q,
		       struct forecast *out)
{
	for (size_t h = 0; h < out->ahead; h++) {
		size_t count = errors_at(room, out->ahead, h);
		double low = quantile_of(room->scratch, count, band_low);
		double high = quantile_of(room->scratch, count, band_high);
		out->low[h] = clamped(q, room->told[h] + fmin(low, 0));
		out->high[h] = clamped(q, room->told[h] + fmax(high, 0));
		out->at[h] = clamped(q, room->told[h]);
	}
}

/* ---- crossing ---- */

/* What was wrong at that hour, or if nothing came yet, at that of the day before. */
static double error_at(const float *errors, size_t hour)
{
	while (isnan(errors[hour]) && hour >= DAY)
		hour -= DAY;
	return isnan(errors[hour]) ? 0 : (double)errors[hour];
}

/*
 * The same without what one hour adds: the forecast repeats such noise of the past, and
 * with it twice, futures would reach higher than any real one does.  The mean of a day
 * around each hour.
 */
static void drift_of(const float *errors, size_t ahead, double *drift)
{
	double sum = 0;
	size_t from = 0, to = 0;
	for (size_t h = 0; h < ahead; h++) {
		while (to < ahead && to <= h + DAY / 2)
			sum += error_at(errors, to++);
		while (from + DAY / 2 < h)
			sum -= error_at(errors, from++);
		drift[h] = sum / (double)(to - from);
	}
}

/* How high that future reaches, and the first hour that is at the limit; 0: none. */
static double reach_of(const struct forecast *out, const float *errors, double limit,
		       size_t *hours)
{
	double reach = -INFINITY, drift[FORECAST_AHEAD_MAX];
	drift_of(errors, out->ahead, drift);
	*hours = 0;
	for (size_t h = 0; h < out->ahead; h++) {
		double value = out->at[h] + drift[h];
		reach = fmax(reach, value);
		if (value >= limit && *hours == 0)
			*hours = h + 1;
	}
	return reach;
}

/*
 * How likely it is that a value is so many widths over a mean that three others tell:
 * Student's t of two degrees of freedom.
 */
static double beyond(double widths)
{
	return 0.5 * (1 - widths / sqrt(2 + widths * widths));
}

/*
 * Futures overlap, so that there are about three that don't; between and beyond them
 * there are others (Parzen's kernel, with Student's tails).
 */
static double probability_of(const double *reaches, size_t count, double limit)
{
	double sum = 0, squares = 0, share = 0;
	for (size_t k = 0; k < count; k++)
		sum += reaches[k];
	for (size_t k = 0; k < count; k++)
		squares += pow(reaches[k] - sum / (double)count, 2);
	double width = sqrt(squares / (double)count);
	for (size_t k = 0; k < count; k++)
		share += width > 0 ? beyond((limit - reaches[k]) / width)
				   : reaches[k] >= limit;
	return share / (double)count;
}

static void tell_crossing(struct forecast_room *room, double limit,
			  struct forecast *out)
{
	double reaches[FORECAST_ORIGINS_MAX];
	size_t count = 0, hours;
	if (out->now >= limit) {
		out->probability = 1;
		out->crosses = out->crosses_low = out->crosses_high = 0;
		return;
	}
	for (size_t k = 0; k < out->origins; k++) {
		reaches[k] = reach_of(out, room->errors[k], limit, &hours);
		if (hours > 0)
			room->scratch[count++] = (double)hours;
	}
	out->probability = probability_of(reaches, out->origins, limit);
	/* So few are apart that the first and the last of them hold 80 %. */
	out->crosses = median_of(room->scratch, count);
	out->crosses_low = quantile_of(room->scratch, count, 0);
	out->crosses_high = quantile_of(room->scratch, count, 1);
}

/* ---- all of it ---- */

void forecast_make(struct forecast_room *room, const struct forecast_question *question,
		   struct forecast *out)
{
	struct backtest backtest;
	out->skill = out->probability = NAN;
	out->crosses = out->crosses_low = out->crosses_high = NAN;
	out->now = value_now(question);
	out->ahead = 0;
	out->hidden = series_prepare(room, question->hours, question->count);
	out->hours = room->count;
	if (out->hidden != FORECAST_SHOWN)
		return;
	size_t ahead = question->ahead < FORECAST_AHEAD_MAX ? question->ahead
							    : FORECAST_AHEAD_MAX;
	if (ahead > room->count / 2)
		ahead = room->count / 2;
	backtest_run(room, ahead, &backtest);
	out->ahead = ahead;
	out->origins = room->origins;
	out->method = backtest.best;
	out->skill = backtest.skill;
	if (out->skill < skill_least)
		out->hidden = FORECAST_NO_SKILL;
	tell_hours(room, question, out);
	if (!isnan(question->limit))
		tell_crossing(room, question->limit, out);
}
