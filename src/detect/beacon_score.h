/*
 * beacon_score.h: how much a series of connections looks like a program that calls home
 * by the clock.  Private to the room.
 *
 * RITA's score, from its source: the mean of four, each from 0 to 1: are the intervals
 * even, are the sizes even (Bowley's skewness and the median absolute deviation, which
 * a few outliers do not move), does it go on for hours, and equally in all of them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { BEACON_SAMPLES = 64, BEACON_HOURS = 24 };

struct beacon_series {
	uint32_t gaps_ms[BEACON_SAMPLES], sizes[BEACON_SAMPLES];
	size_t count;
	uint16_t hours[BEACON_HOURS]; /* connections in each, in order of time */
	size_t hour_count;            /* the last BEACON_HOURS, as far as it was seen */
};

struct beacon_score {
	double total;
	double gap, size, duration, histogram; /* 0..1 */
	/*
	 * Interquartile range by median, of the gaps.  .5 if they vary by half to both
	 * sides, 1.6 if they come at random (exponential), which the score alone does
	 * not always tell apart.
	 */
	double spread;
	/*
	 * Mean of the gaps by median, without the two longest: 1 if they are even,
	 * whatever holidays it had; more if it comes in bursts, as the parts of a page
	 * do.
	 */
	double bursts;
	uint32_t gap_ms, gap_mad_ms; /* median, and median absolute deviation */
	uint32_t size_median;
};

void beacon_rate(const struct beacon_series *series, struct beacon_score *out);
