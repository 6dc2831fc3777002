/*
 * tiny.c: see tiny.h. Who comes to a place in use takes it: the pieces of one header
 * follow each other closely, or it is not worth waiting for them.
 */
#include "flow/tiny.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { PLACES = 1024, WHOLE = (1 << TINY_HEAD) - 1 };

struct tiny_header {
	struct addr src, dst;
	uint32_t id;
	uint32_t have; /* bit per byte of head; 0: unused */
	uint8_t head[TINY_HEAD];
};

struct tiny_headers {
	struct hash_key key;
	struct tiny_header place[PLACES];
};

struct tiny_headers *tiny_new(void)
{
	struct tiny_headers *all = calloc(1, sizeof(*all));
	if (all != NULL)
		all->key = hash_key_random();
	return all;
}

void tiny_free(struct tiny_headers *all)
{
	free(all);
}

static struct tiny_header *place_of(struct tiny_headers *all, const struct fragment *f)
{
	uint64_t words[5] = { f->id };
	memcpy(words + 1, f->src.ip6, sizeof(f->src.ip6));
	memcpy(words + 3, f->dst.ip6, sizeof(f->dst.ip6));
	struct tiny_header *h = &all->place[hash_words(&all->key, words, 5) % PLACES];
	if (h->id != f->id || !addr_equal(&h->src, &f->src) ||
	    !addr_equal(&h->dst, &f->dst))
		*h = (struct tiny_header){ .src = f->src, .dst = f->dst, .id = f->id };
	return h;
}

bool tiny_add(struct tiny_headers *all, const struct fragment *f, const uint8_t *at,
	      size_t len, uint8_t head[static TINY_HEAD])
{
	struct tiny_header *h = place_of(all, f);
	for (size_t i = 0; i < len && f->offset + i < TINY_HEAD; i++) {
		size_t byte = f->offset + i;
		if (h->have >> byte & 1)
			continue;
		h->head[byte] = at[i];
		h->have |= 1u << byte;
	}
	if (h->have != WHOLE)
		return false;
	memcpy(head, h->head, TINY_HEAD);
	h->have = 0;
	return true;
}
