/*
 * coverage.c: see coverage.h.
 */
#include "report/coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

/* ---- what the store says ---- */

bool observed_add(struct observed *observed, const struct gap_record *gap)
{
	if (observed->gap_count == observed->gap_room) {
		size_t room = observed->gap_room == 0 ? 64 : 2 * observed->gap_room;
		struct gap_record *gaps =
			reallocarray(observed->gaps, room, sizeof(*gaps));
		if (gaps == NULL) {
			observed->failed = true;
			return false;
		}
		observed->gaps = gaps;
		observed->gap_room = room;
	}
	observed->gaps[observed->gap_count++] = *gap;
	return true;
}

static bool take_gap(void *of, const void *record)
{
	return observed_add(of, record);
}

static bool take_first(void *of, const struct store_value *values, size_t count)
{
	struct observed *observed = of;
	if (count == 1 && values[0].type == STORE_INTEGER)
		observed->first_us = values[0].integer;
	return true;
}

static int by_start(const void *left, const void *right)
{
	const struct gap_record *a = left, *b = right;
	return (a->start > b->start) - (a->start < b->start);
}

void observed_sort(struct observed *observed)
{
	if (observed->gap_count > 0)
		qsort(observed->gaps, observed->gap_count, sizeof(observed->gaps[0]),
		      by_start);
}

bool observed_read(struct observed *observed, struct store_reader *reader,
		   int64_t since_us, int64_t until_us,
		   char error[static STORE_ERROR_MAX])
{
	/* Of a day only its end is sure: it may have begun before the monitor did. */
	static const char first[] =
		"SELECT min(t) FROM (SELECT min(at) AS t FROM audit "
		"UNION ALL SELECT min(at) FROM listener "
		"UNION ALL SELECT min(start) + 86400000000 FROM port_1d "
		"UNION ALL SELECT min(start) FROM gap)";
	const struct store_sql to = { .self = observed, .row = take_first };
	struct store_filter filter;
	*observed = (struct observed){ .first_us = UNKNOWN_TIME };
	store_filter_init(&filter);
	filter.since_us = since_us;
	filter.until_us = until_us;
	if (store_sql(reader, first, 0, &to, error) != 0 ||
	    store_read(reader, RECORD_gap, &filter, take_gap, observed, error) != 0)
		return false;
	if (observed->failed)
		snprintf(error, STORE_ERROR_MAX, "not enough memory");
	observed_sort(observed);
	return !observed->failed;
}

void observed_free(struct observed *observed)
{
	free(observed->gaps);
	*observed = (struct observed){ 0 };
}

/* ---- of one time ---- */

bool coverage_is_blind(const struct gap_record *gap)
{
	return gap->reason == NULL || strcmp(gap->reason, "dropped") != 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/*
 * How much of a time is within gaps of one sort, those that overlap counted once: they
 * are in order.
 */
static int64_t within(const struct observed *observed, bool blind, int64_t from_us,
		      int64_t to_us)
{
	int64_t sum_us = 0, done_us = from_us;
	for (size_t i = 0; i < observed->gap_count; i++) {
		const struct gap_record *gap = &observed->gaps[i];
		if (coverage_is_blind(gap) != blind)
			continue;
		int64_t begin_us = later(gap->start, done_us);
		int64_t end_us = earlier(gap->end, to_us);
		if (end_us <= begin_us)
			continue;
		sum_us += end_us - begin_us;
		done_us = end_us;
	}
	return sum_us;
}

void coverage_of(const struct observed *observed, enum observer observer,
		 uint32_t kept_s, int64_t since_us, int64_t until_us, int64_t now_us,
		 struct coverage *out)
{
	int64_t kept_us = kept_s > 0 ? now_us - kept_s * SECOND_US : INT64_MIN;
	*out = (struct coverage){ .since_us = since_us,
				  .until_us = until_us,
				  .known_since_us = since_us };
	if (observed->first_us == UNKNOWN_TIME || observed->first_us > since_us) {
		out->known_why = "began";
		out->known_since_us = observed->first_us == UNKNOWN_TIME
					      ? until_us
					      : observed->first_us;
	}
	if (kept_us > out->known_since_us) {
		out->known_why = "kept";
		out->known_since_us = kept_us;
	}
	out->known_since_us = earlier(out->known_since_us, until_us);
	int64_t to_us = later(earlier(until_us, now_us), out->known_since_us);
	out->known_end_us = to_us;
	out->known_us = to_us - out->known_since_us -
			within(observed, true, out->known_since_us, to_us);
	if (observer == OBSERVER_PACKETS)
		out->lossy_us = within(observed, false, out->known_since_us, to_us);
}

double coverage_ratio(const struct coverage *coverage)
{
	int64_t asked_us = coverage->until_us - coverage->since_us;
	return asked_us > 0 ? (double)coverage->known_us / (double)asked_us : 0;
}
