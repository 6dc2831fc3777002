/*
 * slab.c: see slab.h.
 */
#include "flow/slab.h"

#include <sys/mman.h>

void *slab_reserve(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

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
	slab->at = slab_reserve((size_t)size * max);
	slab->next = slab_reserve(next_bytes(slab));
	return slab->at != NULL && slab->next != NULL;
}

void slab_fini(struct slab *slab)
{
	if (slab->at != NULL)
		munmap(slab->at, (size_t)slab->size * slab->max);
	if (slab->next != NULL)
		munmap(slab->next, next_bytes(slab));
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
