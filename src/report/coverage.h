/*
 * coverage.h: how much of a time was really observed.  Private to the room.
 *
 * Nothing seen says something only of a time in which somebody watched: what was before
 * the first record, what is kept no longer, and what stands in `gap` is not known. Lost
 * packets leave the rest of their time known, and are said beside it.
 */
#pragma once

#include "report/compliance.h"
#include "store/store.h"

/* What is known of the store, once for all evidence. */
struct observed {
	int64_t first_us;        /* of the first record of all; UNKNOWN_TIME: none */
	struct gap_record *gaps; /* owned; by their start */
	size_t gap_count, gap_room;
	bool failed; /* without memory */
};

/* Of the gaps that overlap the time. False and one line in error. */
bool observed_read(struct observed *observed, struct store_reader *reader,
		   int64_t since_us, int64_t until_us,
		   char error[static STORE_ERROR_MAX]);
/* One more gap, of anywhere: then they have to be sorted.  False without memory. */
bool observed_add(struct observed *observed, const struct gap_record *gap);
void observed_sort(struct observed *observed);
void observed_free(struct observed *observed);

struct coverage {
	int64_t since_us, until_us; /* what was asked for */
	int64_t known_since_us;     /* from when on anything could be known */
	const char *known_why;      /* NULL: all of it; "began", "kept" */
	int64_t known_end_us;       /* and until when: now, at the latest */
	int64_t known_us;           /* of that, without gaps */
	int64_t lossy_us;           /* of that: packets or records were lost */
};

/*
 * kept_s: for how long the records are kept, 0: for ever.  now: the end of what can
 * have been observed.
 */
void coverage_of(const struct observed *observed, enum observer observer,
		 uint32_t kept_s, int64_t since_us, int64_t until_us, int64_t now_us,
		 struct coverage *out);

/* 0 to 1 of what was asked for; 0 of no time at all. */
double coverage_ratio(const struct coverage *coverage);

/* Whether nobody watches in it: false of lost packets and records. */
bool coverage_is_blind(const struct gap_record *gap);
