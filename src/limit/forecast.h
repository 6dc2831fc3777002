/*
 * forecast.h: what a value becomes, by its hours so far, and when it crosses a limit.
 *
 * Which methods suit a value is tried on its own past: at origins a day apart, each
 * says what comes next, and what came is known.  Told is their mean, weighted by what
 * each was worth before, so the errors are those that a user would have seen.  Of them
 * come the bands, the probability of a crossing and its time: each error path, added to
 * the forecast, is one future that is as likely as the others.  A forecast that was no
 * better than "it stays as it is" is not told.
 *
 * Pure: hours in, forecast out; no clock, no memory but what the caller lends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FORECAST_HOURS_MAX = 84 * 24, /* twelve weeks: older hours tell little */
	FORECAST_AHEAD_MAX = 28 * 24,
	FORECAST_ORIGINS_MAX = 28,
};

enum forecast_method {
	FORECAST_NAIVE,
	FORECAST_DAY,
	FORECAST_WEEK,
	FORECAST_DAY_AND_WEEK,
	FORECAST_USUAL_DAY,
	FORECAST_USUAL_WEEK,
	FORECAST_TREND,
	FORECAST_THETA,
	FORECAST_METHODS
};

/* "seasonal naive 24", "theta" ... */
const char *forecast_method_name(enum forecast_method method);

/* Why there is no forecast; none of them: there is one. */
enum forecast_hidden {
	FORECAST_SHOWN,
	FORECAST_TOO_SHORT, /* of history */
	FORECAST_TOO_FEW,   /* hours are known */
	FORECAST_TOO_OLD,   /* nothing is known of the last day */
	FORECAST_NO_SKILL,  /* no better than "it stays as it is" */
	FORECAST_HIDDEN
};

/* In words, for people; NULL if it is shown. */
const char *forecast_hidden_why(enum forecast_hidden hidden);

struct forecast_question {
	const double
		*hours; /* the oldest first, the last one just over; NaN: unknown */
	size_t count;
	size_t ahead;       /* hours that are asked for */
	double limit;       /* NaN: none */
	double least, most; /* what it can be: 0 and INFINITY, a share 0 and 1 */
};

struct forecast {
	enum forecast_hidden hidden; /* all else but now is unknown then */
	enum forecast_method method;
	size_t hours; /* of history, from the first known one */
	size_t ahead; /* no further than half of that: farther errors are not known */
	size_t origins;
	double now;   /* median of the last three known hours; NaN */
	double skill; /* 1 - error / error of "it stays"; NaN: it never changed */
	double at[FORECAST_AHEAD_MAX], low[FORECAST_AHEAD_MAX],
		high[FORECAST_AHEAD_MAX]; /* of each hour; 80 % lie between */
	/* Within ahead; hours from now, median and 80 % of those that cross; NaN: none.
	 */
	double probability, crosses, crosses_low, crosses_high;
};

/* Room that any number of forecasts are made in, one after the other: about 180 KB. */
struct forecast_room;
struct forecast_room *forecast_room_new(void);
void forecast_room_free(struct forecast_room *room);

void forecast_make(struct forecast_room *room, const struct forecast_question *question,
		   struct forecast *out);
