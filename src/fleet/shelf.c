/*
 * shelf.c: see shelf.h.
 */
#include "fleet/shelf.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_FIRST = 64, WORDS_AT_ONCE = 8 };

/* A row of shelf.owners. */
struct owner {
	size_t count;
	struct shelf_row *oldest, *newest;
};

void shelf_free(struct shelf *shelf)
{
	for (struct shelf_row *row = shelf->oldest, *next; row != NULL; row = next) {
		next = row->newer;
		free(row);
	}
	free(shelf->index);
	if (shelf->owners != NULL)
		shelf_free(shelf->owners);
	free(shelf->owners);
	*shelf = (struct shelf){ .size = shelf->size, .most = shelf->most };
}

static struct shelf_row **place(const struct shelf *shelf, uint64_t name)
{
	return &shelf->index[name & (shelf->places - 1)];
}

struct shelf_row *shelf_find(const struct shelf *shelf, uint64_t name)
{
	struct shelf_row *row = shelf->places > 0 ? *place(shelf, name) : NULL;
	while (row != NULL && row->name != name)
		row = row->next_alike;
	return row;
}

/* ---- owners ---- */

static struct owner *owner_at(struct shelf_row *row)
{
	return row != NULL ? (struct owner *)row->at : NULL;
}

static size_t share_of(const struct shelf *shelf)
{
	return shelf->most / SHELF_SHARES;
}

/* Without memory it is nobody's. */
static struct shelf_row *own(struct shelf *shelf, uint64_t owner)
{
	bool is_new;
	if (owner != 0 && shelf->owners == NULL) {
		shelf->owners = calloc(1, sizeof(*shelf->owners));
		if (shelf->owners != NULL)
			*shelf->owners = (struct shelf){ .size = sizeof(struct owner),
							 .most = shelf->most + 1 };
	}
	return owner != 0 && shelf->owners != NULL
		       ? shelf_touch(shelf->owners, owner, &is_new)
		       : NULL;
}

static void link_own(struct shelf_row *row)
{
	struct owner *owner = owner_at(row->owner);
	if (owner == NULL)
		return;
	row->own_older = owner->newest;
	row->own_newer = NULL;
	if (owner->newest != NULL)
		owner->newest->own_newer = row;
	else
		owner->oldest = row;
	owner->newest = row;
}

static void unlink_own(struct shelf_row *row)
{
	struct owner *owner = owner_at(row->owner);
	if (owner == NULL)
		return;
	if (row->own_older != NULL)
		row->own_older->own_newer = row->own_newer;
	else
		owner->oldest = row->own_newer;
	if (row->own_newer != NULL)
		row->own_newer->own_older = row->own_older;
	else
		owner->newest = row->own_older;
}

static void count_up(struct shelf *shelf, struct shelf_row *row)
{
	struct owner *owner = owner_at(row->owner);
	if (owner != NULL && ++owner->count == share_of(shelf) + 1 &&
	    shelf->heavy_count < SHELF_SHARES)
		shelf->heavy[shelf->heavy_count++] = row->owner;
}

static void no_longer_heavy(struct shelf *shelf, const struct shelf_row *owner)
{
	size_t i = 0;
	while (i < shelf->heavy_count && shelf->heavy[i] != owner)
		i++;
	if (i < shelf->heavy_count)
		shelf->heavy[i] = shelf->heavy[--shelf->heavy_count];
}

static void count_down(struct shelf *shelf, struct shelf_row *row)
{
	struct owner *owner = owner_at(row->owner);
	if (owner == NULL)
		return;
	if (owner->count == share_of(shelf) + 1)
		no_longer_heavy(shelf, row->owner);
	if (--owner->count == 0)
		shelf_remove(shelf->owners, row->owner);
}

/* Which one goes, if there is no room for another one of that owner. */
static struct shelf_row *last_wanted(const struct shelf *shelf, uint64_t name)
{
	struct shelf_row *row = shelf->owners != NULL && name != 0
					? shelf_find(shelf->owners, name)
					: NULL;
	const struct owner *owner = owner_at(row);
	if (owner != NULL && share_of(shelf) > 0 && owner->count >= share_of(shelf))
		return owner->oldest;
	return shelf->heavy_count > 0 ? owner_at(shelf->heavy[0])->oldest
				      : shelf->oldest;
}

/* ---- by when they were touched ---- */

static void unlink_row(struct shelf *shelf, struct shelf_row *row)
{
	unlink_own(row);
	if (row->older != NULL)
		row->older->newer = row->newer;
	else
		shelf->oldest = row->newer;
	if (row->newer != NULL)
		row->newer->older = row->older;
	else
		shelf->newest = row->older;
}

static void link_newest(struct shelf *shelf, struct shelf_row *row)
{
	link_own(row);
	row->older = shelf->newest;
	row->newer = NULL;
	if (shelf->newest != NULL)
		shelf->newest->newer = row;
	else
		shelf->oldest = row;
	shelf->newest = row;
}

/* ---- the index ---- */

static bool grow(struct shelf *shelf)
{
	size_t places = shelf->places > 0 ? 2 * shelf->places : PLACES_FIRST;
	struct shelf_row **index = calloc(places, sizeof(struct shelf_row *));
	if (index == NULL)
		return shelf->places > 0; /* it is slower, and still right */
	free(shelf->index);
	shelf->index = index;
	shelf->places = places;
	for (struct shelf_row *row = shelf->oldest; row != NULL; row = row->newer) {
		row->next_alike = *place(shelf, row->name);
		*place(shelf, row->name) = row;
	}
	return true;
}

void shelf_remove(struct shelf *shelf, struct shelf_row *row)
{
	struct shelf_row **at = place(shelf, row->name);
	while (*at != row)
		at = &(*at)->next_alike;
	*at = row->next_alike;
	unlink_row(shelf, row);
	count_down(shelf, row);
	shelf->count--;
	free(row);
}

static struct shelf_row *add(struct shelf *shelf, uint64_t owner, uint64_t name)
{
	if (shelf->count >= shelf->places && !grow(shelf))
		return NULL;
	if (shelf->count >= shelf->most) {
		shelf_remove(shelf, last_wanted(shelf, owner));
		shelf->evicted++;
	}
	struct shelf_row *row = calloc(1, sizeof(*row) + shelf->size);
	if (row == NULL)
		return NULL;
	row->name = name;
	row->owner = own(shelf, owner);
	row->next_alike = *place(shelf, name);
	*place(shelf, name) = row;
	link_newest(shelf, row);
	count_up(shelf, row);
	shelf->count++;
	return row;
}

struct shelf_row *shelf_touch(struct shelf *shelf, uint64_t name, bool *is_new)
{
	return shelf_touch_of(shelf, 0, name, is_new);
}

struct shelf_row *shelf_touch_of(struct shelf *shelf, uint64_t owner, uint64_t name,
				 bool *is_new)
{
	struct shelf_row *row = shelf_find(shelf, name);
	*is_new = row == NULL;
	if (row == NULL)
		return add(shelf, owner, name);
	unlink_row(shelf, row);
	link_newest(shelf, row);
	return row;
}

/* ---- names ---- */

uint64_t shelf_name_words(const struct hash_key *key, uint64_t name,
			  const uint64_t *words, size_t count)
{
	uint64_t all[WORDS_AT_ONCE + 1] = { name };
	for (size_t done = 0; done < count; done += WORDS_AT_ONCE) {
		size_t some =
			count - done < WORDS_AT_ONCE ? count - done : WORDS_AT_ONCE;
		memcpy(all + 1, words + done, some * sizeof(*words));
		all[0] = hash_words(key, all, some + 1);
	}
	return all[0];
}

uint64_t shelf_name_text(const struct hash_key *key, uint64_t name, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;
	const uint64_t length = len;
	name = shelf_name_words(key, name, &length, 1);
	for (size_t done = 0; done < len; done += WORDS_AT_ONCE * sizeof(uint64_t)) {
		uint64_t words[WORDS_AT_ONCE] = { 0 };
		size_t rest = len - done;
		memcpy(words, text + done, rest < sizeof(words) ? rest : sizeof(words));
		name = shelf_name_words(key, name, words, WORDS_AT_ONCE);
	}
	return name;
}
