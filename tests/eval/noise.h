/*
 * noise.h: series in which nothing happens.  Every mark in them is a false alarm.
 *
 * One value a minute, as a monitor's series are: steady, counted, by the hour of the
 * day, slow to change, and two with heavy tails, as sizes and times have them.
 */
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "../bench/random.h"

enum { NOISE_STEP_S = 60, NOISE_DAY = 86400 / NOISE_STEP_S };

struct noise {
	uint64_t random;
	double last; /* of a series that remembers */
	size_t count;
};

static inline double noise_normal(struct noise *noise)
{
	double radius = sqrt(-2 * log(1 - random_unit(&noise->random)));
	return radius * cos(2 * M_PI * random_unit(&noise->random));
}

/* Knuth's way: for small means. */
static inline double noise_poisson(struct noise *noise, double mean)
{
	double least = exp(-mean), product = 1 - random_unit(&noise->random);
	double count = 0;
	while (product > least) {
		product *= 1 - random_unit(&noise->random);
		count++;
	}
	return count;
}

static inline double noise_gauss(struct noise *noise)
{
	return 100 + 10 * noise_normal(noise);
}

static inline double noise_poisson5(struct noise *noise)
{
	return noise_poisson(noise, 5);
}

static inline double noise_diurnal(struct noise *noise)
{
	double day = (double)(noise->count % NOISE_DAY) / NOISE_DAY;
	return noise_poisson(noise, 20 * (1 + 0.8 * sin(2 * M_PI * day)));
}

static inline double noise_ar1(struct noise *noise)
{
	noise->last = 0.95 * noise->last + noise_normal(noise);
	return 100 + 5 * noise->last;
}

static inline double noise_lognormal(struct noise *noise)
{
	return 1000 * exp(noise_normal(noise));
}

/* Index 1.5: a mean, but no variance. */
static inline double noise_pareto(struct noise *noise)
{
	return 1000 * pow(1 - random_unit(&noise->random), -1 / 1.5);
}

struct noise_kind {
	const char *name;
	double (*next)(struct noise *noise);
};

static const struct noise_kind NOISES[] = {
	{ "gauss", noise_gauss },         { "poisson5", noise_poisson5 },
	{ "diurnal", noise_diurnal },     { "ar1", noise_ar1 },
	{ "lognormal", noise_lognormal }, { "pareto", noise_pareto },
};

enum { NOISE_KINDS = sizeof(NOISES) / sizeof(NOISES[0]) };

static inline double noise_next(const struct noise_kind *kind, struct noise *noise)
{
	double value = kind->next(noise);
	noise->count++;
	return value;
}
