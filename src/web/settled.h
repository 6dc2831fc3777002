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

/*
 * The part of that key becomes what is in an aggregate, which is open and empty. False:
 * it is not there.
 */
bool settled_take(struct settled *settled, const struct buf *key,
		  struct aggregate *into);

/* Keeps a copy, if it is exact and not too large. */
void settled_keep(struct settled *settled, const struct buf *key,
		  const struct aggregate *from);

void settled_free(struct settled *settled);
