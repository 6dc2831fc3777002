/*
 * level_history.h: how much was good and bad lately, over minutes and over months, in a
 * few kilobytes.
 *
 * Rings of buckets in four resolutions; each piece of time goes into all of them.  So a
 * sum over an hour is exact to a minute, one over 30 days to six hours.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	HISTORY_RINGS = 4,
	/* An hour of minutes, six hours of ten, three days of hours, and the rest; and
	 * the one that is being filled. */
	HISTORY_BUCKETS = 61 + 37 + 73 + 361,
};

/* Seconds, or events; of seconds also how often it was seen to fail. */
struct level_amount {
	double good, bad, failures;
};

struct level_history {
	int64_t rest_us; /* length of the last ring's buckets */
	int64_t newest[HISTORY_RINGS];
	struct level_amount at[HISTORY_BUCKETS];
};

/* window_us: over which it will be asked for, at most; 90 days at least. */
void level_history_begin(struct level_history *history, int64_t window_us);
/* The same from now on; what is known stays. */
void level_history_fit(struct level_history *history, int64_t window_us,
		       int64_t now_us);

/* Whether what was read from a file can be one. */
bool level_history_is_sound(const struct level_history *history);

/* What was in that time, evenly spread; or at that moment, if it is one. */
void level_history_add(struct level_history *history, int64_t from_us, int64_t to_us,
		       const struct level_amount *amount);

/* What was in that time, of any length, to a bucket of the last ring; spread evenly. */
struct level_amount level_history_between(const struct level_history *history,
					  int64_t from_us, int64_t to_us);

/* The last window until now; only of buckets that begin after since_us (0: all). */
struct level_amount level_history_sum(const struct level_history *history,
				      int64_t now_us, int64_t window_us,
				      int64_t since_us);
