/*
 * incident_metrics.c: see incident_metrics.h.
 */
#include "web/incident_metrics.h"

#include <string.h>

enum { FIRING, RESOLVED, STATES };

static const char *const states[STATES] = { "firing", "resolved" };

struct counts {
	uint64_t at[STATES][SEVERITIES];
};

/* web_emit */
static void count(void *to, const void *record)
{
	struct counts *counts = to;
	const struct incident_record *incident = record;
	int severity = record_severity(incident->severity);
	bool is_firing =
		incident->state != NULL && strcmp(incident->state, states[FIRING]) == 0;
	if (severity >= 0)
		counts->at[is_firing ? FIRING : RESOLVED][severity]++;
}

/* Zeros too of those that fire: who alerts on them needs a series that is there. */
void incident_metrics_write(const struct web_source *source, struct family *family)
{
	struct counts counts = { 0 };
	if (source->incidents == NULL)
		return;
	source->incidents(source->self, count, &counts);
	family_named(family, "incidents", "", "gauge",
		     "Incidents that last, and those that were over lately.");
	for (size_t state = 0; state < STATES; state++)
		for (size_t s = 0; s < SEVERITIES; s++) {
			if (state != FIRING && counts.at[state][s] == 0)
				continue;
			family_sample(family);
			buf_printf(family->out, "{severity=\"%s\",state=\"%s\"}",
				   severity_names[s], states[state]);
			family_value(family, (long double)counts.at[state][s]);
		}
}
