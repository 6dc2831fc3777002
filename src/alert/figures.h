/*
 * figures.h: what a manager asks of incidents, by week: how soon they are said (MTTD),
 * taken care of (MTTA) and over (MTTR), how many, how many without a person, how many
 * in vain, and how many messages.
 *
 * Records in, in any order, figures out; no clock, no I/O.  Weeks are those of ISO
 * 8601, in UTC.  What lies before the first record, or while nothing ran, is known
 * neither as well nor as bad: counts of a mean week are by the time that is known.
 * Without any record nothing is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

enum {
	FIGURES_WEEKS_MAX = 106, /* two years, and what of them is begun */
	FIGURES_WEEKS_USUAL = 8  /* before this one */
};

struct figures;
/* From the week of since_us (UNKNOWN_TIME: as usual) until now; NULL without memory. */
struct figures *figures_new(int64_t since_us, int64_t now_us);
void figures_free(struct figures *figures);

typedef bool (*figures_take)(void *to, const void *record);
/* Gives all records of a kind since then to take, until that returns false; 0, or
 * -errno. */
typedef int (*figures_reader)(void *from, enum record_kind kind, int64_t since_us,
			      figures_take take, void *to);
/* Reads what they are made of: 0, -ENOMEM, or what read returned. */
int figures_read(struct figures *figures, figures_reader read, void *from);

/*
 * This week, the mean of those before it, then each of them, the newest first, back to
 * the first of which anything is known.  False without memory.
 */
bool figures_tell(struct figures *figures,
		  void (*take)(void *to, const struct figures_record *row), void *to);

/* In figures.week, of the mean of the weeks before. */
#define FIGURES_BEFORE "before"
