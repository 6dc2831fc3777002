/*
 * nab_score.h: the Numenta Anomaly Benchmark's score of a detector, by its rules
 * (Lavin, Ahmad: "Evaluating real-time anomaly detection algorithms", ICMLA 2015; its
 * sweeper.py).
 *
 * Of each window that people have labelled, the best mark in it counts, early ones
 * more; a window without one costs, and so does each mark outside, the less the nearer
 * it is behind a window.  Marks are scores above one threshold for all series.  100 is
 * a detector that marks the first value of every window and nothing else, 0 is silence.
 */
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { NAB_WINDOWS = 16, NAB_ALL_WINDOWS = 1024, NAB_NO_WINDOW = -1 };

/* The first 15 % of a series are for learning, of long ones that of 5,000 values. */
static const double NAB_PROBATION = 0.15, NAB_PROBATION_OF = 5000;

/* What a mark outside costs, and a window without one.  A window found gains 1. */
struct nab_profile {
	const char *name;
	double false_mark, missed;
};

static const struct nab_profile NAB_PROFILES[] = {
	{ "standard", 0.11, 1 },
	{ "low-fp", 0.22, 1 },
	{ "low-fn", 0.11, 2 },
};

enum { NAB_PROFILE_COUNT = sizeof(NAB_PROFILES) / sizeof(NAB_PROFILES[0]) };

/* Inclusive. */
struct nab_window {
	size_t first, last;
};

/* A value after the time of learning: what a mark there gains, of 1, or costs. */
struct nab_point {
	double score, gain;
	int window; /* among all, or NAB_NO_WINDOW */
};

/* All series that are judged together. */
struct nab_set {
	struct nab_point *points; /* nab_sort() has them by score, highest first */
	size_t count;
	int windows; /* all there are, also those that lie in the time of learning */
	bool judged[NAB_ALL_WINDOWS]; /* has points */
};

struct nab_result {
	double score; /* with the threshold that was asked for */
	double best,
		threshold; /* with the best one: marks are scores of at least that */
	size_t false_marks, found; /* with the threshold that was asked for */
};

/* 1 long before, 0 at the window's end, -1 long after it; position: in its widths. */
static inline double nab_sigmoid(double position)
{
	return position > 3 ? -1 : 2 / (1 + exp(5 * position)) - 1;
}

static inline size_t nab_probation(size_t values)
{
	double most = NAB_PROBATION * NAB_PROBATION_OF;
	double part = floor(NAB_PROBATION * (double)values);
	return (size_t)(part < most ? part : most);
}

static inline double nab_gain_inside(const struct nab_window *window, size_t at)
{
	double width = (double)(window->last - window->first + 1);
	return nab_sigmoid(-(double)(window->last - at + 1) / width) / nab_sigmoid(-1);
}

/* before: the last window that has ended, NULL if there is none. */
static inline double nab_gain_outside(const struct nab_window *before, size_t at)
{
	if (before == NULL)
		return -1;
	return nab_sigmoid((double)(at - before->last) /
			   (double)(before->last - before->first));
}

/* Adds one series; windows: in order, apart.  set->points must have the room. */
static inline void nab_add(struct nab_set *set, const double *scores, size_t values,
			   const struct nab_window *windows, size_t window_count)
{
	size_t next = 0; /* the window that has not ended yet */
	for (size_t i = 0; i < values; i++) {
		while (next < window_count && i > windows[next].last)
			next++;
		if (i < nab_probation(values))
			continue;
		struct nab_point *point = &set->points[set->count++];
		point->score = scores[i];
		point->window = NAB_NO_WINDOW;
		if (next < window_count && i >= windows[next].first) {
			point->window = set->windows + (int)next;
			point->gain = nab_gain_inside(&windows[next], i);
			set->judged[point->window] = true;
		} else {
			point->gain =
				nab_gain_outside(next ? &windows[next - 1] : NULL, i);
		}
	}
	set->windows += (int)window_count;
}

static inline int nab_by_score(const void *left, const void *right)
{
	double a = ((const struct nab_point *)left)->score;
	double b = ((const struct nab_point *)right)->score;
	return (a < b) - (a > b);
}

static inline void nab_sort(struct nab_set *set)
{
	qsort(set->points, set->count, sizeof(*set->points), nab_by_score);
}

/* The score of a detector that never marks anything, not yet normalised. */
static inline double nab_silence(const struct nab_set *set,
				 const struct nab_profile *profile)
{
	double score = 0;
	for (int i = 0; i < set->windows; i++)
		score -= set->judged[i] ? profile->missed : 0;
	return score;
}

/* What one more mark changes; best: of each window, the best mark so far. */
static inline double nab_mark(const struct nab_point *point,
			      const struct nab_profile *profile, double *best,
			      struct nab_result *result)
{
	if (point->window == NAB_NO_WINDOW) {
		result->false_marks++;
		return point->gain * profile->false_mark;
	}
	double before = best[point->window];
	if (point->gain <= before)
		return 0;
	result->found += before == -profile->missed;
	best[point->window] = point->gain;
	return point->gain - before;
}

/* Marks are scores above the threshold.  The set is sorted. */
static inline struct nab_result nab_judge(const struct nab_set *set,
					  const struct nab_profile *profile,
					  double threshold)
{
	double best[NAB_ALL_WINDOWS];
	double silence = nab_silence(set, profile), sum = silence, highest = silence;
	struct nab_result result = { .threshold = INFINITY };
	for (int i = 0; i < set->windows; i++)
		best[i] = -profile->missed;
	for (size_t i = 0; i < set->count && set->points[i].score > threshold; i++) {
		sum += nab_mark(&set->points[i], profile, best, &result);
		bool is_last = i + 1 == set->count ||
			       set->points[i + 1].score < set->points[i].score;
		if (is_last && sum > highest) {
			highest = sum;
			result.threshold = set->points[i].score;
		}
	}
	double whole = set->windows - silence;
	result.score = whole > 0 ? 100 * (sum - silence) / whole : 0;
	result.best = whole > 0 ? 100 * (highest - silence) / whole : 0;
	return result;
}
