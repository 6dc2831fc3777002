/*
 * probe_metrics.h: probes in /metrics; private to the room.
 *
 * Of each target the last answer, of all of them counts and histograms.  Their bounds
 * are fixed and they only grow, so those of several monitors may be added up.
 */
#pragma once

#include "record/reason.h"
#include "web/family.h"
#include "web/web.h"

enum { PROBE_STATES = PROBE_down + 1, PROBE_BUCKETS = 15, PROBES_SHOWN = 1000 };

struct probe_histogram {
	uint64_t buckets[PROBE_BUCKETS], count, sum_us;
};

enum probe_phase { PHASE_RESOLVE, PHASE_CONNECT, PHASE_TLS, PHASE_FIRST_BYTE, PHASES };

struct probe_counts {
	uint64_t by_state[PROBE_STATES], missed;
	uint64_t by_traffic; /* not asked */
	uint64_t late_us;    /* most, since it was last written */
	struct probe_histogram late, duration, phases[PHASES];
};

void probe_metrics_add(struct probe_counts *counts, const struct probe_record *probe);
void probe_metrics_write(struct probe_counts *counts, const struct web_source *source,
			 struct family *family);
