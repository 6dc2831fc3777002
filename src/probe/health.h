/*
 * health.h: what a service's state is, beyond the last probe: hard and soft states as
 * in Nagios, and whether it flaps.
 *
 * One failure is not yet an outage, and one success not always its end; a state that
 * keeps changing is said to flap, once.  No clock, no I/O.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/reason.h"

struct health_rules {
	uint8_t fails, of; /* down after so many bad ones of the last so many: 2 of 3 */
	uint8_t recovers;  /* up after so many good ones in a row: 1 */
};

enum {
	HEALTH_MEMORY =
		21, /* results looked at for flapping, as Nagios and Naemon do */
	HEALTH_FLAP_LOW = 20, /* percent of weighted changes; Naemon's for services */
	HEALTH_FLAP_HIGH = 30,
};

/* All zero: nothing is known. */
struct health {
	enum probe_state hard;
	int64_t since_us; /* when it got that; 0: never */
	bool is_flapping;
	uint8_t count;               /* of last, at most HEALTH_MEMORY */
	uint8_t last[HEALTH_MEMORY]; /* enum probe_state, the newest first */
};

/* A result. True if the hard state, or flapping, is another than before. */
bool health_take(struct health *health, const struct health_rules *rules,
		 enum probe_state state, int64_t at_us);

/* The last result differs from the hard state: it is asked again sooner. */
bool health_is_soft(const struct health *health);
