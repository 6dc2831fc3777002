/*
 * forecast_methods.c: what could come next, by simple rules.
 *
 * Simple ones win on hourly values: in the M4 competition daily and weekly repetition
 * and their mean beat most of what was entered (Makridakis, Spiliotis, Assimakopoulos,
 * "The M4 Competition", 2020).  Each is a function of the history alone.
 */
#include <math.h>
#include <string.h>

#include "limit/forecast_inside.h"

enum {
	USUAL_DAYS = 7,  /* a usual day is the median of so many */
	USUAL_WEEKS = 4, /* a month: older weeks were another season */
	LEVEL_HOURS = DAY,
	THETA_WEIGHTS = 9,
	THETA_HOURS = 2 * WEEK, /* to try weights on */
};

static bool repeat(const struct series *s, size_t season, size_t ahead, double *out)
{
	if (s->count < season)
		return false;
	for (size_t h = 0; h < ahead; h++)
		out[h] = s->at[s->count - season + h % season];
	return true;
}

static bool naive(const struct series *s, size_t ahead, double *out)
{
	return repeat(s, 1, ahead, out);
}

static bool day(const struct series *s, size_t ahead, double *out)
{
	return repeat(s, DAY, ahead, out);
}

static bool week(const struct series *s, size_t ahead, double *out)
{
	return repeat(s, WEEK, ahead, out);
}

static bool day_and_week(const struct series *s, size_t ahead, double *out)
{
	if (s->count < WEEK)
		return false;
	for (size_t h = 0; h < ahead; h++)
		out[h] = (s->at[s->count - DAY + h % DAY] +
			  s->at[s->count - WEEK + h % WEEK]) /
			 2;
	return true;
}

/* ---- usual days and weeks ---- */

/*
 * profile[h]: median over the last seasons of the hour like the one that comes h hours
 * after the end, each as it would be now with that slope.
 */
static void profile_of(const struct series *s, size_t season, size_t seasons,
		       double slope, double *profile)
{
	double values[USUAL_DAYS > USUAL_WEEKS ? USUAL_DAYS : USUAL_WEEKS];
	for (size_t h = 0; h < season; h++) {
		size_t count = 0;
		for (size_t k = 1; k <= seasons && k * season <= s->count + h; k++) {
			size_t ago = k * season - h;
			values[count++] =
				s->at[s->count - ago] + slope * (double)(ago - 1);
		}
		profile[h] = median_of(values, count);
	}
}

static bool usual(const struct series *s, size_t season, size_t seasons, size_t ahead,
		  double *out)
{
	double profile[WEEK];
	if (s->count < 3 * season)
		return false;
	profile_of(s, season, seasons, 0, profile);
	for (size_t h = 0; h < ahead; h++)
		out[h] = profile[h % season];
	return true;
}

static bool usual_day(const struct series *s, size_t ahead, double *out)
{
	return usual(s, DAY, USUAL_DAYS, ahead, out);
}

static bool usual_week(const struct series *s, size_t ahead, double *out)
{
	return usual(s, WEEK, USUAL_WEEKS, ahead, out);
}

/* ---- trend ---- */

/*
 * Theil-Sen with pairs half the history apart (Sen, JASA 63, 1968): robust like all
 * pairs, but O(n).  A distance of whole weeks, or days, takes the season out.
 */
static double half_gap_slope(const struct series *s)
{
	size_t season = s->count >= 4 * WEEK ? WEEK : s->count >= 4 * DAY ? DAY : 1;
	size_t gap = s->count / 2 / season * season, count = 0;
	for (size_t i = 0; i + gap < s->count; i++)
		s->scratch[count++] = (s->at[i + gap] - s->at[i]) / (double)gap;
	return median_of(s->scratch, count);
}

/* How far the last day was from its usual one. */
static double level_of(const struct series *s, const double *profile, size_t season,
		       double slope)
{
	double away[LEVEL_HOURS];
	for (size_t i = 0; i < LEVEL_HOURS; i++) {
		size_t ago = LEVEL_HOURS - i;
		away[i] = s->at[s->count - ago] + slope * (double)(ago - 1) -
			  profile[(season - ago % season) % season];
	}
	return median_of(away, LEVEL_HOURS);
}

static bool trend(const struct series *s, size_t ahead, double *out)
{
	double profile[WEEK];
	size_t season = s->count >= 3 * WEEK ? WEEK : DAY;
	if (s->count < 3 * DAY)
		return false;
	double slope = half_gap_slope(s);
	profile_of(s, season, season == WEEK ? USUAL_WEEKS : USUAL_DAYS, slope,
		   profile);
	double level = level_of(s, profile, season, slope);
	for (size_t h = 0; h < ahead; h++)
		out[h] = profile[h % season] + level + slope * (double)(h + 1);
	return true;
}

/* ---- theta ---- */

/* The last level of simple exponential smoothing, and its error one hour ahead. */
static double smooth(const double *at, size_t count, double weight, double *error)
{
	double level = at[0];
	*error = 0;
	for (size_t i = 1; i < count; i++) {
		double away = at[i] - level;
		*error += away * away;
		level += weight * away;
	}
	return level;
}

/*
 * Assimakopoulos and Nikolopoulos (2000), as Hyndman and Billah (2003) have shown what
 * it is: smoothing with half of the line's slope as drift.
 */
static bool theta(const struct series *s, size_t ahead, double *out)
{
	size_t count = s->count < THETA_HOURS ? s->count : THETA_HOURS;
	const double *at = s->at + s->count - count;
	double best_error = INFINITY, level = 0, weight = 1;
	if (count < DAY)
		return false;
	for (int i = 1; i <= THETA_WEIGHTS; i++) {
		double error, tried = (double)i / (THETA_WEIGHTS + 1);
		double end = smooth(at, count, tried, &error);
		if (error < best_error) {
			best_error = error;
			level = end;
			weight = tried;
		}
	}
	double sum = 0, moment = 0, middle = (double)(count - 1) / 2;
	for (size_t i = 0; i < count; i++) {
		sum += ((double)i - middle) * ((double)i - middle);
		moment += ((double)i - middle) * at[i];
	}
	double drift = moment / sum / 2;
	double lag = (1 - pow(1 - weight, (double)count)) / weight;
	for (size_t h = 0; h < ahead; h++)
		out[h] = level + drift * ((double)h + lag);
	return true;
}

static const struct {
	const char *name;
	bool (*run)(const struct series *s, size_t ahead, double *out);
} methods[FORECAST_METHODS] = {
	[FORECAST_NAIVE] = { "naive", naive },
	[FORECAST_DAY] = { "seasonal naive 24", day },
	[FORECAST_WEEK] = { "seasonal naive 168", week },
	[FORECAST_DAY_AND_WEEK] = { "mean of 24 and 168", day_and_week },
	[FORECAST_USUAL_DAY] = { "usual day", usual_day },
	[FORECAST_USUAL_WEEK] = { "usual week", usual_week },
	[FORECAST_TREND] = { "Theil-Sen", trend },
	[FORECAST_THETA] = { "Theta", theta },
};

const char *forecast_method_name(enum forecast_method method)
{
	return method < FORECAST_METHODS ? methods[method].name : NULL;
}

bool method_run(enum forecast_method method, const struct series *series, size_t ahead,
		double *out)
{
	return methods[method].run(series, ahead, out);
}
