/*
 * median.h: the middle of values, and how far the others are from it; what half of them
 * can't move (Hampel, "The influence curve and its role in robust estimation", 1974).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* From the least to the greatest. */
void sort_u64(uint64_t *values, size_t count);

/* Sorts them; of an even number the greater of the two in the middle, of none 0. */
uint64_t median_u64(uint64_t *values, size_t count);

/* Median absolute deviation; the values become what they are away from the median. */
uint64_t median_deviation_u64(uint64_t *values, size_t count, uint64_t median);
