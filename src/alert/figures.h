/*
 * figures.h: what a manager asks of incidents, by week: how soon they are said (MTTD),
 * taken care of (MTTA) and over (MTTR), how many, how many without a person, how many
 * in vain, and how many messages.
 *
 * Records in, in any order, figures out; no clock, no I/O.  Weeks are those of ISO
 * 8601, in UTC.  What lies before the first record, or while nothing ran, is known
 * neither as well nor as bad: counts of a mean week are by the time that is known.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

enum { FIGURES_WEEKS_MAX = 106 }; /* two years, and what of them is begun */

struct figures;
/* From the week of since_us until now; NULL without memory. */
struct figures *figures_new(int64_t since_us, int64_t now_us);
void figures_free(struct figures *figures);
/* What was before is not asked for: begin of the first week. */
int64_t figures_since(const struct figures *figures);

/* False without memory. */
bool figures_incident(struct figures *figures, const struct incident_record *incident);
void figures_notification(struct figures *figures,
			  const struct notification_record *notification);
void figures_gap(struct figures *figures, const struct gap_record *gap);
/* A start of the daemon: before the first of all nothing is known. */
void figures_start(struct figures *figures, int64_t at_us);

/*
 * This week, the mean of those before it, then each of them, the newest first, back to
 * the first of which anything is known.  False without memory.
 */
bool figures_tell(struct figures *figures,
		  void (*take)(void *to, const struct figures_record *row), void *to);

/* In figures.week, of the mean of the weeks before. */
#define FIGURES_BEFORE "before"
