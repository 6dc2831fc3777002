/*
 * wall_rate.h: how many blocks may begin; private to this room.
 *
 * Whoever has taken over the daemon says of each that a person asked for it, or that it
 * was in force before, and ends this process by a message that none of ours sends.  So
 * those by hand have a bound a minute as well, those restored are no more than there
 * were, for a while, and what was used up outlives the process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guard/wall.h"

enum { WALL_BY_HAND_A_MINUTE = 600 };

/* In memory that outlives the process; zeros at first. */
struct wall_past {
	int64_t new_us, by_hand_us, filled_us; /* what is left of each minute */
	uint32_t held;                         /* when it was last counted */
	uint32_t has_begun;
};

struct wall_rate {
	struct wall_past *past;
	struct wall_past own; /* where none outlives it */
	int64_t begun_us;     /* with the first order */
	uint32_t new_per_minute, restored_left;
	bool is_ready;
};

/* past may be NULL; total: as many may be in force. */
void wall_rate_begin(struct wall_rate *rate, struct wall_past *past, uint32_t total,
		     uint32_t new_per_minute);
/* It was in force before, and may be again. */
bool wall_rate_is_restored(struct wall_rate *rate, const struct wall_order *order,
			   int64_t now_us);
/* True if it may begin, which is counted. */
bool wall_rate_takes(struct wall_rate *rate, const struct wall_order *order,
		     int64_t now_us);
/* From now on what is restored is new like all else. */
void wall_rate_ready(struct wall_rate *rate);
void wall_rate_held(struct wall_rate *rate, uint32_t count);
