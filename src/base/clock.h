/*
 * clock.h: the time, for those few who may ask for it: what computes is given it.
 */
#pragma once

#include <stdint.h>
#include <time.h>

/* Microseconds of that clock; of CLOCK_REALTIME since 1970. */
static inline int64_t clock_us(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
