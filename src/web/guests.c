/*
 * guests.c: see guests.h.
 *
 * A connection is cut by shutdown(2): the HTTP library then sees its end, and closes
 * and forgets it by itself.
 */
#include "web/guests.h"

#include <string.h>
#include <sys/socket.h>

enum { LOOK_MS = 500, ROOM_KEPT = 32, V6_PREFIX_BYTES = 8 };

static const int64_t longest_ms[] = {
	[GUEST_ASKS] = 30 * 1000,
	[GUEST_SENDS] = 30 * 1000,
	/* A question about the past may take its time, and so may a bad line. */
	[GUEST_WAITS] = 300 * 1000,
	[GUEST_STAYS] = INT64_MAX,
};

void guests_init(struct guests *guests)
{
	memset(guests, 0, sizeof(*guests));
	for (size_t i = 0; i < GUESTS_MAX; i++)
		guests->at[i].fd = -1;
}

static struct addr prefix_of(const struct addr *client)
{
	struct addr prefix = *client;
	if (!addr_is_v4(client) && !addr_is_unset(client))
		memset(prefix.ip6 + V6_PREFIX_BYTES, 0,
		       sizeof(prefix.ip6) - V6_PREFIX_BYTES);
	return prefix;
}

static void cut(struct guest *guest)
{
	guest->is_cut = true;
	shutdown(guest->fd, SHUT_RDWR);
}

static void cut_idlest(struct guests *guests)
{
	struct guest *idlest = NULL;
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct guest *guest = &guests->at[i];
		if (guest->fd < 0 || guest->is_cut || guest->stage != GUEST_ASKS)
			continue;
		if (idlest == NULL || guest->since_ms < idlest->since_ms)
			idlest = guest;
	}
	if (idlest != NULL)
		cut(idlest);
}

bool guests_have_room(struct guests *guests, const struct addr *client)
{
	const struct addr prefix = prefix_of(client);
	size_t most = addr_is_loopback(client) ? GUESTS_LOOPBACK : GUESTS_EACH,
	       count = 0;
	for (size_t i = 0; i < GUESTS_MAX; i++)
		count += guests->at[i].fd >= 0 &&
			 addr_equal(&guests->at[i].prefix, &prefix);
	if (count >= most)
		return false;
	if (guests->count >= GUESTS_MAX - ROOM_KEPT)
		cut_idlest(guests);
	return guests->count < GUESTS_MAX;
}

struct guest *guest_comes(struct guests *guests, int fd, const struct addr *client,
			  int64_t now_ms)
{
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct guest *guest = &guests->at[i];
		if (guest->fd >= 0)
			continue;
		*guest = (struct guest){ .fd = fd,
					 .prefix = prefix_of(client),
					 .stage = GUEST_ASKS,
					 .since_ms = now_ms };
		guests->count++;
		return guest;
	}
	return NULL;
}

void guest_enters(struct guest *guest, enum guest_stage stage, int64_t now_ms)
{
	if (guest == NULL)
		return;
	guest->stage = stage;
	guest->since_ms = now_ms;
}

void guest_leaves(struct guests *guests, struct guest *guest)
{
	if (guest == NULL)
		return;
	guest->fd = -1;
	guests->count--;
}

void guests_tick(struct guests *guests, int64_t now_ms)
{
	if (now_ms - guests->looked_ms < LOOK_MS)
		return;
	guests->looked_ms = now_ms;
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct guest *guest = &guests->at[i];
		if (guest->fd >= 0 && !guest->is_cut &&
		    now_ms - guest->since_ms > longest_ms[guest->stage])
			cut(guest);
	}
}
