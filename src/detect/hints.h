/*
 * hints.h: what was so, and when it was last: a table of marks by their hash.  Private
 * to the room.
 *
 * Full, the oldest of the four that may have a place goes.  One in a thousand million
 * is taken for another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hint {
	uint32_t tag, at_s; /* at_s 0: unused */
};

struct hints {
	struct hint *at;
	size_t size;
};

/* False without memory; size is a multiple of four. */
bool hints_open(struct hints *hints, size_t size);
void hints_close(struct hints *hints);

/* hash: 64 bits, keyed if strangers choose what it is of. */
void hints_put(struct hints *hints, uint64_t hash, uint32_t now_s);

/* True if it was put within that many seconds. */
bool hints_hold(const struct hints *hints, uint64_t hash, uint32_t now_s,
		uint32_t most_s);

/* 0 if a clock was set back. */
static inline uint32_t hints_age_s(uint32_t now_s, uint32_t then_s)
{
	return now_s > then_s ? now_s - then_s : 0;
}
