/*
 * rounds_heartbeat.c: heartbeats among the targets: not asked, but looked at when their
 * time has passed, and when they say something.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "probe/watched.h"

#define SECOND_US 1000000LL

bool heartbeat_begin(struct watched *w, int64_t now_us)
{
	if (!watched_is_heartbeat(w))
		return true;
	w->beat = calloc(1, sizeof(*w->beat));
	if (w->beat != NULL)
		w->beat->since_us = now_us;
	return w->beat != NULL;
}

void heartbeat_plan(struct watched *w)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC), every_us = watched_interval_us(w);
	int64_t due_us = heartbeat_due_us(w->beat, &w->target, every_us, now_us);
	int64_t again_us = health_is_soft(&w->health) && w->rules.retry_s != 0
				   ? now_us + w->rules.retry_s * SECOND_US
			   : due_us == 0 ? now_us + every_us
					 : due_us;
	deadlines_move(&w->rounds->due, &w->due,
		       due_us != 0 && due_us < again_us ? due_us : again_us);
}

void heartbeat_tell(struct watched *w)
{
	struct probe_record told;
	probe_record_begin(&told, &w->target);
	told.by = "push";
	told.at = clock_us(CLOCK_REALTIME);
	heartbeat_judge(w->beat, &w->target, watched_interval_us(w),
			clock_us(CLOCK_MONOTONIC), &told);
	enum reason reason = probe_state_of(told.state) == PROBE_up
				     ? limits_judge(&w->target.limits, &told)
				     : REASON_NONE;
	if (reason != REASON_NONE) {
		told.state = probe_state_word(reason_state(reason));
		told.reason = reason_word(reason);
	}
	watched_conclude(w, &told);
}

bool rounds_push(struct rounds *rounds, const struct heartbeat_push *push)
{
	bool is_meant = false;
	for (uint32_t i = 0; i < rounds->count; i++) {
		struct watched *w = rounds->all[i];
		if (!watched_is_heartbeat(w) || !heartbeat_is_meant(&w->target, push))
			continue;
		is_meant = true;
		heartbeat_hear(w->beat, push, clock_us(CLOCK_MONOTONIC));
		heartbeat_tell(w);
	}
	return is_meant;
}
