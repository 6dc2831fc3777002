/*
 * pace.h: so many packets a second, exactly, whatever the timer's grain.
 *
 * Each packet has its time, counted from the begin; nothing adds up.  Who was held up
 * catches up at most a tenth of a second, so a machine that slept does not burst.
 */
#pragma once

#include <stdint.h>

struct pace {
	double per_us; /* 0: no limit */
	int64_t begin_us;
	uint64_t sent; /* since then */
};

static inline struct pace pace_begin(double per_second, int64_t now_us)
{
	return (struct pace){ .per_us = per_second / 1e6, .begin_us = now_us };
}

/* How many are due, at most `most`. */
static inline int pace_due(struct pace *pace, int64_t now_us, int most)
{
	enum { CATCH_UP_US = 100000 };
	if (pace->per_us <= 0)
		return most;
	double late_us =
		(double)(now_us - pace->begin_us) - (double)pace->sent / pace->per_us;
	if (late_us < 0)
		return 0;
	if (late_us > CATCH_UP_US) {
		pace->begin_us += (int64_t)late_us - CATCH_UP_US;
		late_us = CATCH_UP_US;
	}
	double due = late_us * pace->per_us + 1;
	return due < most ? (int)due : most;
}

/* Until the next one is due. */
static inline int64_t pace_wait_us(const struct pace *pace, int64_t now_us)
{
	if (pace->per_us <= 0)
		return 0;
	double at_us = (double)pace->begin_us + (double)pace->sent / pace->per_us;
	return at_us > (double)now_us ? (int64_t)(at_us - (double)now_us) + 1 : 0;
}
