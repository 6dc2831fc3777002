/*
 * holes.c: missing stretches of TCP streams; see holes.h.
 *
 * A small open-addressing table keyed by body number and side.  Each entry keeps at
 * most RANGES stretches of data beyond the first hole; when more are needed
 * the two nearest are joined, which forgets a hole but never invents one.
 */
#include "flow/holes.h"

#include <stdlib.h>
#include <string.h>

enum { RANGES = 15 };

struct range {
	uint64_t from, to;
};

struct hole {
	uint32_t key; /* body * 2 + side + 1; 0: free */
	uint32_t count;
	int64_t at_us;
	uint64_t seen;
	struct range range[RANGES + 1]; /* one spare, while one is put in */
};

struct holes {
	uint32_t mask, used, max;
	struct hole at[];
};

struct holes *holes_new(uint32_t max)
{
	uint32_t size = 16;
	while (size < max * 2)
		size *= 2;
	struct holes *h = calloc(1, sizeof(*h) + size * sizeof(h->at[0]));
	if (h != NULL) {
		h->mask = size - 1;
		h->max = max;
	}
	return h;
}

void holes_free(struct holes *holes)
{
	free(holes);
}

/* Keys are our own slab numbers, so a multiplication mixes well enough. */
static uint32_t home_of(const struct holes *h, uint32_t key)
{
	return (key * 2654435761u >> 7) & h->mask;
}

static struct hole *find(struct holes *h, uint32_t key)
{
	uint32_t i = home_of(h, key);
	while (h->at[i].key != key && h->at[i].key != 0)
		i = (i + 1) & h->mask;
	return &h->at[i];
}

/* Removal by moving later entries of the run back (Knuth 6.4, algorithm R). */
static void erase(struct holes *h, struct hole *entry)
{
	uint32_t gap = (uint32_t)(entry - h->at);
	uint32_t i = gap;
	for (;;) {
		h->at[gap].key = 0;
		do {
			i = (i + 1) & h->mask;
			if (h->at[i].key == 0) {
				h->used--;
				return;
			}
		} while (((i - home_of(h, h->at[i].key)) & h->mask) <
			 ((i - gap) & h->mask));
		h->at[gap] = h->at[i];
		gap = i;
	}
}

static void join(struct hole *e, uint32_t i)
{
	if (e->range[i + 1].to > e->range[i].to)
		e->range[i].to = e->range[i + 1].to;
	e->count--;
	memmove(&e->range[i + 1], &e->range[i + 2],
		(e->count - i - 1) * sizeof(e->range[0]));
}

static void join_nearest(struct hole *e)
{
	uint32_t best = 0;
	for (uint32_t i = 1; i + 1 < e->count; i++)
		if (e->range[i + 1].from - e->range[i].to <
		    e->range[best + 1].from - e->range[best].to)
			best = i;
	join(e, best);
}

/* Puts a stretch in, in order; true if any of it was new. */
static bool put_range(struct hole *e, uint64_t from, uint64_t to)
{
	uint32_t i = 0;
	while (i < e->count && e->range[i].to < from)
		i++;
	if (i < e->count && e->range[i].from <= from && to <= e->range[i].to)
		return false;
	memmove(&e->range[i + 1], &e->range[i], (e->count - i) * sizeof(e->range[0]));
	e->range[i] = (struct range){ from, to };
	e->count++;
	while (i + 1 < e->count && e->range[i + 1].from <= e->range[i].to) {
		if (e->range[i + 1].from < e->range[i].from)
			e->range[i].from = e->range[i + 1].from;
		join(e, i);
	}
	if (e->count > RANGES)
		join_nearest(e);
	return true;
}

static void drop_first(struct hole *e)
{
	e->count--;
	memmove(&e->range[0], &e->range[1], e->count * sizeof(e->range[0]));
}

/* Takes in the stretches that now follow without a hole; true while any remain. */
static bool advance(struct holes *h, struct hole *e)
{
	while (e->count > 0 && e->range[0].from <= e->seen) {
		if (e->range[0].to > e->seen)
			e->seen = e->range[0].to;
		drop_first(e);
	}
	if (e->count > 0)
		return true;
	erase(h, e);
	return false;
}

bool holes_open(struct holes *h, uint32_t body, unsigned side, uint64_t seen,
		uint64_t from, uint64_t to, int64_t at_us)
{
	if (h->used == h->max)
		return false;
	uint32_t key = body * 2 + side + 1;
	struct hole *e = find(h, key);
	h->used++;
	*e = (struct hole){ .key = key, .count = 1, .at_us = at_us, .seen = seen };
	e->range[0] = (struct range){ from, to };
	return true;
}

bool holes_fill(struct holes *h, uint32_t body, unsigned side, uint64_t from,
		uint64_t to, int64_t at_us, int64_t *age_us)
{
	struct hole *e = find(h, body * 2 + side + 1);
	*age_us = -1;
	if (e->key == 0)
		return false;
	if (to <= e->seen)
		return true;
	bool beyond = from >= e->range[e->count - 1].to;
	if (put_range(e, from < e->seen ? e->seen : from, to) && !beyond)
		*age_us = at_us > e->at_us ? at_us - e->at_us : 0;
	return advance(h, e);
}

bool holes_acked(struct holes *h, uint32_t body, unsigned side, uint64_t acked,
		 uint64_t *lost_bytes, uint32_t *gaps)
{
	struct hole *e = find(h, body * 2 + side + 1);
	if (e->key == 0)
		return false;
	while (e->count > 0 && e->seen < acked) {
		uint64_t end = e->range[0].from < acked ? e->range[0].from : acked;
		if (end > e->seen) {
			*lost_bytes += end - e->seen;
			*gaps += 1;
			e->seen = end;
		}
		if (e->range[0].from <= e->seen) {
			if (e->range[0].to > e->seen)
				e->seen = e->range[0].to;
			drop_first(e);
		}
	}
	/* Beyond all that came: the segments just below the acknowledgement. */
	if (e->count == 0 && e->seen < acked) {
		*lost_bytes += acked - e->seen;
		*gaps += 1;
	}
	return advance(h, e);
}

void holes_drop(struct holes *h, uint32_t body)
{
	for (unsigned side = 0; side < 2; side++) {
		struct hole *e = find(h, body * 2 + side + 1);
		if (e->key != 0)
			erase(h, e);
	}
}
