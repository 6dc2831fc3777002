/*
 * generate.h: what the files that generate_docs writes have in common.
 */
#pragma once

#include "limit/rules.h"
#include "record/record.h"
#include "web/family.h"

/* The usual rules with the defaults; limits of the link are shares of it.  NULL: not.
 */
struct limit_rules *usual_by_share(void);
/* A limit as /metrics has its value: seconds, not microseconds. */
double limit_of_metric(const struct limit_rule *rule, double limit);

/* The name of a field in /metrics; fills family, for its unit. */
void put_metric(struct buf *out, struct family *family, enum record_kind kind,
		const struct field *field);

/* ---- prometheus.c, grafana.c ---- */

/* What can't be said fails *out, with a line on standard error. */
void prometheus_rules(struct buf *out);
void grafana_dashboard(struct buf *out);
