/*
 * beacon_score.c: see beacon_score.h.
 */
#include "detect/beacon_score.h"

#include <math.h>

#include "base/median.h"

enum {
	/* Fewer in a bin say nothing of whether bins are equal. */
	PER_BIN_MIN = 4,
	BINS_MIN = 3,
	HOLIDAYS = 2, /* long gaps of the last 64 that say nothing */
};

/* Of sorted values, the nearest rank. */
static uint32_t quantile(const uint64_t *sorted, size_t count, double q)
{
	return (uint32_t)sorted[(size_t)(q * (double)(count - 1) + .5)];
}

struct spread {
	uint32_t low, median, high; /* quartiles */
	uint32_t deviation;         /* median of the absolute one */
	double mean;                /* without the HOLIDAYS largest */
};

static void measure(const uint32_t *values, size_t count, struct spread *out)
{
	uint64_t sorted[BEACON_SAMPLES];
	for (size_t i = 0; i < count; i++)
		sorted[i] = values[i];
	sort_u64(sorted, count);
	out->low = quantile(sorted, count, .25);
	out->median = quantile(sorted, count, .5);
	out->high = quantile(sorted, count, .75);
	out->mean = 0;
	for (size_t i = 0; i + HOLIDAYS < count; i++)
		out->mean += (double)sorted[i] / (double)(count - HOLIDAYS);
	out->deviation = (uint32_t)median_deviation_u64(sorted, count, out->median);
}

/* Bowley: where the median is between the quartiles; 0 in the middle. */
static double skewness(const struct spread *s)
{
	double range = (double)s->high - s->low;
	if (range <= 0 || s->median == s->low || s->median == s->high)
		return 0;
	return ((double)s->low + s->high - 2. * s->median) / range;
}

static double evenness(const struct spread *s)
{
	double median = s->median, even = 1;
	if (s->deviation > 0)
		even = median > 0 ? (median - s->deviation) / median : 0;
	return (1 - fabs(skewness(s)) + (even > 0 ? even : 0)) / 2;
}

/* How many hours were not without it. */
static double persistence(const struct beacon_series *series)
{
	size_t active = 0;
	for (size_t i = 0; i < series->hour_count; i++)
		active += series->hours[i] > 0;
	return series->hour_count > 0 ? (double)active / (double)series->hour_count : 0;
}

/* 1 - standard deviation by mean, of bins of so many hours; the last is not over. */
static double equality(const struct beacon_series *series, size_t first, size_t width)
{
	double sum = 0, squares = 0;
	size_t bins = 0;
	for (size_t at = first; at + width < series->hour_count; at += width, bins++) {
		double bin = 0;
		for (size_t i = 0; i < width; i++)
			bin += series->hours[at + i];
		sum += bin;
		squares += bin * bin;
	}
	if (bins < BINS_MIN || sum <= 0)
		return -1;
	double mean = sum / (double)bins;
	double variance = squares / (double)bins - mean * mean;
	double equal = 1 - sqrt(variance > 0 ? variance : 0) / mean;
	if (mean < PER_BIN_MIN)
		return -1;
	return equal > 0 ? equal : 0;
}

/* The narrowest bins that have enough in them; without any, it tells nothing. */
static double histogram(const struct beacon_series *series)
{
	for (size_t width = 1; width * BINS_MIN < series->hour_count; width++) {
		double equal = equality(series, 1, width); /* the first began late */
		if (equal >= 0)
			return equal;
	}
	return persistence(series);
}

void beacon_rate(const struct beacon_series *series, struct beacon_score *out)
{
	struct spread gaps, sizes;
	measure(series->gaps_ms, series->count, &gaps);
	measure(series->sizes, series->count, &sizes);
	*out = (struct beacon_score){
		.gap = evenness(&gaps),
		.size = evenness(&sizes),
		.duration = persistence(series),
		.histogram = histogram(series),
		.gap_ms = gaps.median,
		.gap_mad_ms = gaps.deviation,
		.size_median = sizes.median,
		.bursts = gaps.median > 0 ? gaps.mean / gaps.median : INFINITY,
		.spread = gaps.median > 0 ? ((double)gaps.high - gaps.low) / gaps.median
					  : INFINITY,
	};
	out->total = (out->gap + out->size + out->duration + out->histogram) / 4;
}
