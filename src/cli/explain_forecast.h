/*
 * explain_forecast.h: what is forecast of one port, for `explain`.
 */
#pragma once

#include <stdint.h>

#include "cli/options.h"
#include "limit/forecast_record.h"

enum { EXPLAIN_FORECASTS_MAX = 4 };

struct explain_forecasts {
	struct forecast_record at[EXPLAIN_FORECASTS_MAX]; /* the surest first */
	size_t count;
};

/* What may cross its limit; nothing if that can't be told. */
void explain_foretell(const struct common_options *common, uint16_t port,
		      struct explain_forecasts *out);
