/*
 * courier_pace.h: how fast what waited is told, so that neither the machine nor the way
 * to the hubs notices that an outage is over.
 */
#pragma once

#include <stdint.h>

struct courier_pace {
	uint64_t bytes_per_s; /* 0: no bound */
	int64_t free_us;      /* when all that was taken is paid for */
};

/*
 * Takes leave for a batch of so many bytes: how long it has to wait for it.  A second's
 * worth may go at once after a rest, so that what comes in steadily never waits.
 */
int64_t courier_pace_take_us(struct courier_pace *pace, uint64_t bytes, int64_t now_us);
