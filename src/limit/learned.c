/*
 * learned.c: see learned.h.
 */
#include "limit/learned.h"

#include <math.h>

/* Room beyond the range, by its width; and of the value, where it hardly varies. */
static const double ROOM = 0.25, ROOM_LEAST = 0.1;
/* So much of its width a minute can widen the range: twice as wide in two hours. */
static const double WIDENS = 0.005;

/* Of the range; never nothing. */
static double width(const struct anomaly *series)
{
	const struct anomaly_range *range = &series->ranges[ANOMALY_VALUE];
	double size = fmax(fabs(range->high), fabs(range->low));
	return fmax(range->high - range->low, size * ROOM_LEAST / ROOM);
}

double learned_bound(const struct anomaly *series, bool is_lower)
{
	const struct anomaly_range *range = &series->ranges[ANOMALY_VALUE];
	if (!anomaly_has_learned(series))
		return NAN;
	double room = ROOM * width(series);
	if (!is_lower)
		return range->high + room;
	/* What can't be below nothing is too little before that. */
	double low = range->low;
	return low - fmin(room, ROOM * fabs(low));
}

void learned_take(struct anomaly *series, int64_t at_us, double value)
{
	const struct anomaly_range *range = &series->ranges[ANOMALY_VALUE];
	if (anomaly_has_learned(series)) {
		double most = WIDENS * width(series);
		value = fmin(value, range->high + most);
		value = fmax(value, range->low - most);
	}
	anomaly_take(series, at_us, value);
}
