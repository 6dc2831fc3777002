/*
 * alerting_foretell.c: forecasts of the day, as they come from their thread; see
 * alerting.h and cli/foretelling.h.
 */
#include <math.h>

#include "cli/alerting_inside.h"
#include "cli/forecast_text.h"

enum { A_SECOND = 100 }; /* thousands at once would keep the loop from its work */

static void take_alert(void *self, const struct alert_record *alert)
{
	alerting_alert(self, alert);
}

struct forecast_alerts *alerting_new_forecasts(struct alerting *a)
{
	const struct forecast_alerts_sink sink = { .self = a,
						   .say = text_forecast,
						   .alert = take_alert };
	return forecast_alerts_new(&sink);
}

/* What has no limit, or no skill, is there for who asks (`breakwater forecast`). */
static bool is_worth_keeping(const struct forecast_record *forecast)
{
	return forecast->hidden[0] == '\0' && !isnan(forecast->limit);
}

/* False: that was all. */
static bool take_one(struct alerting *a, int64_t now_us)
{
	const struct capacity_record *use = foretelling_next_use(&a->foretelling);
	if (use != NULL) {
		alerting_keep(a, RECORD_capacity, use);
		return true;
	}
	const struct forecast_record *forecast = foretelling_next(&a->foretelling);
	if (forecast == NULL)
		return false;
	if (is_worth_keeping(forecast))
		alerting_keep(a, RECORD_forecast, forecast);
	forecast_alerts_take(a->forecasts, forecast, now_us);
	return true;
}

static void take_some(struct alerting *a, int64_t now_us)
{
	int taken = 0;
	while (taken < A_SECOND && take_one(a, now_us))
		taken++;
	if (taken < A_SECOND)
		forecast_alerts_end(a->forecasts, now_us);
}

void alerting_foretell(struct alerting *a, int64_t history_us, int64_t now_us)
{
	struct foresee_limits limits;
	if (a->book == NULL)
		return;
	if (foretelling_has(&a->foretelling, now_us)) {
		take_some(a, now_us);
		return;
	}
	if (!foretelling_is_due(&a->foretelling, history_us, now_us))
		return;
	forecast_limits(a->setup.config, a->setup.config->state, &limits);
	foretelling_begin(&a->foretelling, &limits, now_us);
}
