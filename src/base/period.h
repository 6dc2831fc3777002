/*
 * period.h: days, weeks, months, quarters and years of the calendar, in the machine's
 * time zone, and when the one that just ended is reported on.
 *
 * A period begins when the clock on the wall first shows its begin; where the clock
 * jumps over that, when it has jumped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum period_kind {
	PERIOD_DAY,
	PERIOD_WEEK, /* from Monday on, ISO 8601 */
	PERIOD_MONTH,
	PERIOD_QUARTER,
	PERIOD_YEAR
};

/* Their names in that order, ended by NULL. */
extern const char *const period_names[];

struct period {
	int64_t since_us, until_us; /* until: begin of the next */
	int64_t due_us;             /* so many minutes of the day later */
};

/* The last one that was due by at_us, and when the next one will be. */
struct period period_last(enum period_kind kind, unsigned minute, int64_t at_us);
int64_t period_next_due_us(enum period_kind kind, unsigned minute, int64_t at_us);

/* "2026-10-31", "2026-W44", "2026-10", "2026-Q4", "2026": for names of files. */
enum { PERIOD_NAME_MAX = 24 };
void period_name(enum period_kind kind, const struct period *period,
		 char out[static PERIOD_NAME_MAX]);

/* "06:00" to minutes of the day. False: it is none. */
bool period_minute(const char *text, unsigned *minute);
