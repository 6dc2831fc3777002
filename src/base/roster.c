/*
 * roster.c: see roster.h.
 */
#include "base/roster.h"

#include <stdlib.h>
#include <string.h>

bool roster_open(struct roster *roster, size_t entry_size, uint32_t most)
{
	*roster = (struct roster){ .secret = hash_key_random(),
				   .entry_size = entry_size,
				   .size = most };
	for (unsigned i = 0; i < ROSTER_RANKS; i++)
		roster->by_use[i] = order_empty();
	roster->at = calloc(most, entry_size);
	roster->links = calloc(most, sizeof(*roster->links));
	roster->buckets = malloc(most * sizeof(*roster->buckets));
	if (roster->buckets != NULL)
		memset(roster->buckets, 0xff, most * sizeof(*roster->buckets));
	return roster->at != NULL && roster->links != NULL && roster->buckets != NULL;
}

void roster_close(struct roster *roster)
{
	free(roster->at);
	free(roster->links);
	free(roster->buckets);
}

static struct roster_entry *entry_at(const struct roster *roster, uint32_t number)
{
	return (struct roster_entry *)(roster->at + number * roster->entry_size);
}

static uint32_t number_of(const struct roster *roster, const void *entry)
{
	return (uint32_t)((size_t)((const uint8_t *)entry - roster->at) /
			  roster->entry_size);
}

static uint32_t *bucket_of(const struct roster *roster, const struct roster_key *key)
{
	uint64_t words[sizeof(*key) / sizeof(uint64_t)];
	memcpy(words, key, sizeof(words));
	uint64_t hash = hash_words(&roster->secret, words, sizeof(words) / 8);
	return &roster->buckets[hash % roster->size];
}

static bool is_key(const struct roster_entry *entry, const struct roster_key *key)
{
	return entry->key.rest == key->rest &&
	       addr_equal(&entry->key.first, &key->first) &&
	       addr_equal(&entry->key.second, &key->second);
}

const void *roster_peek(const struct roster *roster, const struct roster_key *key)
{
	uint32_t i = *bucket_of(roster, key);
	while (i != ORDER_NONE && !is_key(entry_at(roster, i), key))
		i = entry_at(roster, i)->next;
	return i != ORDER_NONE ? entry_at(roster, i) : NULL;
}

void *roster_find(struct roster *roster, const struct roster_key *key)
{
	const struct roster_entry *found = roster_peek(roster, key);
	if (found == NULL)
		return NULL;
	uint32_t number = number_of(roster, found);
	struct order *order = &roster->by_use[found->rank];
	order_take(roster->links, order, number);
	order_put(roster->links, order, number);
	return entry_at(roster, number);
}

static void unlink_entry(struct roster *roster, uint32_t number)
{
	struct roster_entry *entry = entry_at(roster, number);
	uint32_t *at = bucket_of(roster, &entry->key);
	while (*at != number)
		at = &entry_at(roster, *at)->next;
	*at = entry->next;
	order_take(roster->links, &roster->by_use[entry->rank], number);
}

/* A place that was never used, or that of the one used least recently. */
static uint32_t make_room(struct roster *roster)
{
	if (roster->used < roster->size)
		return roster->used++;
	unsigned rank = 0;
	while (roster->by_use[rank].oldest == ORDER_NONE)
		rank++;
	uint32_t oldest = roster->by_use[rank].oldest;
	if (roster->gone != NULL)
		roster->gone(roster->to, entry_at(roster, oldest));
	unlink_entry(roster, oldest);
	return oldest;
}

void *roster_take(struct roster *roster, const struct roster_key *key)
{
	struct roster_entry *entry = roster_find(roster, key);
	if (entry != NULL)
		return entry;
	uint32_t number = make_room(roster);
	uint32_t *bucket = bucket_of(roster, key);
	entry = entry_at(roster, number);
	memset(entry, 0, roster->entry_size);
	entry->key = *key;
	entry->next = *bucket;
	*bucket = number;
	order_put(roster->links, &roster->by_use[0], number);
	return entry;
}

void roster_rank(struct roster *roster, void *entry, uint8_t rank)
{
	struct roster_entry *head = entry;
	uint32_t number = number_of(roster, entry);
	if (rank == head->rank)
		return;
	order_take(roster->links, &roster->by_use[head->rank], number);
	head->rank = rank;
	order_put(roster->links, &roster->by_use[rank], number);
}

const void *roster_at(const struct roster *roster, uint32_t number)
{
	return entry_at(roster, number);
}

void roster_restore(struct roster *roster, const void *entry)
{
	struct roster_entry known;
	memcpy(&known, entry, sizeof(known));
	struct roster_entry *place = roster_take(roster, &known.key);
	const struct roster_entry head = *place;
	memcpy(place, entry, roster->entry_size);
	*place = head;
	roster_rank(roster, place, known.rank < ROSTER_RANKS ? known.rank : 0);
}
