/*
 * hub_recall_pace.c: see hub_recall_pace.h.
 */
#include "cli/hub_recall_pace.h"

#define NEVER INT64_MIN

static int64_t later(int64_t one_us, int64_t other_us)
{
	return one_us > other_us ? one_us : other_us;
}

void recall_pace_init(struct recall_pace *pace)
{
	*pace = (struct recall_pace){ .hole_us = NEVER,
				      .apart_us = RECALL_APART_FIRST_US,
				      .next_us = NEVER,
				      .all_us = NEVER };
}

void recall_pace_hole(struct recall_pace *pace, int64_t now_us)
{
	if (pace->hole_us != NEVER && now_us - pace->hole_us >= RECALL_QUIET_US)
		pace->apart_us = RECALL_APART_FIRST_US;
	pace->hole_us = now_us;
}

void recall_pace_was_read(struct recall_pace *pace, bool is_all, int64_t now_us)
{
	pace->next_us = now_us + pace->apart_us;
	/* Of the first reading nothing had to be missing. */
	if (pace->hole_us != NEVER)
		pace->apart_us = 2 * pace->apart_us < RECALL_APART_MOST_US
					 ? 2 * pace->apart_us
					 : RECALL_APART_MOST_US;
	if (is_all)
		pace->all_us = now_us;
	pace->lacks_all = !is_all;
}

void recall_pace_failed(struct recall_pace *pace, int64_t again_us, int64_t now_us)
{
	pace->next_us = now_us + again_us;
}

void recall_pace_hurry(struct recall_pace *pace, int64_t now_us)
{
	if (pace->next_us > now_us)
		pace->next_us = now_us;
}

int64_t recall_pace_next(const struct recall_pace *pace)
{
	return pace->next_us;
}

int64_t recall_pace_all(const struct recall_pace *pace)
{
	if (!pace->lacks_all || pace->hole_us == NEVER)
		return INT64_MAX;
	int64_t due_us = later(pace->next_us, pace->hole_us + RECALL_QUIET_US);
	return pace->all_us != NEVER ? later(due_us, pace->all_us + RECALL_ALL_APART_US)
				     : due_us;
}
