/*
 * forecast_alerts.h: which forecasts somebody should hear of.
 *
 * One that crosses its limit rather than not, and that has not done so lately: what
 * reaches its limit every day is told when it does (limits.h), not every morning
 * before.  It ends when it is unlikely, when nothing is forecast of it any more, or
 * when it has come.  Sets of forecasts in, alerts out; no clock, no I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

enum { FORECAST_ALERTS_MAX = 1024 };

struct forecast_alerts_sink {
	void *self;
	/* In words: what will cross what, when. */
	void (*say)(const struct forecast_record *forecast, char *out, size_t size);
	/* Begins to fire, gets graver, or is resolved. */
	void (*alert)(void *self, const struct alert_record *alert);
};

struct forecast_alerts;

/* NULL without memory. */
struct forecast_alerts *forecast_alerts_new(const struct forecast_alerts_sink *sink);
void forecast_alerts_free(struct forecast_alerts *alerts);

/* Each of a set, then its end: what is not in it is forecast no more. */
void forecast_alerts_take(struct forecast_alerts *alerts,
			  const struct forecast_record *forecast, int64_t now_us);
void forecast_alerts_end(struct forecast_alerts *alerts, int64_t now_us);

/* One that fired when the daemon ended.  False if there is no room. */
bool forecast_alerts_recall(struct forecast_alerts *alerts,
			    const struct alert_record *alert);
