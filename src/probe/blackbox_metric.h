/*
 * blackbox_metric.h: metrics in Prometheus' text format 0.0.4; private to the files
 * blackbox*.c.
 */
#pragma once

#include "base/buf.h"

enum blackbox_metric {
#define METRIC(name, help) BLACKBOX_##name,
#include "probe/blackbox.def"
#undef METRIC
	BLACKBOX_METRICS,
};

struct blackbox_label {
	const char *name, *value;
};

/* A label and its sample. */
struct blackbox_phase {
	const char *name;
	double seconds;
};

/* One without labels. */
void blackbox_tell(struct buf *out, enum blackbox_metric metric, double value);
/* HELP and TYPE, then its samples, each with labels. */
void blackbox_head(struct buf *out, enum blackbox_metric metric);
void blackbox_sample(struct buf *out, enum blackbox_metric metric,
		     const struct blackbox_label *labels, size_t count, double value);
/* All of one whose label is "phase". */
void blackbox_phases(struct buf *out, enum blackbox_metric metric,
		     const struct blackbox_phase *phases, size_t count);
