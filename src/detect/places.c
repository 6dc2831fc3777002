/*
 * places.c: a bounded memory of listeners; see places.h.
 */
#include "detect/places.h"

#include <stdlib.h>
#include <string.h>

#define DELETED " (deleted)"

static const struct addr every_v4 = { .ip6 = { [10] = 0xff, [11] = 0xff } };
static const struct addr every_v6 = { .ip6 = { 0 } };

void places_init(struct places *places)
{
	*places = (struct places){ .key = hash_key_random(), .closed = order_empty() };
	memset(places->of_key, 0xff, sizeof(places->of_key));
}

void places_clear(struct places *places)
{
	free(places->at);
	free(places->links);
}

/* Of every namespace: a container that restarts has another. */
static uint32_t *bucket_of(struct places *places, const char *transport,
			   const struct addr *ip, uint32_t port)
{
	uint64_t words[3] = { (uint64_t)port << 8 | (unsigned char)transport[0] };
	memcpy(&words[1], ip, sizeof(*ip));
	return &places->of_key[hash_words(&places->key, words, 3) % PLACES_BUCKETS];
}

static bool is_at(const struct place *place, const char *transport,
		  const struct addr *ip, uint32_t port)
{
	return place->port == port && addr_equal(&place->ip, ip) &&
	       strcmp(place->transport, transport) == 0;
}

struct place *places_find(struct places *places, const char *transport,
			  const struct addr *ip, uint32_t port, uint64_t netns)
{
	for (uint32_t i = *bucket_of(places, transport, ip, port); i != ORDER_NONE;
	     i = places->at[i].next_of_key) {
		struct place *place = &places->at[i];
		if (place->netns == netns && is_at(place, transport, ip, port))
			return place;
	}
	return NULL;
}

/* Doubles the table; false at its bound or without memory. */
static bool grow(struct places *places)
{
	uint32_t size = places->size == 0 ? 256 : places->size * 2;
	if (size > PLACES_MAX)
		return false;
	struct place *at = realloc(places->at, size * sizeof(*at));
	if (at == NULL)
		return false;
	places->at = at;
	struct order_link *links = realloc(places->links, size * sizeof(*links));
	if (links == NULL)
		return false;
	places->links = links;
	places->size = size;
	return true;
}

static void forget(struct places *places, uint32_t number)
{
	const struct place *place = &places->at[number];
	uint32_t *at = bucket_of(places, place->transport, &place->ip, place->port);
	while (*at != number)
		at = &places->at[*at].next_of_key;
	*at = place->next_of_key;
	order_take(places->links, &places->closed, number);
	places->forgotten++;
}

struct place *places_add(struct places *places, const struct listener_record *l)
{
	uint32_t number = places->count;
	if (places->count == places->size && !grow(places)) {
		number = places->closed.oldest;
		if (number == ORDER_NONE) {
			places->refused++;
			return NULL;
		}
		forget(places, number);
	} else {
		places->count++;
	}
	struct place *place = &places->at[number];
	*place = (struct place){ .ip = l->ip,
				 .netns = l->netns,
				 .transport = l->transport,
				 .port = l->port,
				 .pid = UNKNOWN_U32,
				 .closed_us = UNKNOWN_TIME };
	uint32_t *bucket = bucket_of(places, l->transport, &l->ip, l->port);
	place->next_of_key = *bucket;
	*bucket = number;
	order_put(places->links, &places->closed, number);
	return place;
}

struct place *places_move(struct places *places, const struct listener_record *l)
{
	if (l->netns == UNKNOWN_U64 || l->exe[0] == '\0')
		return NULL;
	for (uint32_t i = *bucket_of(places, l->transport, &l->ip, l->port);
	     i != ORDER_NONE; i = places->at[i].next_of_key) {
		struct place *place = &places->at[i];
		if (place->open > 0 || place->netns == UNKNOWN_U64 ||
		    !is_at(place, l->transport, &l->ip, l->port) ||
		    strcmp(place->exe, l->exe) != 0)
			continue;
		place->netns = l->netns;
		return place;
	}
	return NULL;
}

void places_open(struct places *places, struct place *place)
{
	if (place->open++ > 0)
		return;
	order_take(places->links, &places->closed, (uint32_t)(place - places->at));
	places->foreign += place->netns != UNKNOWN_U64;
}

bool places_close(struct places *places, struct place *place, int64_t at_us)
{
	place->closed_us = at_us;
	if (place->open == 0)
		return true;
	if (--place->open > 0)
		return false;
	place->is_shared = false;
	order_put(places->links, &places->closed, (uint32_t)(place - places->at));
	places->foreign -= place->netns != UNKNOWN_U64;
	return true;
}

struct place *places_serving(struct places *places, const char *transport,
			     const struct addr *ip, uint32_t port)
{
	/* A socket bound to :: takes IPv4 too, if it was not told otherwise. */
	const struct addr *const bound[] = { ip, addr_is_v4(ip) ? &every_v4 : &every_v6,
					     &every_v6 };
	struct place *closed = NULL;
	for (size_t i = 0; i < sizeof(bound) / sizeof(bound[0]); i++) {
		struct place *place =
			places_find(places, transport, bound[i], port, UNKNOWN_U64);
		if (place != NULL && place->open > 0)
			return place;
		if (closed == NULL)
			closed = place;
	}
	return closed;
}

struct place *places_twin(struct places *places, const struct place *place)
{
	if (!addr_is_unspecified(&place->ip))
		return NULL;
	const struct addr *other = addr_is_v4(&place->ip) ? &every_v6 : &every_v4;
	struct place *twin =
		places_find(places, place->transport, other, place->port, place->netns);
	bool is_twin = twin != NULL && twin->open > 0 &&
		       strcmp(twin->exe, place->exe) == 0 &&
		       strcmp(twin->user, place->user) == 0;
	return is_twin ? twin : NULL;
}

static void learn(char *into, const char *from, size_t size)
{
	if (from[0] != '\0')
		memcpy(into, from, size);
}

void place_learn(struct place *place, const struct listener_record *l)
{
	learn(place->process, l->process, sizeof(place->process));
	if (l->user[0] != '\0' && strcmp(l->user, place->user) != 0)
		learn(place->former_user, place->user, sizeof(place->user));
	learn(place->user, l->user, sizeof(place->user));
	learn(place->unit, l->unit, sizeof(place->unit));
	learn(place->exe, l->exe, sizeof(place->exe));
	/* A known program without a package has none any more. */
	if (l->exe[0] != '\0')
		memcpy(place->package, l->package, sizeof(place->package));
	if (l->pid != UNKNOWN_U32)
		place->pid = l->pid;
	if (l->reach != NULL)
		place->reach = l->reach;
	size_t len = strlen(place->exe), end = strlen(DELETED);
	if (len > end && strcmp(place->exe + len - end, DELETED) == 0)
		place->exe[len - end] = '\0';
}

void place_listener(const struct place *place, struct listener_record *l)
{
	record_init(RECORD_listener, l);
	l->transport = place->transport;
	l->ip = place->ip;
	l->port = place->port;
	l->netns = place->netns;
	l->pid = place->pid;
	l->reach = place->reach;
	l->hidden = place->is_hidden;
	memcpy(l->process, place->process, sizeof(l->process));
	memcpy(l->user, place->user, sizeof(l->user));
	memcpy(l->package, place->package, sizeof(l->package));
	memcpy(l->unit, place->unit, sizeof(l->unit));
	memcpy(l->exe, place->exe, sizeof(l->exe));
}
