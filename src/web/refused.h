/*
 * refused.h: those who could not sign in, as the audit chain is told of them.
 *
 * Whoever guesses passwords must not fill the chain: the first of a burst is told at
 * once, of all that follow only how many, every ten minutes until ten were quiet.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

enum { REFUSED_BURST_MS = 600000, REFUSED_TEXT_MAX = 128 };

struct refused {
	bool is_burst;
	int64_t since_ms;         /* when it began, or was last told of; monotonic */
	uint64_t count;           /* that are not told */
	char from[ADDR_TEXT_MAX]; /* of the last */
};

/* Another one.  True: it is the first, which is to be told. */
bool refused_add(struct refused *refused, const struct addr *from, int64_t now_ms);

/* True, and how many, if that is to be told now; at_end: without waiting. */
bool refused_take(struct refused *refused, int64_t now_ms, bool at_end,
		  char text[static REFUSED_TEXT_MAX]);
