/*
 * slab.c: see slab.h.
 */
#include "flow/slab.h"

#include "base/pages.h"

static size_t next_bytes(const struct slab *slab)
{
	return sizeof(slab->next[0]) * ((size_t)slab->max + 1);
}

size_t slab_memory(const struct slab *slab)
{
	return (slab->size + sizeof(slab->next[0])) * slab->fresh;
}

bool slab_init(struct slab *slab, uint32_t size, uint32_t max)
{
	slab->size = size;
	slab->max = max;
	slab->at = pages_reserve((size_t)size * max);
	slab->next = pages_reserve(next_bytes(slab));
	return slab->at != NULL && slab->next != NULL;
}

void slab_fini(struct slab *slab)
{
	pages_release(slab->at, (size_t)slab->size * slab->max);
	pages_release(slab->next, next_bytes(slab));
}

uint32_t slab_take(struct slab *slab)
{
	uint32_t number = slab->free;
	if (number != 0)
		slab->free = slab->next[number];
	else if (slab->fresh < slab->max)
		number = ++slab->fresh;
	return number;
}

void slab_give(struct slab *slab, uint32_t number)
{
	slab->next[number] = slab->free;
	slab->free = number;
}
