/*
 * finding_metrics.c: see finding_metrics.h.
 *
 * A finding's severity may grow, so what has begun is counted by kind only: a counter
 * must never fall.
 */
#include "web/finding_metrics.h"

#include <string.h>

#include "base/histogram.h"

/* What is promised is a second. */
static const uint64_t bounds_us[] = { 10000,  25000,   50000,   100000,  250000,
				      500000, 1000000, 2500000, 10000000 };
enum { BOUNDS = sizeof(bounds_us) / sizeof(bounds_us[0]) };

/* Its place in the list; FINDING_KINDS_MAX: none. */
static size_t kind_of(const struct finding_record *finding)
{
	const char *const *kinds = record_allowed(RECORD_finding, "kind");
	for (size_t i = 0; i < FINDING_KINDS_MAX && kinds[i] != NULL; i++)
		if (finding->kind != NULL && strcmp(kinds[i], finding->kind) == 0)
			return i;
	return FINDING_KINDS_MAX;
}

void finding_metrics_add(struct finding_counts *counts,
			 const struct finding_record *finding)
{
	size_t kind = kind_of(finding);
	if (kind < FINDING_KINDS_MAX && finding->state != NULL &&
	    strcmp(finding->state, "closed") == 0)
		counts->ended[kind]++;
}

struct open_counts {
	uint64_t by_severity[FINDING_KINDS_MAX][SEVERITIES], all[FINDING_KINDS_MAX];
};

/* web_emit */
static void count_open(void *to, const void *record)
{
	struct open_counts *open = to;
	size_t kind = kind_of(record);
	int severity =
		record_severity(((const struct finding_record *)record)->severity);
	if (kind >= FINDING_KINDS_MAX)
		return;
	open->all[kind]++;
	if (severity >= 0)
		open->by_severity[kind][severity]++;
}

static void write_open(const struct open_counts *open, struct family *family)
{
	const char *const *kinds = record_allowed(RECORD_finding, "kind");
	family_named(family, "findings_open", "", "gauge",
		     "Findings that last, by kind and severity; those there are.");
	for (size_t i = 0; i < FINDING_KINDS_MAX && kinds[i] != NULL; i++)
		for (unsigned s = 0; s < SEVERITIES; s++) {
			if (open->by_severity[i][s] == 0)
				continue;
			family_sample(family);
			buf_printf(family->out, "{kind=\"%s\",severity=\"%s\"}",
				   kinds[i], severity_names[s]);
			family_value(family, (long double)open->by_severity[i][s]);
		}
}

static void write_begun(const struct finding_counts *counts,
			const struct open_counts *open, struct family *family)
{
	const char *const *kinds = record_allowed(RECORD_finding, "kind");
	family_named(family, "findings", "", "counter",
		     "Findings that began, or went on from the last run, by kind.");
	for (size_t i = 0; i < FINDING_KINDS_MAX && kinds[i] != NULL; i++) {
		family_sample(family);
		buf_printf(family->out, "{kind=\"%s\"}", kinds[i]);
		family_value(family, (long double)(counts->ended[i] + open->all[i]));
	}
}

static void write_latency(const struct web_source *source, struct family *family)
{
	uint64_t up_to[BOUNDS];
	if (source->latency == NULL)
		return;
	const struct histogram *h = source->latency(source->self);
	struct family_histogram whole = { .bounds_us = bounds_us,
					  .up_to = up_to,
					  .bounds = BOUNDS,
					  .count = histogram_count_to(h, UINT64_MAX) };
	for (size_t i = 0; i < BOUNDS; i++)
		up_to[i] = histogram_count_to(h, bounds_us[i]);
	if (whole.count > 0)
		whole.sum_us = histogram_mean(h) * whole.count;
	family_named(family, "finding_latency_seconds", "seconds", "histogram",
		     "From what decided a finding until it was said.");
	family_histogram(family, "", &whole);
}

void finding_metrics_write(const struct finding_counts *counts,
			   const struct web_source *source, struct family *family)
{
	struct open_counts open = { 0 };
	if (source->findings == NULL)
		return;
	source->findings(source->self, count_open, &open);
	write_open(&open, family);
	write_begun(counts, &open, family);
	write_latency(source, family);
}
