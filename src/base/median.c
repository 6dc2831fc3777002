/*
 * median.c: see median.h.
 */
#include "base/median.h"

#include <stdlib.h>

static int by_value(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

void sort_u64(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
}

uint64_t median_u64(uint64_t *values, size_t count)
{
	if (count == 0)
		return 0;
	sort_u64(values, count);
	return values[count / 2];
}

uint64_t median_deviation_u64(uint64_t *values, size_t count, uint64_t median)
{
	for (size_t i = 0; i < count; i++)
		values[i] =
			values[i] > median ? values[i] - median : median - values[i];
	return median_u64(values, count);
}
