/*
 * anomaly_inside.h: what the detector is set to.  Private to the room, and for
 * tests/eval, which shows what other settings would do.  There is one that is used, for
 * all series.
 */
#pragma once

#include "limit/anomaly.h"

struct anomaly_settings {
	double mark;    /* beyond a range, by its width: from here on it is a mark */
	double learn_s; /* time seen, before anything is told */
	double narrow_per_day; /* of a range's width */
	double smooth_s;       /* time constants: of ANOMALY_SMOOTH, */
	double hour_s; /* of what is usual at an hour, in time spent in that hour, */
	double peak_s; /* and of what was told */
	/*
	 * A range takes in at once what is a mark, and with this time constant what is
	 * not: a mean that climbs in small steps would never be far beyond it.
	 */
	double widen_s[ANOMALY_VIEWS];
	double weights[ANOMALY_VIEWS];
};

extern const struct anomaly_settings ANOMALY_SETTINGS;

/* anomaly_take() with other settings. */
double anomaly_take_as(struct anomaly *series, const struct anomaly_settings *settings,
		       int64_t at_us, double value);
