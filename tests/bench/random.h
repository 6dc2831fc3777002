/*
 * random.h: numbers by chance that are the same again for the same seed.
 */
#pragma once

#include <math.h>
#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood 2014): small, seedable, the same everywhere. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* In [0, 1). */
static inline double random_unit(uint64_t *state)
{
	return (double)(random_next(state) >> 11) * 0x1p-53;
}

static inline uint32_t random_below(uint64_t *state, uint32_t limit)
{
	return (uint32_t)(random_unit(state) * limit);
}

static inline double random_exponential(uint64_t *state, double mean)
{
	return -mean * log(1 - random_unit(state));
}
