/*
 * busy.c: see busy.h.
 */
#include "detect/busy.h"

#include <stdlib.h>
#include <string.h>

bool busy_open(struct busy *busy, uint32_t max, size_t size)
{
	*busy = (struct busy){
		.key = hash_key_random(),
		.max = max,
		.size = size,
		.states = calloc(max, size),
		.keys = calloc(max, sizeof(*busy->keys)),
		.heads = calloc(max, sizeof(*busy->heads)),
		.nexts = calloc(max, sizeof(*busy->nexts)),
		.links = calloc(max, sizeof(*busy->links)),
		.by_use = order_empty(),
	};
	if (busy->states == NULL || busy->keys == NULL || busy->heads == NULL ||
	    busy->nexts == NULL || busy->links == NULL)
		return false;
	memset(busy->heads, 0xff, max * sizeof(*busy->heads));
	return true;
}

void busy_close(struct busy *busy)
{
	free(busy->states);
	free(busy->keys);
	free(busy->heads);
	free(busy->nexts);
	free(busy->links);
}

static uint32_t *head_of(const struct busy *busy, const struct busy_key *key)
{
	uint64_t words[5];
	memcpy(&words[0], key->ip.ip6, sizeof(key->ip.ip6));
	memcpy(&words[2], key->peer.ip6, sizeof(key->peer.ip6));
	words[4] = (uint64_t)key->port << 32 | key->kind;
	return &busy->heads[hash_words(&busy->key, words, 5) % busy->max];
}

static bool is_same(const struct busy_key *a, const struct busy_key *b)
{
	return a->port == b->port && a->kind == b->kind && addr_equal(&a->ip, &b->ip) &&
	       addr_equal(&a->peer, &b->peer);
}

static uint32_t number_of(const struct busy *busy, const struct busy_key *key)
{
	uint32_t i = *head_of(busy, key);
	while (i != ORDER_NONE && !is_same(&busy->keys[i], key))
		i = busy->nexts[i];
	return i;
}

void *busy_at(const struct busy *busy, uint32_t i)
{
	return busy->states + i * busy->size;
}

const struct busy_key *busy_key_of(const struct busy *busy, const void *state)
{
	size_t offset = (size_t)((const unsigned char *)state - busy->states);
	return &busy->keys[offset / busy->size];
}

void *busy_find(const struct busy *busy, const struct busy_key *key)
{
	uint32_t i = number_of(busy, key);
	return i == ORDER_NONE ? NULL : busy_at(busy, i);
}

/* The place that was quiet for longest, taken out of its chain. */
static uint32_t make_room(struct busy *busy)
{
	uint32_t oldest = busy->by_use.oldest;
	uint32_t *at = head_of(busy, &busy->keys[oldest]);
	while (*at != oldest)
		at = &busy->nexts[*at];
	*at = busy->nexts[oldest];
	order_take(busy->links, &busy->by_use, oldest);
	return oldest;
}

static uint32_t begin(struct busy *busy, const struct busy_key *key)
{
	uint32_t i = busy->count < busy->max ? busy->count++ : make_room(busy);
	uint32_t *head = head_of(busy, key);
	memset(busy_at(busy, i), 0, busy->size);
	busy->keys[i] = *key;
	busy->nexts[i] = *head;
	*head = i;
	return i;
}

void *busy_take(struct busy *busy, const struct busy_key *key)
{
	uint32_t i = number_of(busy, key);
	if (i == ORDER_NONE)
		i = begin(busy, key);
	else
		order_take(busy->links, &busy->by_use, i);
	order_put(busy->links, &busy->by_use, i);
	return busy_at(busy, i);
}
