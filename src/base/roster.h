/*
 * roster.h: what is remembered of sources, or of pairs, in a bounded table.
 *
 * Strangers choose the keys.  Full, the entry used least recently makes room, of those
 * of the lower rank as long as there are any: a flood of forged sources can't push out
 * one that has proven where it is.  Nothing depends on the hash's key but the time it
 * takes, so a replay finds the same.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/order.h"

enum { ROSTER_RANKS = 2 };

struct roster_key {
	struct addr first, second; /* one may be all zero */
	uint64_t rest;
};

/* What each entry begins with. */
struct roster_entry {
	struct roster_key key;
	uint32_t next;
	uint8_t rank;
};

struct roster {
	struct hash_key secret;
	uint8_t *at;
	size_t entry_size;
	uint32_t size, used;
	uint32_t *buckets; /* as many */
	struct order_link *links;
	struct order by_use[ROSTER_RANKS];
	/* Told of an entry before it makes room; NULL: nobody is. */
	void (*gone)(void *to, const void *entry);
	void *to;
};

/* False without memory; roster_close() is still to be called. */
bool roster_open(struct roster *roster, size_t entry_size, uint32_t most);
void roster_close(struct roster *roster);

/* That of the key, used now; NULL: there is none. */
void *roster_find(struct roster *roster, const struct roster_key *key);

/* The same, without using it. */
const void *roster_peek(const struct roster *roster, const struct roster_key *key);

/* As roster_find(), a new one if there was none: all zero but for its head. */
void *roster_take(struct roster *roster, const struct roster_key *key);

/* It stays longer than those of a lower rank. */
void roster_rank(struct roster *roster, void *entry, uint8_t rank);

/* By number, below used, without using it; it stays the same while the entry is there.
 */
const void *roster_at(const struct roster *roster, uint32_t number);

/* Puts in a copy of one that was known before, with its rank. */
void roster_restore(struct roster *roster, const void *entry);
