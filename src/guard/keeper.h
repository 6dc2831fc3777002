/*
 * keeper.h: who starts a process again that has crashed; private to this room.
 *
 * The daemon can't: it has threads by then, and no rights.  The keeper is a process
 * that was forked before there was either.  It keeps the few capabilities that what
 * it starts needs until that has confined itself, reads nothing, and only waits.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "guard/guard.h"

struct keeper_life {
	uint32_t ended;   /* how many there were before it */
	int64_t ended_us; /* when the last of them did, by CLOCK_MONOTONIC; 0: none */
	int error;        /* the keeper could not give up the rest: -errno */
	pid_t keeper;
};

/*
 * Becomes the keeper, and returns in each process that it makes; never in the keeper,
 * which ends with the daemon, and ends what it keeps.  requests: closed when the daemon
 * is gone.  events: where each end is told (message.h).
 */
void keeper_begin(const struct guard_task *task, int requests, int events,
		  struct keeper_life *out);

/* How long it waits until the next, after so many that did not live long: pure. */
uint32_t keeper_delay_ms(enum guard_kind kind, uint32_t ended);
