/*
 * capacity.c: see capacity.h.
 */
#include "limit/capacity.h"

#include <math.h>

enum { WEEK = 168, MONDAY = 4 * 24, HOUR_S = 3600 }; /* 1970-01-05 was a Monday */
#define HOUR_US INT64_C(3600000000)

/* 0: Monday, 00:00 UTC. */
static size_t hour_of_week(int64_t start_us)
{
	int64_t hour = (start_us / HOUR_US - MONDAY) % WEEK;
	return (size_t)(hour < 0 ? hour + WEEK : hour);
}

struct week {
	double sum[WEEK];
	unsigned count[WEEK];
};

static void add_up(const struct capacity_hours *hours, struct week *week)
{
	for (size_t i = 0; i < hours->count; i++) {
		if (isnan(hours->bytes[i]))
			continue;
		size_t at = hour_of_week(hours->at_us -
					 (int64_t)(hours->count - i) * HOUR_US);
		week->sum[at] += hours->bytes[i];
		week->count[at]++;
	}
}

static void tell_week(const struct week *week, struct capacity_record *out)
{
	double busiest = -1, quietest = INFINITY, sum = 0;
	unsigned count = 0;
	for (size_t h = 0; h < WEEK; h++) {
		if (week->count[h] == 0)
			continue;
		double mean = week->sum[h] / week->count[h];
		sum += week->sum[h];
		count += week->count[h];
		if (mean > busiest) {
			busiest = mean;
			out->busiest_hour = (uint32_t)h;
			out->busiest_bytes = (uint64_t)mean;
		}
		if (mean < quietest) {
			quietest = mean;
			out->quietest_hour = (uint32_t)h;
			out->quietest_bytes = (uint64_t)mean;
		}
	}
	if (count > 0)
		out->mean_bytes = (uint64_t)(sum / count);
}

static void tell_use(const struct capacity_hours *hours, struct capacity_record *out)
{
	size_t known = 0, idle = 0, first = hours->count;
	for (size_t i = 0; i < hours->count; i++) {
		if (isnan(hours->flows[i]))
			continue;
		if (first == hours->count)
			first = i;
		known++;
		idle += hours->flows[i] <= 0;
		if (hours->flows[i] > 0)
			out->last_used =
				hours->at_us - (int64_t)(hours->count - i) * HOUR_US;
	}
	out->history_s = (uint32_t)(hours->count - first) * HOUR_S;
	if (known > 0)
		out->idle_ratio = (double)idle / (double)known;
}

void capacity_tell(const struct capacity_hours *hours, struct capacity_record *out)
{
	struct week week = { 0 };
	out->at = hours->at_us;
	add_up(hours, &week);
	tell_week(&week, out);
	tell_use(hours, out);
	if (isnan(hours->link_bytes))
		return;
	out->link_bytes = (uint64_t)hours->link_bytes;
	if (out->busiest_bytes != UNKNOWN_U64)
		out->headroom_ratio =
			fmax(1 - (double)out->busiest_bytes / hours->link_bytes, 0);
}
