/*
 * window.h: times that come again ("Sun 02:00-04:00"), and one that does not.
 *
 * By the clock on the wall, which is set twice a year.  A window begins when the clock
 * first shows its begin, and ends when it last shows its end.  A time that the clock
 * jumps over is where it jumped; a window that is jumped over whole lasts from there as
 * long as it would have.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window {
	int64_t start_us, end_us; /* of one that does not come again */
	uint16_t from, to;        /* minutes of the day; to <= from: of the next */
	uint8_t days;             /* bit 0: Sunday; 0: it does not come again */
	bool in_utc;              /* else in the machine's zone */
};

#define WINDOW_ALLOWED                                                                 \
	"\"daily 01:00-01:30\", \"Sun 02:00-04:00\", \"Mon-Fri 22:00-06:00 UTC\", or " \
	"\"2026-12-01T22:00Z/2026-12-02T04:00Z\""

/* False if that is none. */
bool window_parse(const char *text, struct window *window);

/* Several; all zero: none. */
enum { WINDOWS_MAX = 8 };
struct windows {
	struct window at[WINDOWS_MAX];
	size_t count;
};

/* Adds one; false if it is none, or one too many. */
bool windows_add(struct windows *windows, const char *text);
bool windows_hold(const struct windows *windows, int64_t at_us);

/* Is that time, in microseconds since 1970, within it? */
bool window_holds(const struct window *window, int64_t at_us);
