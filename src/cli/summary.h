/*
 * summary.h: what a replay, or a run that ends, tells a person.
 */
#pragma once

#include "cli/options.h"
#include "cli/pipeline.h"
#include "config/config.h"

struct summary {
	bool wanted;
	uint64_t flows, aggregates;
};

void summary_flow(struct summary *summary, const struct flow_record *flow);

void summary_print(const struct summary *summary, const struct pipeline_totals *totals,
		   struct ports *ports, const struct config *config,
		   const struct common_options *common);
