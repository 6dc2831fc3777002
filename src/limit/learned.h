/*
 * learned.h: a bound that comes of the series itself: the range that it was seen in
 * (anomaly.h), and some room beyond it.  Private to the room.
 *
 * What is beyond is taken in only little by little: a new level is one alert, which
 * ends when it has become usual, within hours.
 */
#pragma once

#include <stdbool.h>

#include "limit/anomaly.h"

/* NaN while the series is new. */
double learned_bound(const struct anomaly *series, bool is_lower);
void learned_take(struct anomaly *series, int64_t at_us, double value);
