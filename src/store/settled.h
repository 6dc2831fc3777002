/*
 * settled.h: which records of the store do not change any more.
 */
#pragma once

#include "store/store.h"

/* Rows of a file of flows, and the number of that file. */
struct store_rows {
	int64_t day, file, first, last;
};

/*
 * Which records of a filter will not change any more, whatever comes: whoever added
 * them up need not read them again, as long as the revision stays the same.
 *
 * Of ports in steps these are the steps that are over; the revision changes when a
 * second comes late, or a service that is told of has a new name.  Of flows these are
 * rows of which all lie in the filter's time.
 */
struct store_settled {
	uint64_t revision;
	int64_t since_us, until_us; /* ports: begin in [since_us, until_us) */
	struct store_rows *rows;    /* flows: newest first; free() it */
	size_t row_count;
};

/*
 * Only records that ended before a time are settled: what ended later may also be told
 * of by somebody else, who should have the last word.  False: none are, as far as is
 * known, or so few are that reading them is nothing; or the filter's time is up.
 */
bool store_settled(struct store_reader *reader, enum record_kind kind,
		   const struct store_filter *filter, int64_t before_us,
		   struct store_settled *out);
