/*
 * ports_at.h: breakwater ports --at: who listened at a moment of the past, by whose
 * leave, and what came there.
 */
#pragma once

#include "cli/listing.h"

/* listing: port and common options.  Exit status, 5 if it is not known. */
int ports_at(const struct listing *listing, const char *at, const char *state,
	     bool listening);
