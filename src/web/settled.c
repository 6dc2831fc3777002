/*
 * settled.c: see settled.h.
 */
#include "web/settled.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 32, BYTES_MAX = 64 << 20, PART_BYTES_MAX = 16 << 20 };

struct part {
	struct buf key; /* empty: there is none */
	struct aggregate aggregate;
	size_t bytes;
	uint64_t turn; /* when it was asked for last */
};

struct settled {
	pthread_mutex_t lock;
	struct part parts[PARTS];
	size_t bytes;
	uint64_t turn;
	uint64_t age; /* how often all was forgotten */
};

struct settled *settled_new(void)
{
	struct settled *settled = calloc(1, sizeof(*settled));
	if (settled != NULL)
		pthread_mutex_init(&settled->lock, NULL);
	return settled;
}

static void drop(struct settled *settled, struct part *part)
{
	settled->bytes -= part->bytes;
	buf_free(&part->key);
	aggregate_close(&part->aggregate);
	*part = (struct part){ 0 };
}

void settled_free(struct settled *settled)
{
	if (settled == NULL)
		return;
	for (size_t i = 0; i < PARTS; i++)
		drop(settled, &settled->parts[i]);
	pthread_mutex_destroy(&settled->lock);
	free(settled);
}

void settled_forget(struct settled *settled)
{
	pthread_mutex_lock(&settled->lock);
	for (size_t i = 0; i < PARTS; i++)
		drop(settled, &settled->parts[i]);
	settled->age++;
	pthread_mutex_unlock(&settled->lock);
}

uint64_t settled_age(struct settled *settled)
{
	pthread_mutex_lock(&settled->lock);
	uint64_t age = settled->age;
	pthread_mutex_unlock(&settled->lock);
	return age;
}

static struct part *find(struct settled *settled, const struct buf *key)
{
	for (size_t i = 0; i < PARTS; i++) {
		struct part *part = &settled->parts[i];
		if (part->key.len == key->len &&
		    memcmp(part->key.at, key->at, key->len) == 0)
			return part;
	}
	return NULL;
}

bool settled_take(struct settled *settled, const struct buf *key,
		  struct aggregate *into)
{
	bool is_taken = false;
	pthread_mutex_lock(&settled->lock);
	struct part *part = key->len > 0 ? find(settled, key) : NULL;
	if (part != NULL) {
		part->turn = ++settled->turn;
		is_taken = aggregate_add(into, &part->aggregate);
	}
	pthread_mutex_unlock(&settled->lock);
	return is_taken;
}

/* A free place, or that of what was asked for longest ago. */
static struct part *oldest(struct settled *settled)
{
	struct part *found = &settled->parts[0];
	for (size_t i = 0; i < PARTS; i++)
		if (settled->parts[i].turn < found->turn)
			found = &settled->parts[i];
	return found;
}

static struct part *oldest_kept(struct settled *settled)
{
	struct part *found = NULL;
	for (size_t i = 0; i < PARTS; i++) {
		struct part *part = &settled->parts[i];
		if (part->turn > 0 && (found == NULL || part->turn < found->turn))
			found = part;
	}
	return found;
}

/* Takes over what is in the new part, or throws it away. */
static void put(struct settled *settled, struct part *new, uint64_t age)
{
	pthread_mutex_lock(&settled->lock);
	if (settled->age != age) {
		pthread_mutex_unlock(&settled->lock);
		buf_free(&new->key);
		aggregate_close(&new->aggregate);
		return;
	}
	struct part *same = find(settled, &new->key);
	if (same != NULL)
		drop(settled, same);
	while (settled->bytes + new->bytes > BYTES_MAX)
		drop(settled, oldest_kept(settled));
	struct part *place = oldest(settled);
	drop(settled, place);
	*place = *new;
	place->turn = ++settled->turn;
	settled->bytes += new->bytes;
	pthread_mutex_unlock(&settled->lock);
}

void settled_keep(struct settled *settled, const struct buf *key,
		  const struct aggregate *from, uint64_t age)
{
	struct part new = { .bytes = aggregate_bytes(from) };
	if (key->len == 0 || from->failed || from->merged > 0 ||
	    new.bytes > PART_BYTES_MAX)
		return;
	buf_add(&new.key, key->at, key->len);
	if (buf_ok(&new.key) && aggregate_open(&new.aggregate, from->ask) &&
	    aggregate_copy(&new.aggregate, from)) {
		new.aggregate.ask = NULL; /* borrowed of who asked */
		put(settled, &new, age);
		return;
	}
	buf_free(&new.key);
	aggregate_close(&new.aggregate);
}
