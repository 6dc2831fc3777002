/*
 * explain_forecast.h: what is forecast of one port, for `explain`.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "cli/foresee.h"
#include "limit/forecast_record.h"

enum { EXPLAIN_FORECASTS_MAX = 4 };

struct explain_forecasts {
	struct forecast_record at[EXPLAIN_FORECASTS_MAX]; /* the surest first */
	size_t count;
};

/* foresee_emit, to a struct explain_forecasts: one that is likely, if it is among the
 * surest. */
void explain_forecast_keep(void *to, const struct forecast_record *forecast);

/*
 * What may cross its limit, from the store in that folder, until cancelled; nothing if
 * that can't be told.
 */
struct explain_foretelling {
	const char *folder;
	const struct foresee_limits *limits;
	const atomic_bool *cancelled;
	uint16_t port;
};
void explain_foretell(const struct explain_foretelling *asked,
		      struct explain_forecasts *out);
