/*
 * hub_join.h: machines that join the fleet by this hub, and what the board is told of
 * all that did: where they are, what they are for, and which may not tell any more
 * (fleet/join.h, fleet/member.h).
 */
#pragma once

#include <stdbool.h>

#include "fleet/board.h"
#include "fleet/join.h"
#include "fleet/link.h"

struct hub_join;
struct hub_join_options {
	struct link *link;
	struct board *board;
	const char *state; /* the state folder, where the fleet's keys are; borrowed */
};
/* Without keys (fleet init) nobody joins by this hub.  NULL without memory. */
struct hub_join *hub_join_start(const struct hub_join_options *options);
/* What was decided since, for the audit chain. */
void hub_join_take(struct hub_join *join,
		   void (*audit)(void *self, const struct note *note), void *self);
/* What is wrong, in a line; "": nothing. */
void hub_join_trouble(struct hub_join *join, char error[static JOINING_ERROR_MAX]);
void hub_join_stop(struct hub_join *join);
