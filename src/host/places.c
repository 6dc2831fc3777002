/*
 * places.c: a table of our addresses; see places.h.
 */
#include "host/places.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { HEADS = 4096, NONE = PLACES_MAX };

struct place {
	struct addr addr;
	uint64_t netns;
	uint32_t next;
};

struct places {
	struct hash_key key;
	uint32_t count;
	uint32_t first[HEADS];
	struct place at[PLACES_MAX];
};

static void clear(struct places *places)
{
	places->count = 0;
	for (size_t i = 0; i < HEADS; i++)
		places->first[i] = NONE;
}

struct places *places_new(void)
{
	struct places *places = malloc(sizeof(*places));
	if (places == NULL)
		return NULL;
	places->key = hash_key_random();
	clear(places);
	return places;
}

void places_free(struct places *places)
{
	free(places);
}

static size_t head_of(const struct places *places, const struct addr *addr)
{
	uint64_t words[2];
	memcpy(words, addr, sizeof(words));
	return hash_words(&places->key, words, 2) % HEADS;
}

static void add(struct places *places, const struct addr *addr, uint64_t netns)
{
	if (places->count == PLACES_MAX)
		return;
	struct place *place = &places->at[places->count];
	uint32_t *first = &places->first[head_of(places, addr)];
	*place = (struct place){ .addr = *addr, .netns = netns, .next = *first };
	*first = places->count++;
}

/* Puts all but those of the namespace in again: addresses change seldom. */
static void forget(struct places *places, uint64_t netns)
{
	uint32_t count = places->count;
	clear(places);
	for (uint32_t i = 0; i < count; i++) {
		struct place place = places->at[i];
		if (place.netns != netns)
			add(places, &place.addr, place.netns);
	}
}

void places_take(struct places *places, const struct host_address *address)
{
	if (address->is_first)
		forget(places, address->netns);
	if (!addr_is_unset(&address->addr))
		add(places, &address->addr, address->netns);
}

static bool is_loopback(const struct addr *addr)
{
	static const struct addr loopback6 = { .ip6 = { [15] = 1 } };
	return addr_is_v4(addr) ? addr->ip6[12] == 127 : addr_equal(addr, &loopback6);
}

bool places_at(const struct places *places, const struct addr *addr, uint64_t *netns)
{
	bool is_found = is_loopback(addr);
	*netns = 0;
	if (is_found)
		return true;
	uint32_t i = places->first[head_of(places, addr)];
	for (; i != NONE; i = places->at[i].next) {
		if (!addr_equal(&places->at[i].addr, addr))
			continue;
		*netns = places->at[i].netns;
		is_found = true;
		if (*netns == 0)
			break;
	}
	return is_found;
}
