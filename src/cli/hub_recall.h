/*
 * hub_recall.h: what was before, read from the depot by a thread of its own: onto the
 * board, and what hubs have said for this hub's own store, from which it leads.
 *
 * At the start, and whenever the streams have left something out (link_missed); again
 * and again, until it is known.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fleet/board.h"
#include "record/record.h"

struct hub_recall_options {
	const char *depot; /* as depot_open(), borrowed, as the rest */
	const char *state; /* folder of the hub's own store */
	struct board *board;
};

struct hub_recall;
/* Returns when it was tried once, well or not.  NULL without memory or thread. */
struct hub_recall *hub_recall_start(const struct hub_recall_options *options);
/* What came after that time is missing; from any thread. */
void hub_recall_again(struct hub_recall *recall, int64_t since_us);
/* It is being read just now: who is to lead waits for it, but not long. */
bool hub_recall_is_under_way(struct hub_recall *recall);
/* False: something is not known yet. */
bool hub_recall_is_whole(struct hub_recall *recall);
/*
 * In the loop: what hubs have said, of each kind the oldest first; true: with that, all
 * that was asked for has come, and is on the board.
 */
bool hub_recall_take(struct hub_recall *recall,
		     void (*take)(void *self, enum record_kind kind,
				  const void *record),
		     void *self);
void hub_recall_stop(struct hub_recall *recall);
