/*
 * summary.h: what a replay, or a run that ends, tells a person.
 */
#pragma once

#include "cli/options.h"
#include "cli/pipeline.h"
#include "config/config.h"
#include "record/record.h"

enum { SUMMARY_FINDINGS = 10 };

struct summary {
	bool wanted;
	uint64_t flows, aggregates;
	/* The worst, the worst first, as they were said last; the rest is counted. */
	struct finding_record worst[SUMMARY_FINDINGS];
	size_t worst_count;
	uint64_t findings, notices;
};

void summary_flow(struct summary *summary, const struct flow_record *flow);

/* Each time it is said. */
void summary_finding(struct summary *summary, const struct finding_record *finding);

void summary_print(const struct summary *summary, const struct pipeline_totals *totals,
		   struct ports *ports, const struct config *config,
		   const struct common_options *common);
