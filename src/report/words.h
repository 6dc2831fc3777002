/*
 * words.h: times, shares and coverage as a person reads them.  Private to the room.
 */
#pragma once

#include "report/model.h"

/* "2026-01-31 12:00:00", UTC; the part of a second is left out. */
enum { WORDS_TIME_MAX = 20, WORDS_DAY = 10 };
void words_time(int64_t at_us, char out[static WORDS_TIME_MAX]);

/* "3 d 4 h", "5 h 2 min", "12 s": its two largest units. */
void words_duration(struct buf *out, int64_t us);

/* "83.2 %"; never 100 % of what is not all, nor 0 % of what is not nothing. */
void words_share(struct buf *out, double ratio);

/* "1 row", "41 rows" */
void words_count(struct buf *out, uint64_t count, const char *one, const char *many);

/* "Observed 83.2 % of the time. Not known: ... (why)." */
void words_coverage(struct buf *out, const struct report *report,
		    const struct collected *collected);

/* "Reviewed on ... by ..., who accepts these rows: ...", or that it was not. */
void words_review(struct buf *out, const struct report *report,
		  const struct collected *collected);

/* "Breakwater did not run": of a gap. */
const char *words_gap(const struct gap_record *gap);
