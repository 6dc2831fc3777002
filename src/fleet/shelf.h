/*
 * shelf.h: rows of one size by a 64-bit name, at most so many, the ones touched longest
 * ago first to go.  Private to the room.
 *
 * Rows may have an owner.  While there is room anybody takes it; when there is none,
 * who has an eighth or more gives of his own first: nobody drives out the others.
 *
 * A name is a keyed hash of what identifies a row (shelf_name()): two that are alike by
 * chance are rarer than memory that errs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct shelf_row {
	struct shelf_row *next_alike;            /* in the same place of the index */
	struct shelf_row *older, *newer;         /* by when they were touched */
	struct shelf_row *owner;                 /* in shelf.owners; NULL: nobody's */
	struct shelf_row *own_older, *own_newer; /* of the same owner */
	uint64_t name;
	_Alignas(16) char at[]; /* the caller's */
};

enum { SHELF_SHARES = 8 };

/* All zero but size and most is empty. */
struct shelf {
	size_t size, most;
	struct shelf_row **index; /* owned; a power of two of them */
	size_t places, count;
	struct shelf_row *oldest, *newest;
	struct shelf *owners; /* owned; NULL: no row has one */
	/* Of them, those with more than their share: fewer than there are shares. */
	struct shelf_row *heavy[SHELF_SHARES];
	size_t heavy_count;
	uint64_t evicted; /* for want of room, since the start */
};

void shelf_free(struct shelf *shelf);
/* NULL: there is none. */
struct shelf_row *shelf_find(const struct shelf *shelf, uint64_t name);
/* That one, or a new one, all zero; touched.  NULL without memory. */
struct shelf_row *shelf_touch(struct shelf *shelf, uint64_t name, bool *is_new);
/* The same; a new one is of that owner, which is any number but 0. */
struct shelf_row *shelf_touch_of(struct shelf *shelf, uint64_t owner, uint64_t name,
				 bool *is_new);
void shelf_remove(struct shelf *shelf, struct shelf_row *row);

/* Of texts, NULL counting as "", and numbers: begin with 0, then one after another. */
uint64_t shelf_name_text(const struct hash_key *key, uint64_t name, const char *text);
uint64_t shelf_name_words(const struct hash_key *key, uint64_t name,
			  const uint64_t *words, size_t count);
