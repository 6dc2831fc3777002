/*
 * wall_rate.c: see wall_rate.h.
 */
#include "guard/wall_rate.h"

#define SECOND_US 1000000LL
#define MINUTE_US (60 * SECOND_US)
/* All that was in force is told at once; a daemon that starts may be busy. */
#define RESTORE_US (2 * MINUTE_US)

void wall_rate_begin(struct wall_rate *rate, struct wall_past *past, uint32_t total,
		     uint32_t new_per_minute)
{
	*rate = (struct wall_rate){ .past = past, .new_per_minute = new_per_minute };
	if (rate->past == NULL)
		rate->past = &rate->own;
	rate->restored_left = total;
	if (rate->past->has_begun != 0)
		rate->restored_left = rate->past->held;
	else
		*rate->past = (struct wall_past){ .new_us = MINUTE_US,
						  .by_hand_us = MINUTE_US,
						  .has_begun = 1 };
}

static void fill(struct wall_past *past, int64_t now_us)
{
	int64_t by_us = now_us > past->filled_us ? now_us - past->filled_us : 0;
	past->filled_us = now_us;
	past->new_us =
		past->new_us + by_us < MINUTE_US ? past->new_us + by_us : MINUTE_US;
	past->by_hand_us = past->by_hand_us + by_us < MINUTE_US
				   ? past->by_hand_us + by_us
				   : MINUTE_US;
}

static bool takes(int64_t *left_us, uint32_t a_minute)
{
	int64_t one_us = MINUTE_US / a_minute;
	if (*left_us < one_us)
		return false;
	*left_us -= one_us;
	return true;
}

bool wall_rate_is_restored(struct wall_rate *rate, const struct wall_order *order,
			   int64_t now_us)
{
	if (rate->begun_us == 0)
		rate->begun_us = now_us;
	return (order->flags & WALL_RESTORED) && !rate->is_ready &&
	       rate->restored_left > 0 && now_us - rate->begun_us < RESTORE_US;
}

bool wall_rate_takes(struct wall_rate *rate, const struct wall_order *order,
		     int64_t now_us)
{
	fill(rate->past, now_us);
	if (wall_rate_is_restored(rate, order, now_us)) {
		rate->restored_left--;
		return true;
	}
	return order->flags & WALL_BY_HAND
		       ? takes(&rate->past->by_hand_us, WALL_BY_HAND_A_MINUTE)
		       : takes(&rate->past->new_us, rate->new_per_minute);
}

void wall_rate_ready(struct wall_rate *rate)
{
	rate->is_ready = true;
}

/* Until all is told again, what there was before still counts: it may end once more. */
void wall_rate_held(struct wall_rate *rate, uint32_t count)
{
	if (rate->is_ready || count > rate->past->held)
		rate->past->held = count;
}
