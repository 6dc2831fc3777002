/*
 * blocks.c: the table of blocks: by id, by first address, by their end, and in order.
 *
 * Places are numbered and never move, so that heap and lists may point at them; memory
 * that was never used is not there.
 */
#include <stdlib.h>
#include <string.h>

#include "respond/change.h"

bool blocks_open(struct blocks *blocks)
{
	*blocks = (struct blocks){ .key = hash_key_random(),
				   .in_force = order_empty(),
				   .ended = order_empty() };
	blocks->at = calloc(BLOCK_PLACES, sizeof(*blocks->at));
	blocks->links = calloc(BLOCK_PLACES, sizeof(*blocks->links));
	blocks->unused = calloc(BLOCK_PLACES, sizeof(*blocks->unused));
	/* Numbers of places plus one, so that 0 is none. */
	blocks->of_id = calloc(BLOCK_PLACES, sizeof(*blocks->of_id));
	blocks->of_source = calloc(BLOCK_PLACES, sizeof(*blocks->of_source));
	return roster_open(&blocks->sites, sizeof(struct site), SITES_MAX) &&
	       blocks->at != NULL && blocks->links != NULL && blocks->unused != NULL &&
	       blocks->of_id != NULL && blocks->of_source != NULL;
}

static uint32_t number_of(const struct blocks *blocks, const struct block *block)
{
	return (uint32_t)(block - blocks->at);
}

static uint32_t *bucket_of_id(const struct blocks *blocks, uint64_t id)
{
	return &blocks->of_id[hash_words(&blocks->key, &id, 1) % BLOCK_PLACES];
}

static uint32_t *bucket_of_source(const struct blocks *blocks,
				  const struct addr *address)
{
	uint64_t words[2];
	memcpy(words, address, sizeof(words));
	return &blocks->of_source[hash_words(&blocks->key, words, 2) % BLOCK_PLACES];
}

static void forget(struct blocks *blocks, struct block *block)
{
	uint32_t number = number_of(blocks, block);
	uint32_t *at = bucket_of_id(blocks, block->id);
	while (*at != number + 1)
		at = &blocks->at[*at - 1].next_of_id;
	*at = block->next_of_id;
	at = bucket_of_source(blocks, &block->address);
	while (*at != number + 1)
		at = &blocks->at[*at - 1].next_of_source;
	*at = block->next_of_source;
	order_take(blocks->links, &blocks->ended, number);
	blocks->ended_count--;
	change_forget(block);
	free(block->actor);
	free(block->reason);
	memset(block, 0, sizeof(*block));
	blocks->unused[blocks->unused_count++] = number;
}

void blocks_close(struct blocks *blocks)
{
	for (size_t i = 0; blocks->at != NULL && i < blocks->made; i++) {
		change_forget(&blocks->at[i]);
		free(blocks->at[i].actor);
		free(blocks->at[i].reason);
	}
	deadlines_free(&blocks->due);
	roster_close(&blocks->sites);
	free(blocks->at);
	free(blocks->links);
	free(blocks->unused);
	free(blocks->of_id);
	free(blocks->of_source);
}

/* Those that are over are few, and never stand in the way of one in force. */
static struct block *take_place(struct blocks *blocks)
{
	if (blocks->ended_count >= ENDED_MAX)
		forget(blocks, &blocks->at[blocks->ended.oldest]);
	if (blocks->unused_count > 0)
		return &blocks->at[blocks->unused[--blocks->unused_count]];
	return blocks->made < BLOCK_PLACES ? &blocks->at[blocks->made++] : NULL;
}

static uint64_t new_id(struct blocks *blocks, int64_t now_us)
{
	uint64_t words[2] = { (uint64_t)now_us, blocks->made }, id;
	do {
		id = hash_words(&blocks->key, words, 2);
		words[1] += BLOCK_PLACES;
	} while (id == 0 || blocks_find(blocks, id) != NULL);
	return id;
}

static void put(struct blocks *blocks, struct block *block)
{
	uint32_t number = number_of(blocks, block);
	uint32_t *id = bucket_of_id(blocks, block->id);
	uint32_t *source = bucket_of_source(blocks, &block->address);
	block->next_of_id = *id;
	block->next_of_source = *source;
	*id = *source = number + 1;
	order_put(blocks->links, block->in_force ? &blocks->in_force : &blocks->ended,
		  number);
	blocks->force_count += block->in_force;
	if (block->in_force)
		site_hold(&blocks->sites, &block->address);
	blocks->observed += block->in_force && is_word(block->state, "observed");
	blocks->ended_count += !block->in_force;
}

struct block *blocks_add(struct blocks *blocks, const struct block *block,
			 const char *actor, const char *reason)
{
	if (block->in_force && blocks->force_count >= BLOCKS_MAX)
		return NULL;
	uint64_t id = block->id != 0 ? block->id : new_id(blocks, block->at_us);
	struct block *made = take_place(blocks);
	if (made == NULL)
		return NULL;
	*made = *block;
	made->id = id;
	made->actor = strdup(actor);
	made->reason = strdup(reason);
	bool has_texts = made->actor != NULL && made->reason != NULL;
	if (has_texts && (!made->in_force ||
			  deadlines_add(&blocks->due, &made->due, made->until_us))) {
		put(blocks, made);
		return made;
	}
	free(made->actor);
	free(made->reason);
	memset(made, 0, sizeof(*made));
	blocks->unused[blocks->unused_count++] = number_of(blocks, made);
	return NULL;
}

struct block *blocks_find(const struct blocks *blocks, uint64_t id)
{
	for (uint32_t at = *bucket_of_id(blocks, id); at != 0;) {
		struct block *block = &blocks->at[at - 1];
		if (block->id == id)
			return block;
		at = block->next_of_id;
	}
	return NULL;
}

struct block *blocks_of(const struct blocks *blocks, const struct addr *address,
			const struct block *after)
{
	uint32_t at = after != NULL ? after->next_of_source
				    : *bucket_of_source(blocks, address);
	while (at != 0 && !addr_equal(&blocks->at[at - 1].address, address))
		at = blocks->at[at - 1].next_of_source;
	return at != 0 ? &blocks->at[at - 1] : NULL;
}

void blocks_end(struct blocks *blocks, struct block *block)
{
	uint32_t number = number_of(blocks, block);
	if (!block->in_force)
		return;
	deadlines_remove(&blocks->due, &block->due);
	order_take(blocks->links, &blocks->in_force, number);
	order_put(blocks->links, &blocks->ended, number);
	change_forget(block);
	block->in_force = false;
	blocks->force_count--;
	site_let_go(&blocks->sites, &block->address);
	blocks->observed -= is_word(block->state, "observed");
	blocks->ended_count++;
}

void blocks_prolong(struct blocks *blocks, struct block *block, int64_t until_us)
{
	block->until_us = until_us;
	deadlines_move(&blocks->due, &block->due, until_us);
}

void blocks_renew(struct blocks *blocks, struct block *block)
{
	uint32_t number = number_of(blocks, block);
	order_take(blocks->links, &blocks->in_force, number);
	order_put(blocks->links, &blocks->in_force, number);
}

bool blocks_say(struct block *block, const char *actor, const char *reason)
{
	char *by = strdup(actor);
	char *why = strdup(reason != NULL ? reason : block->reason);
	if (by == NULL || why == NULL) {
		free(by);
		free(why);
		return false;
	}
	free(block->actor);
	free(block->reason);
	block->actor = by;
	block->reason = why;
	return true;
}
