/*
 * settled.h: groups of a time that is over, added up once for all who ask.
 *
 * A page asks the same of a month every half minute, and so does every viewer: the
 * hours that are over have not changed since.  Kept are the last few such parts, in
 * bounded memory; what was asked for longest ago goes first.
 */
#pragma once

#include "web/aggregate.h"

struct settled;

/* NULL without memory. From any thread, all but the last. */
struct settled *settled_new(void);

/* Adds the part of that key, as aggregate_add(). False: it is not there, either. */
bool settled_take(struct settled *settled, const struct buf *key,
		  struct aggregate *into);

/*
 * Keeps a copy, if it is exact and not too large, and nothing was forgotten since it
 * began to be added up: `age` is what settled_age() said then.
 */
void settled_keep(struct settled *settled, const struct buf *key,
		  const struct aggregate *from, uint64_t age);
uint64_t settled_age(struct settled *settled);

/* All of it: it may name an address that was erased. */
void settled_forget(struct settled *settled);

void settled_free(struct settled *settled);
