/*
 * histogram.h: durations in buckets of bounded relative error, mergeable.
 *
 * Log-linear buckets, 64 to the octave: a value and its bucket's middle differ
 * by at most 1/128 (0.8 %), so every quantile does, whatever the distribution
 * and however many histograms were merged; the relative-error guarantee of
 * DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile
 * sketch with relative-error guarantees", VLDB 2019) with its linearly
 * interpolated mapping, that is, shifts instead of logarithms.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HISTOGRAM_SUB_BITS = 6,
	HISTOGRAM_BUCKETS = (32 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS,
};

/*
 * The first samples are kept as bucket numbers, which is all that most services need in
 * a second; the buckets come into use after that.  All zero is empty.
 */
enum { HISTOGRAM_FEW = 32 };

struct histogram {
	uint32_t total;       /* samples; saturates */
	uint16_t first, last; /* of count: used buckets, inclusive */
	uint16_t few[HISTOGRAM_FEW];
	bool many; /* count is in use, few is not */
	uint32_t count[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *h);

/* The same for one that was cleared, or zeroed, before: touches only what was used. */
void histogram_reset(struct histogram *h);

/* Values above 2^32 - 1 count as 2^32 - 1. */
void histogram_add(struct histogram *h, uint64_t value_us);
void histogram_merge(struct histogram *into, const struct histogram *from);

/* Middle of the bucket that holds quantile q (0..1); UINT64_MAX if empty. */
uint64_t histogram_quantile(const struct histogram *h, double q);

/* Several at once, q ascending, in one pass. */
void histogram_quantiles(const struct histogram *h, const double *q, uint64_t *out,
			 unsigned count);

/* Mean of the middles of the buckets, as near as a quantile; UINT64_MAX if empty. */
uint64_t histogram_mean(const struct histogram *h);

/* Samples in the buckets up to that value's. */
uint64_t histogram_count_to(const struct histogram *h, uint64_t value_us);

/*
 * Packs the used buckets into out and reads them back, for a ring between threads and
 * for the disk: mostly two bytes a bucket, the same on every machine.  pack returns the
 * bytes written, 0 if size is too small (it never is at HISTOGRAM_PACKED_MAX); unpack
 * merges and returns the bytes taken, 0 if they are no histogram.
 */
enum { HISTOGRAM_PACKED_MAX = 1 + 2 + 5 + HISTOGRAM_BUCKETS * (2 + 5) };
size_t histogram_pack(const struct histogram *h, uint8_t *out, size_t size);
size_t histogram_unpack(struct histogram *into, const uint8_t *at, size_t len);
