/*
 * deadlines.c: see deadlines.h.
 */
#include "base/deadlines.h"

#include <stdlib.h>

static void put(struct deadlines *all, uint32_t place, struct deadline *one)
{
	all->heap[place] = one;
	one->place = place;
}

static void rise(struct deadlines *all, struct deadline *one)
{
	uint32_t place = one->place;
	for (uint32_t above; place > 0; place = above) {
		above = (place - 1) / 2;
		if (all->heap[above]->at_us <= one->at_us)
			break;
		put(all, place, all->heap[above]);
	}
	put(all, place, one);
}

static void sink(struct deadlines *all, struct deadline *one)
{
	uint32_t place = one->place;
	for (uint32_t below; (below = 2 * place + 1) < all->count; place = below) {
		if (below + 1 < all->count &&
		    all->heap[below + 1]->at_us < all->heap[below]->at_us)
			below++;
		if (all->heap[below]->at_us >= one->at_us)
			break;
		put(all, place, all->heap[below]);
	}
	put(all, place, one);
}

void deadlines_free(struct deadlines *all)
{
	free(all->heap);
	*all = (struct deadlines){ 0 };
}

bool deadlines_add(struct deadlines *all, struct deadline *one, int64_t at_us)
{
	if (all->count == all->size) {
		uint32_t size = all->size == 0 ? 64 : all->size * 2;
		struct deadline **grown =
			realloc(all->heap, size * sizeof(struct deadline *));
		if (grown == NULL)
			return false;
		all->heap = grown;
		all->size = size;
	}
	one->at_us = at_us;
	put(all, all->count++, one);
	rise(all, one);
	return true;
}

void deadlines_move(struct deadlines *all, struct deadline *one, int64_t at_us)
{
	one->at_us = at_us;
	rise(all, one);
	sink(all, one);
}

void deadlines_remove(struct deadlines *all, struct deadline *one)
{
	struct deadline *last = all->heap[--all->count];
	if (last == one)
		return;
	put(all, one->place, last);
	rise(all, last);
	sink(all, last);
}
