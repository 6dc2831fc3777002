/*
 * hindsight_compare.c: two sides' blocks, pair by pair; see hindsight.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/roster.h"
#include "cli/hindsight.h"

/* Begins no further apart are about the same doings; and less is no difference. */
#define NEAR_US  (3600 * 1000000LL)
#define LEAST_US 1000000LL

struct chain {
	struct roster_entry head;
	uint32_t first; /* from 1 */
};

struct side {
	const struct block_record *at;
	size_t count;
	uint32_t *next; /* of the same source, from 1 */
	bool *is_paired;
	struct roster sources;
};

static struct roster_key key_of(const struct block_record *block)
{
	return (struct roster_key){ .first = block->address,
				    .rest = block->prefix_len };
}

static bool open_side(struct side *side, const struct block_record *at, size_t count)
{
	*side = (struct side){ .at = at, .count = count };
	side->next = calloc(count + 1, sizeof(*side->next));
	side->is_paired = calloc(count + 1, sizeof(*side->is_paired));
	bool opened =
		roster_open(&side->sources, sizeof(struct chain), (uint32_t)count + 1);
	if (side->next == NULL || side->is_paired == NULL || !opened)
		return false;
	for (size_t i = count; i-- > 0;) {
		const struct roster_key key = key_of(&at[i]);
		struct chain *chain = roster_take(&side->sources, &key);
		side->next[i] = chain->first;
		chain->first = (uint32_t)i + 1;
	}
	return true;
}

static void close_side(struct side *side)
{
	free(side->next);
	free(side->is_paired);
	roster_close(&side->sources);
}

static int64_t apart(int64_t a_us, int64_t b_us)
{
	return a_us > b_us ? a_us - b_us : b_us - a_us;
}

static bool belong_together(const struct block_record *a, const struct block_record *b)
{
	return apart(a->start, b->start) <= NEAR_US ||
	       (a->start < b->until && b->start < a->until);
}

/* The nearest that is not paired; 0: none, else from 1. */
static uint32_t partner_of(struct side *side, const struct block_record *block)
{
	const struct roster_key key = key_of(block);
	const struct chain *chain = roster_find(&side->sources, &key);
	uint32_t best = 0;
	for (uint32_t i = chain != NULL ? chain->first : 0; i != 0;
	     i = side->next[i - 1]) {
		const struct block_record *other = &side->at[i - 1];
		if (side->is_paired[i - 1] || !belong_together(block, other))
			continue;
		if (best == 0 || apart(other->start, block->start) <
					 apart(side->at[best - 1].start, block->start))
			best = i;
	}
	return best;
}

static const char *change_of(const struct block_record *in_force,
			     const struct block_record *file)
{
	int64_t later_us = file->start - in_force->start;
	int64_t longer_us =
		(file->until - file->start) - (in_force->until - in_force->start);
	if (apart(later_us, 0) >= LEAST_US)
		return later_us < 0 ? "earlier" : "later";
	if (apart(longer_us, 0) >= LEAST_US)
		return longer_us > 0 ? "longer" : "shorter";
	return "same";
}

/* Those in force that begin before the next of the file, and have no partner. */
static size_t tell_gone(const struct side *side, size_t from, int64_t before_us,
			hindsight_take take, void *to)
{
	for (; from < side->count && side->at[from].start < before_us; from++) {
		const struct hindsight_pair pair = { &side->at[from], NULL };
		if (!side->is_paired[from])
			take(to, &pair, "gone");
	}
	return from;
}

static void compare(struct side *in_force, struct side *file, hindsight_take take,
		    void *to)
{
	size_t told = 0;
	for (size_t i = 0; i < file->count; i++) {
		file->next[i] = partner_of(in_force, &file->at[i]); /* from now on */
		if (file->next[i] != 0)
			in_force->is_paired[file->next[i] - 1] = true;
	}
	for (size_t i = 0; i < file->count; i++) {
		const struct block_record *block = &file->at[i];
		struct hindsight_pair pair = { NULL, block };
		told = tell_gone(in_force, told, block->start, take, to);
		if (file->next[i] != 0)
			pair.in_force = &in_force->at[file->next[i] - 1];
		take(to, &pair,
		     pair.in_force != NULL ? change_of(pair.in_force, block) : "new");
	}
	tell_gone(in_force, told, INT64_MAX, take, to);
}

void hindsight_compare(const struct block_record *in_force, size_t in_force_count,
		       const struct block_record *file, size_t file_count,
		       hindsight_take take, void *to)
{
	struct side a, b;
	bool opened = open_side(&a, in_force, in_force_count);
	opened = open_side(&b, file, file_count) && opened;
	if (opened)
		compare(&a, &b, take, to);
	close_side(&a);
	close_side(&b);
}
