/*
 * forecast_inside.h: the parts of a forecast.  Private to its files.
 */
#pragma once

#include "limit/forecast.h"

enum { DAY = 24, WEEK = 7 * DAY };

struct forecast_room {
	size_t count;                     /* hours of history */
	double known[FORECAST_HOURS_MAX]; /* as they were; NaN: unknown, or a spike */
	double filled[FORECAST_HOURS_MAX];
	double scratch[FORECAST_HOURS_MAX];
	size_t origins;
	/* What was wrong at each origin, hour by hour; NaN: not known what came. */
	float errors[FORECAST_ORIGINS_MAX][FORECAST_AHEAD_MAX];
	/* Sums by day ahead and method; NaN: it could not speak. */
	float wrong[FORECAST_ORIGINS_MAX][FORECAST_AHEAD_MAX / DAY][FORECAST_METHODS];
	double said[FORECAST_METHODS][FORECAST_AHEAD_MAX];
	double told[FORECAST_AHEAD_MAX];
};

/*
 * forecast_series.c: the last hours, without spikes and gaps.  What is no spike stays
 * as it was.
 */
enum forecast_hidden series_prepare(struct forecast_room *room, const double *hours,
				    size_t count);
double median_of(double *values, size_t count);
double quantile_of(double *values, size_t count, double share);

/* forecast_methods.c */
struct series {
	const double *at;
	size_t count;
	double *scratch; /* FORECAST_HOURS_MAX */
};
/* False if the history is too short for it. */
bool method_run(enum forecast_method method, const struct series *series, size_t ahead,
		double *out);

/*
 * forecast_backtest.c: fills room->errors, and room->told with what is forecast at the
 * end of the history.
 */
struct backtest {
	double skill; /* NaN: naive was never wrong */
	enum forecast_method best;
};
void backtest_run(struct forecast_room *room, size_t ahead, struct backtest *out);
