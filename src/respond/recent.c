/*
 * recent.c: how many there were in the last units of time, in a ring of them.
 */
#include "respond/recent.h"

#include <stddef.h>

void recent_add(struct recent *recent, int64_t at_us, int by)
{
	int64_t unit = at_us / recent->unit_us;
	size_t i = (size_t)((uint64_t)unit % RECENT_UNITS);
	if (recent->stamp[i] > unit || (by < 0 && recent->stamp[i] != unit))
		return;
	if (recent->stamp[i] != unit)
		recent->count[i] = 0;
	recent->stamp[i] = unit;
	recent->count[i] += (uint32_t)by;
}

uint64_t recent_sum(const struct recent *recent, int64_t now_us, unsigned units)
{
	int64_t unit = now_us / recent->unit_us;
	uint64_t sum = 0;
	for (size_t i = 0; i < RECENT_UNITS; i++)
		if (recent->stamp[i] <= unit &&
		    recent->stamp[i] > unit - (int64_t)units)
			sum += recent->count[i];
	return sum;
}
