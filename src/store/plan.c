/*
 * plan.c: which level is read for which part of a time; see plan.h.
 */
#include "store/plan.h"

enum { PRECISION = 60 }; /* a begin may be off by that part of the length */

enum level plan_level(uint32_t step_s)
{
	enum level found = LEVEL_10S;
	for (unsigned level = 0; level < LEVELS; level++)
		if (levels[level].seconds <= step_s &&
		    step_s % levels[level].seconds == 0)
			found = (enum level)level;
	return found;
}

enum level plan_precision(int64_t length_us)
{
	enum level found = LEVEL_10S;
	for (unsigned level = 0; level < LEVELS; level++)
		if (level_us((enum level)level) <= length_us / PRECISION)
			found = (enum level)level;
	return found;
}

static int64_t ceil_to(int64_t at_us, int64_t length_us)
{
	int64_t floor = floor_to(at_us, length_us);
	return floor < at_us ? floor + length_us : floor;
}

static void add(struct plan *plan, enum level level, int64_t from, int64_t to)
{
	if (from >= to || plan->count == SEGMENTS_MAX)
		return;
	struct segment *last = plan->count > 0 ? &plan->at[plan->count - 1] : NULL;
	if (last != NULL && last->level == level && last->to == from)
		last->to = to;
	else
		plan->at[plan->count++] = (struct segment){ level, from, to };
}

/* What a level has removed is read from the next coarser one that has it. */
static void add_kept(struct plan *plan, const struct rollup *have, enum level level,
		     int64_t from, int64_t to)
{
	for (unsigned coarser = level + 1;
	     from < have->kept[level] && from < to && coarser < LEVELS; coarser++) {
		int64_t length = level_us((enum level)coarser);
		int64_t end = to < have->kept[level] ? to : have->kept[level];
		end = ceil_to(end, length);
		if (end > have->rolled[coarser])
			end = have->rolled[coarser];
		int64_t begin = floor_to(from, length);
		if (plan->count > 0 && begin < plan->at[plan->count - 1].to)
			begin = plan->at[plan->count - 1].to;
		if (have->kept[coarser] > begin && coarser + 1 < LEVELS)
			continue;
		add(plan, (enum level)coarser, begin, end);
		if (end > from)
			from = end;
	}
	add(plan, level, from, to);
}

void plan_cover(struct plan *plan, const struct rollup *have, enum level coarsest,
		int64_t from, int64_t to)
{
	if (from >= to)
		return;
	if (coarsest == LEVEL_10S) {
		add_kept(plan, have, coarsest, from, to);
		return;
	}
	int64_t length = level_us(coarsest);
	int64_t begin = ceil_to(from, length), end = floor_to(to, length);
	if (end > have->rolled[coarsest])
		end = have->rolled[coarsest];
	enum level finer = (enum level)(coarsest - 1);
	if (begin >= end) {
		plan_cover(plan, have, finer, from, to);
		return;
	}
	plan_cover(plan, have, finer, from, begin);
	add_kept(plan, have, coarsest, begin, end);
	plan_cover(plan, have, finer, end, to);
}
