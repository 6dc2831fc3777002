/*
 * chain_watch.h: the audit chains of all sensors, proven from the depot as they grow,
 * by a thread of its own, for the board.
 *
 * Of a chain that holds only what is new is read; of one that does not, all of it, so
 * that no verdict hangs on how its records came.
 */
#pragma once

#include "fleet/board.h"

struct chain_watch;
/* depot: as depot_open(); both are borrowed.  NULL without memory or thread. */
struct chain_watch *chain_watch_start(const char *depot, struct board *board);
/* A record or a checkpoint of its chain has come; from any thread. */
void chain_watch_note(struct chain_watch *watch, enum record_kind kind,
		      const void *record);
void chain_watch_stop(struct chain_watch *watch);
