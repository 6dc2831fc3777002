/*
 * usual.h: what is usual for a rate: median and spread of its own past, and whether it
 * is above that for long enough.  Private to the room.
 *
 * The past are the greatest seconds of each ten, of the last quarter of an hour. Median
 * and median absolute deviation (Hampel, "The influence curve and its role in robust
 * estimation", 1974) bear that up to half of it is an attack.  While a rate is above
 * what is usual, only one in sixty is learned: a lasting change is usual after some
 * hours, an attack is not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { USUAL_SLOTS = 90, USUAL_SLOT_S = 10 };

/* All zero is nothing known. */
struct usual {
	int64_t slot; /* of time, being filled */
	uint32_t high_slots;
	bool is_high; /* in this slot */
	uint64_t now; /* greatest second of this slot */
	uint64_t median, spread;
	uint32_t count, next;
	uint32_t past[USUAL_SLOTS];
};

/* A second's rate; seconds that are left out were none. */
void usual_note(struct usual *usual, int64_t at_us, uint64_t rate, bool is_high);

/*
 * Above that, a second is more than usual: 8 deviations above the median.  A rate that
 * hardly varied may treble.
 */
uint64_t usual_limit(const struct usual *usual);

/* ---- of the last seconds, how many ---- */

enum { LATELY_S = 5 };

/* All zero is none. */
struct lately {
	int64_t second;
	uint32_t bits;
};

/* Notes whether that second counts; of the last LATELY_S, how many do. */
unsigned lately_note(struct lately *lately, int64_t at_us, bool counts);

/*
 * So far above a limit that the second decides by itself: a limit is three times what
 * is usual, and more than that by as much again is no burst of what is wanted.
 */
enum { LATELY_FAR = 2 };
static inline bool lately_is_far(uint64_t rate, uint64_t limit)
{
	return rate / LATELY_FAR > limit;
}
