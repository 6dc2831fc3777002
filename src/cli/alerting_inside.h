/*
 * alerting_inside.h: the files of alerting.h among themselves.
 */
#pragma once

#include "cli/alerting.h"

/* ---- alerting.c ---- */

void alerting_keep(struct alerting *a, enum record_kind kind, const void *record);

/* ---- alerting_recall.c ---- */

/* Into the board, the book and what else is open already. */
void alerting_restore(struct alerting *a, struct alerting_kept *kept);
/* Of foretelling_open(). */
int64_t alerting_foretold(const struct alerting_kept *kept);
/* Incidents whose id begins so, from the store: the book knows them then. */
void alerting_recall_id(struct alerting *a, const char *id);

/* ---- alerting_history.c ---- */

/* As limits_history: self is the struct alerting. */
bool alerting_may_ask(void *self);
double alerting_hour(void *self, enum record_kind kind, const void *record,
		     const struct field *field, int64_t begin_us);

/* ---- alerting_tell.c ---- */

/* The teller, whose messages go to the sender or the program.  NULL without memory. */
struct teller *alerting_new_teller(struct alerting *a);
/* Some that take a process to tell them. */
bool alerting_has_sinks(const struct tell_rules *rules);
/* NULL: none has that name. */
const struct sink *alerting_sink_of(const struct alerting *a, const char *name);
void alerting_begin_telling(struct alerting *a, const char *page, int64_t now_us,
			    struct buf *said);

/* ---- alerting_odd.c ---- */

/* What learns what is usual.  NULL without memory. */
struct anomalies *alerting_new_anomalies(struct alerting *a);

/* ---- alerting_foretell.c ---- */

/* Which forecasts somebody hears of.  NULL without memory. */
struct forecast_alerts *alerting_new_forecasts(struct alerting *a);
