/*
 * busy.h: what a detector keeps of the places where much happens.  Private to the room.
 *
 * A table of fixed size; the place that was quiet for longest makes room.  A detector
 * takes only places with so much traffic that filling the table is an attack by itself,
 * so a scan of all ports pushes nothing out.
 */
#pragma once

#include "base/addr.h"
#include "base/hash.h"
#include "detect/order.h"

struct busy_key {
	struct addr ip, peer; /* peer: all zero, where it is about no pair */
	uint32_t port, kind;
};

struct busy {
	struct hash_key key;
	uint32_t max, count;
	size_t size;
	unsigned char *states;
	struct busy_key *keys;
	uint32_t *heads, *nexts;
	struct order_link *links;
	struct order by_use;
};

/* Room for max places, of size bytes each.  False without memory; close it as well. */
bool busy_open(struct busy *busy, uint32_t max, size_t size);
void busy_close(struct busy *busy);

/* What is kept of it; NULL: nothing. */
void *busy_find(const struct busy *busy, const struct busy_key *key);
/* The same, in use just now; all zero if it is new. */
void *busy_take(struct busy *busy, const struct busy_key *key);

/* Number i of busy->count, and whose it is, in no order. */
void *busy_at(const struct busy *busy, uint32_t i);
const struct busy_key *busy_key_of(const struct busy *busy, const void *state);
