/*
 * hub_recall.h: what was before, read from the depot by a thread of its own: onto the
 * board, and what hubs have said for this hub's own store, from which it leads.
 *
 * All of it at the start; what is missing whenever the streams have left something out
 * (link_missed), at a pace (hub_recall_pace.h); again and again, until it is known.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/hub_said.h"
#include "fleet/board.h"
#include "record/record.h"

struct hub_recall_options {
	const char *depot; /* as depot_open(), borrowed, as the rest */
	const char *state; /* folder of the hub's own store */
	struct board *board;
	/* Of what that store has; the loop's as soon as hub_recall_has_begun(). */
	struct hub_said *said;
};

struct hub_recall;
/* Waits for nothing.  NULL without memory or thread. */
struct hub_recall *hub_recall_start(const struct hub_recall_options *options);
/*
 * What this hub said and heard last is known, and the depot was asked once, well or
 * not, or does not answer: now the streams may be followed.
 */
bool hub_recall_has_begun(struct hub_recall *recall);
/* What came after that time is missing; from any thread. */
void hub_recall_again(struct hub_recall *recall, int64_t since_us);
/* This hub is to lead: what is missing is read at once. */
void hub_recall_hurry(struct hub_recall *recall);
/* It is being read just now: who is to lead waits for it, but not long. */
bool hub_recall_is_under_way(struct hub_recall *recall);
/* False: something is not known yet. */
bool hub_recall_is_whole(struct hub_recall *recall);
/*
 * In the loop: what hubs have said, of each kind the oldest first, at most so many.
 * True: with this, all that was asked for has come, and is on the board.
 */
bool hub_recall_take(struct hub_recall *recall, size_t most,
		     void (*take)(void *self, enum record_kind kind,
				  const void *record),
		     void *self);
/* It is to end as soon as it can ... */
void hub_recall_cancel(struct hub_recall *recall);
/* ... which is waited for. */
void hub_recall_stop(struct hub_recall *recall);
