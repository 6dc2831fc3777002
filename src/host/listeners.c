/*
 * listeners.c: the watch's table; see listeners.h.
 */
#include "host/listeners.h"

#include <stdlib.h>

enum { HEADS = 16384, ROOM_MIN = 256 };

bool listeners_init(struct listeners *listeners)
{
	*listeners = (struct listeners){ 0 };
	listeners->first = malloc(HEADS * sizeof(*listeners->first));
	if (listeners->first == NULL)
		return false;
	for (size_t i = 0; i < HEADS; i++)
		listeners->first[i] = LISTENER_NONE;
	return true;
}

void listeners_free(struct listeners *listeners)
{
	free(listeners->at);
	free(listeners->first);
	*listeners = (struct listeners){ 0 };
}

static uint32_t *head(const struct listeners *listeners, uint64_t netns, uint8_t proto,
		      uint16_t port)
{
	uint64_t mixed = (netns << 24 ^ (uint64_t)proto << 16 ^ port);
	return &listeners->first[mixed * 0x9e3779b97f4a7c15 >> 32 & (HEADS - 1)];
}

uint32_t listeners_first(const struct listeners *listeners, uint64_t netns,
			 uint8_t proto, uint16_t port)
{
	return *head(listeners, netns, proto, port);
}

bool listener_is_of(const struct watched *w, uint64_t netns, uint8_t proto,
		    uint16_t port)
{
	return w->port == port && w->proto == proto && w->netns == netns;
}

struct watched *listeners_find(const struct listeners *listeners, uint64_t netns,
			       uint8_t proto, uint16_t port, uint64_t cookie)
{
	uint32_t i = listeners_first(listeners, netns, proto, port);
	for (; i != LISTENER_NONE; i = listeners->at[i].next) {
		struct watched *w = &listeners->at[i];
		if (w->cookie == cookie && listener_is_of(w, netns, proto, port))
			return w;
	}
	return NULL;
}

static bool has_room(struct listeners *listeners)
{
	if (listeners->count < listeners->size)
		return true;
	size_t size = listeners->size == 0 ? ROOM_MIN : listeners->size * 2;
	if (size > LISTENERS_MAX)
		return false;
	struct watched *grown = realloc(listeners->at, size * sizeof(*listeners->at));
	if (grown == NULL)
		return false;
	listeners->at = grown;
	listeners->size = size;
	return true;
}

struct watched *listeners_add(struct listeners *listeners, const struct watched *w)
{
	if (!has_room(listeners)) {
		listeners->refused++;
		return NULL;
	}
	uint32_t *first = head(listeners, w->netns, w->proto, w->port);
	struct watched *added = &listeners->at[listeners->count];
	*added = *w;
	added->next = *first;
	*first = (uint32_t)listeners->count++;
	return added;
}

/* The place that holds the number of the one at i: a head, or another's `next`. */
static uint32_t *reference(struct listeners *listeners, size_t i)
{
	const struct watched *w = &listeners->at[i];
	uint32_t *place = head(listeners, w->netns, w->proto, w->port);
	while (*place != i)
		place = &listeners->at[*place].next;
	return place;
}

void listeners_remove(struct listeners *listeners, size_t i)
{
	size_t last = listeners->count - 1;
	*reference(listeners, i) = listeners->at[i].next;
	if (i != last) {
		*reference(listeners, last) = (uint32_t)i;
		listeners->at[i] = listeners->at[last];
	}
	listeners->count--;
}

/* How well it fits: 0 not at all, the more the better. */
static int fit(const struct watched *w, const struct addr *addr)
{
	static const struct addr any6 = { .ip6 = { 0 } };
	struct addr any4 = addr_v4((uint8_t[4]){ 0 });
	if (w->is_client)
		return 0;
	if (addr_equal(&w->addr, addr))
		return 3;
	if (addr_is_v4(addr))
		return addr_equal(&w->addr, &any4) ? 2 : w->dual;
	return addr_equal(&w->addr, &any6) ? 2 : 0;
}

struct watched *listeners_at(const struct listeners *listeners, uint64_t netns,
			     uint8_t proto, const struct addr *addr, uint16_t port)
{
	struct watched *best = NULL;
	int best_fit = 0;
	uint32_t i = listeners_first(listeners, netns, proto, port);
	for (; i != LISTENER_NONE; i = listeners->at[i].next) {
		struct watched *w = &listeners->at[i];
		if (!listener_is_of(w, netns, proto, port))
			continue;
		int how_well = fit(w, addr);
		if (how_well > best_fit) {
			best_fit = how_well;
			best = w;
		}
	}
	return best;
}
