/*
 * keeping.h: what is too old or too much goes, a little at a time.  Private to the
 * room.
 */
#pragma once

#include <stdbool.h>

struct store;
struct keeping;

struct keeping *keeping_new(void);
void keeping_free(struct keeping *keeping);

/*
 * Called by the writer whenever it looks; has something to do every few seconds.  ok:
 * the last commit went well, so there is something to delete from.
 */
void keeping_work(struct keeping *keeping, struct store *store, bool ok);
