/*
 * recent.h: how often something happened in the last units of time.  Private to the
 * room.
 */
#pragma once

#include <stdint.h>

enum { RECENT_UNITS = 64 };

struct recent {
	int64_t unit_us;
	int64_t stamp[RECENT_UNITS];
	uint32_t count[RECENT_UNITS];
};

void recent_add(struct recent *recent, int64_t at_us, int by);
uint64_t recent_sum(const struct recent *recent, int64_t now_us, unsigned units);
