/*
 * plan.h: which level is read for which part of a time.  Private to the room.
 *
 * A month is read as days, with hours, minutes and tens of seconds only where the days
 * do not reach: at its begin, and since the last day that is over.
 */
#pragma once

#include "store/rollup.h"

struct segment {
	enum level level;
	int64_t from, to;
};

enum { SEGMENTS_MAX = 32 };

struct plan {
	struct segment at[SEGMENTS_MAX]; /* ascending, without overlap */
	unsigned count;
};

/*
 * Covers [from, to), both finite, with levels up to the coarsest; from is a multiple of
 * that level's length, or of a finer one's that is exact enough.
 */
void plan_cover(struct plan *plan, const struct rollup *have, enum level coarsest,
		int64_t from, int64_t to);

/* The coarsest level whose intervals make up steps of that length. */
enum level plan_level(uint32_t step_s);

/* The coarsest level that is exact enough for the begin of a time of that length. */
enum level plan_precision(int64_t length_us);
