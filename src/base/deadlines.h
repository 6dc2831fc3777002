/*
 * deadlines.h: things with a time, the next one first; a binary heap, intrusive.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of whatever has a time; `at_us` may be read, and is set by the functions. */
struct deadline {
	int64_t at_us;
	uint32_t place;
};

/* All zero is empty. */
struct deadlines {
	struct deadline **heap;
	uint32_t count, size;
};

void deadlines_free(struct deadlines *all);

/* False without memory. */
bool deadlines_add(struct deadlines *all, struct deadline *one, int64_t at_us);
void deadlines_move(struct deadlines *all, struct deadline *one, int64_t at_us);
void deadlines_remove(struct deadlines *all, struct deadline *one);

/* The next; NULL if there is none. */
static inline struct deadline *deadlines_next(const struct deadlines *all)
{
	return all->count > 0 ? all->heap[0] : NULL;
}
