/*
 * slab.h: places of one size, numbered from 1, reserved once and touched when used.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slab {
	uint8_t *at;
	uint32_t *next; /* of the free ones */
	uint32_t size, max, fresh, free;
};

/* False without memory. */
bool slab_init(struct slab *slab, uint32_t size, uint32_t max);
void slab_fini(struct slab *slab);
/* Of what was ever used. */
size_t slab_memory(const struct slab *slab);

/* A number from 1 on; 0 when all are in use. */
uint32_t slab_take(struct slab *slab);
void slab_give(struct slab *slab, uint32_t number);

static inline uint8_t *slab_at(const struct slab *slab, uint32_t number)
{
	return slab->at + (size_t)(number - 1) * slab->size;
}
