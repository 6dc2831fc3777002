/*
 * alert_compare.c: see alert_compare.h.
 */
#include "cli/alert_compare.h"

#include <stdlib.h>
#include <string.h>

/*
 * One that was recorded went by seconds, one that is tried by minutes or hours: what is
 * less apart may be the same.
 */
#define NEAR_US (15 * 60 * INT64_C(1000000))

static int by_name(const struct alert_record *a, const struct alert_record *b)
{
	int order = strcmp(a->rule, b->rule);
	return order != 0 ? order : strcmp(a->target, b->target);
}

static int by_begin(const void *left, const void *right)
{
	const struct alert_record *a = left, *b = right;
	return (a->start > b->start) - (a->start < b->start);
}

static int by_name_and_begin(const void *left, const void *right)
{
	int order = by_name(left, right);
	return order != 0 ? order : by_begin(left, right);
}

static int64_t end_of(const struct alert_record *alert)
{
	return alert->end == UNKNOWN_TIME ? INT64_MAX : alert->end + NEAR_US;
}

static bool belong_together(const struct alert_record *a, const struct alert_record *b)
{
	return a->start <= end_of(b) && b->start <= end_of(a);
}

/* < 0: only tried has the one that comes next, > 0: only the other, 0: both. */
static int next(const struct alert_record *tried, const struct alert_record *in_force)
{
	int order = by_name(tried, in_force);
	if (order != 0)
		return order;
	return belong_together(tried, in_force) ? 0 : by_begin(tried, in_force);
}

size_t alert_compare(struct alert_record *tried, size_t tried_count,
		     struct alert_record *in_force, size_t in_force_count)
{
	size_t count = tried_count;
	qsort(tried, tried_count, sizeof(*tried), by_name_and_begin);
	qsort(in_force, in_force_count, sizeof(*in_force), by_name_and_begin);
	for (size_t i = 0, j = 0; i < tried_count || j < in_force_count;) {
		int order = i == tried_count      ? 1
			    : j == in_force_count ? -1
						  : next(&tried[i], &in_force[j]);
		if (order > 0) {
			tried[count] = in_force[j++];
			tried[count++].change = "gone";
			continue;
		}
		tried[i++].change = order < 0 ? "new" : "same";
		j += order == 0;
	}
	qsort(tried, count, sizeof(*tried), by_begin);
	return count;
}
