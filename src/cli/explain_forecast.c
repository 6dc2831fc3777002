/*
 * explain_forecast.c: see explain_forecast.h.
 */
#include "cli/explain_forecast.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/forecast_run.h"

void explain_forecast_keep(void *to, const struct forecast_record *forecast)
{
	struct explain_forecasts *all = to;
	size_t at = all->count;
	if (forecast->hidden[0] != '\0' || !forecast_is_likely(forecast))
		return;
	while (at > 0 && all->at[at - 1].probability < forecast->probability)
		at--;
	if (at == EXPLAIN_FORECASTS_MAX)
		return;
	if (all->count < EXPLAIN_FORECASTS_MAX)
		all->count++;
	memmove(all->at + at + 1, all->at + at,
		(all->count - at - 1) * sizeof(all->at[0]));
	all->at[at] = *forecast;
}

void explain_foretell(const struct explain_foretelling *asked,
		      struct explain_forecasts *out)
{
	const struct forecast_asked question = { .state = asked->folder,
						 .limits = asked->limits,
						 .cancel = asked->cancelled,
						 .port = asked->port };
	struct forecast_run run;
	int status = forecast_run_open(&run, &question);
	out->count = 0;
	run.foresee.emit = explain_forecast_keep;
	run.foresee.to = out;
	for (size_t i = 0; status == STATUS_OK && i < run.service_count; i++)
		status = foresee_service(&run.foresee, &run.services[i]);
	if (status == STATUS_OK)
		foresee_certificates(&run.foresee);
	forecast_run_close(&run);
}
