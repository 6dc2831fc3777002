/*
 * nab.c: anomaly marks on the Numenta Anomaly Benchmark, and on series in which nothing
 * happens (noise.h).
 *
 *   nab bench FOLDER SEED    scores, frontier against false alarms, held-out halves
 *
 *   nab noise KIND SEED      false alarms with what is shipped
 *
 * Prints METRIC VALUE, and comments.  One setting, that of the program, is judged;
 * others are tried to see what choosing among them is worth: on one half of the series
 * they are chosen, on the other half judged, both ways.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit/anomaly_inside.h"
#include "nab_data.h"
#include "noise.h"

enum {
	SECOND_US = 1000 * 1000,
	MONTH_DAYS = 30,
	HELD_SERIES = 12,  /* of each noise, for each setting that is tried */
	NOISE_SERIES = 64, /* of one noise, for what is shipped */
	ALARMS_MAX = 1 << 22,
	POINTS_MAX = 1 << 20,
};

static const double ALARMS_WANTED = 2; /* a month of a series, of all noises the mean */
static const int64_t BEGIN_US = INT64_C(1700006400) * SECOND_US; /* of a day */

/* ---- noise ------------------------------------------------------------------------
 */

/* Scores of values in which nothing happens, highest first. */
struct alarms {
	double scores[ALARMS_MAX];
	size_t count, series;
};

static struct alarms alarms;

static size_t noise_values(const struct anomaly_settings *settings)
{
	return (size_t)(settings->learn_s / NOISE_STEP_S) + MONTH_DAYS * NOISE_DAY;
}

static void take_noise(const struct anomaly_settings *settings,
		       const struct noise_kind *kind, uint64_t seed)
{
	struct noise noise = { .random = seed };
	struct anomaly series = { 0 };
	int64_t at_us = BEGIN_US;
	for (size_t i = noise_values(settings); i > 0; i--) {
		at_us += (int64_t)NOISE_STEP_S * SECOND_US;
		double score = anomaly_take_as(&series, settings, at_us,
					       noise_next(kind, &noise));
		if (score > 0 && alarms.count < ALARMS_MAX)
			alarms.scores[alarms.count++] = score;
	}
	alarms.series++;
}

static int by_height(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a < b) - (a > b);
}

/* Seeds of series: far apart in the generator's sequence for any that are near. */
static uint64_t seed_of(uint64_t seed, int kind, int series)
{
	uint64_t state = seed + (uint64_t)kind * NOISE_SERIES + (uint64_t)series;
	return random_next(&state);
}

static void take_noises(const struct anomaly_settings *settings, uint64_t seed)
{
	alarms.count = alarms.series = 0;
	for (int kind = 0; kind < NOISE_KINDS; kind++) {
		for (int i = 0; i < HELD_SERIES; i++)
			take_noise(settings, &NOISES[kind], seed_of(seed, kind, i));
	}
	qsort(alarms.scores, alarms.count, sizeof(double), by_height);
}

/* What scores are above, so that there are that many alarms in a month of a series. */
static double threshold_of(double a_month)
{
	size_t place = (size_t)(a_month * (double)alarms.series);
	return place < alarms.count ? alarms.scores[place] : 0;
}

static size_t alarms_above(double threshold)
{
	size_t count = 0;
	for (size_t i = 0; i < alarms.count; i++)
		count += alarms.scores[i] >= threshold;
	return count;
}

static int tell_noise(const char *name, uint64_t seed)
{
	int kind = 0;
	while (kind < NOISE_KINDS && strcmp(NOISES[kind].name, name) != 0)
		kind++;
	if (kind == NOISE_KINDS)
		return EXIT_FAILURE;
	for (int i = 0; i < NOISE_SERIES; i++)
		take_noise(&ANOMALY_SETTINGS, &NOISES[kind], seed_of(seed, kind, i));
	printf("# %zu series of %d days, a value a minute\n", alarms.series,
	       MONTH_DAYS);
	printf("alarms-per-series-month %.3f\n",
	       (double)alarms_above(ANOMALY_MARK) / (double)alarms.series);
	return EXIT_SUCCESS;
}

/* ---- the benchmark ----------------------------------------------------------------
 */

static struct nab_data data;
static struct nab_point points[POINTS_MAX];

enum half { HALF_EVEN, HALF_ODD, HALF_BOTH };

/* Every other series, by name. */
static bool is_in(enum half half, size_t series)
{
	return half == HALF_BOTH || series % 2 == (half == HALF_ODD);
}

static void score_all(const struct anomaly_settings *settings)
{
	for (size_t i = 0; i < data.count; i++) {
		struct nab_series *of = &data.series[i];
		struct anomaly series = { 0 };
		for (size_t at = 0; at < of->count; at++)
			of->scores[at] = anomaly_take_as(&series, settings,
							 of->at_us[at], of->values[at]);
	}
}

/* The series that score_all() has judged. */
static struct nab_set set_of(enum half half)
{
	struct nab_set set = { .points = points };
	for (size_t i = 0; i < data.count; i++) {
		const struct nab_series *of = &data.series[i];
		if (is_in(half, i))
			nab_add(&set, of->scores, of->count, of->windows,
				of->window_count);
	}
	nab_sort(&set);
	return set;
}

/* A score that is a mark is at least the mark; those that count are above. */
static double just_below(double mark)
{
	return nextafter(mark, 0);
}

static void tell_scores(void)
{
	struct nab_set set = set_of(HALF_BOTH);
	for (int i = 0; i < NAB_PROFILE_COUNT; i++) {
		const struct nab_profile *profile = &NAB_PROFILES[i];
		struct nab_result result =
			nab_judge(&set, profile, just_below(ANOMALY_MARK));
		printf("%s %.3f\n", profile->name, result.score);
		printf("%s-best-threshold %.3f\n", profile->name,
		       nab_judge(&set, profile, 0).best);
		if (i == 0)
			printf("windows %d\nfound %zu\nfalse-marks %zu\n", set.windows,
			       result.found, result.false_marks);
	}
}

/* Hours from a window's begin to its first mark; infinite if there is none. */
static double delay_hours(const struct nab_series *of, const struct nab_window *window)
{
	for (size_t i = window->first; i <= window->last; i++) {
		if (i >= nab_probation(of->count) && of->scores[i] >= ANOMALY_MARK)
			return (double)(of->at_us[i] - of->at_us[window->first]) /
			       SECOND_US / 3600;
	}
	return INFINITY;
}

static void tell_delay(void)
{
	double hours[NAB_ALL_WINDOWS] = { 0 };
	size_t count = 0;
	for (size_t i = 0; i < data.count; i++) {
		const struct nab_series *of = &data.series[i];
		for (size_t w = 0; w < of->window_count; w++) {
			double delay = delay_hours(of, &of->windows[w]);
			if (isfinite(delay))
				hours[count++] = delay;
		}
	}
	qsort(hours, count, sizeof(double), by_height);
	if (count > 0)
		printf("delay-hours-median %.2f\n", hours[count / 2]);
}

static void tell_frontier(void)
{
	const double a_month[] = { 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 36 };
	struct nab_set set = set_of(HALF_BOTH);
	for (size_t i = 0; i < sizeof(a_month) / sizeof(a_month[0]); i++) {
		double threshold = threshold_of(a_month[i]);
		printf("# frontier: %g alarms at score %.3f:", a_month[i], threshold);
		for (int p = 0; p < NAB_PROFILE_COUNT; p++)
			printf(" %s %.1f", NAB_PROFILES[p].name,
			       nab_judge(&set, &NAB_PROFILES[p], threshold).score);
		printf("\nstandard-at-%g %.3f\n", a_month[i],
		       nab_judge(&set, &NAB_PROFILES[0], threshold).score);
	}
}

/* ---- what choosing is worth -------------------------------------------------------
 */

/* Settings by number; false if there are no more. */
static bool try_settings(size_t number, struct anomaly_settings *settings)
{
	const double views[][ANOMALY_VIEWS] = {
		{ 1, 0, 0 }, { 0, 0, 1 }, { 1, 1, 0 }, { 1, 0, 1 }, { 1, 1, 1 }
	};
	const double narrow[] = { 0.001, 0.004, 0.0144, 0.0288 };
	const double hours_s[] = { 1800, 3600, 7200 };
	const size_t of_views = sizeof(views) / sizeof(views[0]);
	*settings = ANOMALY_SETTINGS;
	memcpy(settings->weights, views[number % of_views], sizeof(settings->weights));
	number /= of_views;
	settings->narrow_per_day = narrow[number % 4];
	number /= 4;
	settings->hour_s = hours_s[number % 3];
	return number < 3;
}

struct choice {
	struct anomaly_settings settings;
	double score, threshold; /* on the half that it was chosen by */
	double held_out;         /* on the other one */
};

/* Thresholds come from noise alone: as many alarms as are wanted. */
static void choose(struct choice chosen[2], uint64_t seed)
{
	struct anomaly_settings settings;
	for (size_t number = 0; try_settings(number, &settings); number++) {
		double scores[2];
		take_noises(&settings, seed);
		double threshold = threshold_of(ALARMS_WANTED);
		score_all(&settings);
		for (int half = 0; half < 2; half++) {
			struct nab_set set = set_of(half);
			scores[half] =
				nab_judge(&set, &NAB_PROFILES[0], threshold).score;
		}
		for (int half = 0; half < 2; half++) {
			if (number == 0 || scores[half] > chosen[half].score)
				chosen[half] =
					(struct choice){ settings, scores[half],
							 threshold, scores[!half] };
		}
	}
}

static void tell_held_out(uint64_t seed)
{
	struct choice chosen[2];
	double whole = 0, windows[2];
	choose(chosen, seed);
	for (int half = 0; half < 2; half++) {
		const struct choice *of = &chosen[half];
		const double *weights = of->settings.weights;
		printf("# chosen on half %d, where it has %.1f: views %g %g %g, "
		       "narrows "
		       "%g a day, %g s of an hour; the other half has %.1f\n",
		       half + 1, of->score, weights[0], weights[1], weights[2],
		       of->settings.narrow_per_day, of->settings.hour_s, of->held_out);
		windows[half] = set_of(!half).windows;
		whole += of->held_out * windows[half];
		printf("held-out-%d %.3f\n", half + 1, of->held_out);
	}
	printf("held-out %.3f\n", whole / (windows[0] + windows[1]));
}

static int tell_benchmark(const char *folder, uint64_t seed)
{
	if (!nab_load(&data, folder))
		return EXIT_FAILURE;
	printf("# %zu series\n", data.count);
	score_all(&ANOMALY_SETTINGS);
	tell_scores();
	tell_delay();
	take_noises(&ANOMALY_SETTINGS, seed);
	tell_frontier();
	tell_held_out(seed);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return EXIT_FAILURE;
	uint64_t seed = strtoull(argv[3], NULL, 10);
	if (strcmp(argv[1], "noise") == 0)
		return tell_noise(argv[2], seed);
	return tell_benchmark(argv[2], seed);
}
