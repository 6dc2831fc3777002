/*
 * metrics.h: /metrics, for Prometheus and whoever speaks OpenMetrics 1.0.
 *
 * Ports are added up over their server addresses, those of our networks and those
 * elsewhere, so that the number of series has a bound: METRICS_PORTS_SHOWN ports, the
 * busiest; on a hub each sensor has its own.  Which
 * metrics there are follows from the fields of the port and self records: a counter
 * becomes _total, _us becomes _seconds.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "record/record.h"
#include "web/web.h"

enum { METRICS_PORTS_MAX = 1024, METRICS_PORTS_SHOWN = 200 };

struct metrics;
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);

/*
 * Adds what a port did in one interval.  Ports nobody answers on get no place of their
 * own, or a port scan would take them all: they, and what finds the table full, count
 * as port "other".
 */
void metrics_add(struct metrics *metrics, const struct web_source *source,
		 const struct port_record *port);

/* Counts by protocol and outcome. */
void metrics_add_login(struct metrics *metrics, const struct login_record *login);

/* Counts those that end. */
void metrics_add_finding(struct metrics *metrics, const struct finding_record *finding);

/* Counts those that are over. */
void metrics_add_block(struct metrics *metrics, const struct block_record *block);

/* Counts by state, and how long it took. */
void metrics_add_probe(struct metrics *metrics, const struct probe_record *probe);

/* Counts by result, and keeps the last that passed. */
void metrics_add_self_test(struct metrics *metrics,
			   const struct self_test_record *test);

void metrics_write(struct metrics *metrics, const struct web_source *source,
		   const char *version, bool openmetrics, struct buf *out);
