/*
 * listing.h: the commands that ask for records and print them: ports, flows.
 */
#pragma once

#include "cli/options.h"
#include "cli/view.h"

struct listing {
	const struct view *view;
	const char *command;
	struct common_options common;
	const char *host, *transport, *since, *until, *sort;
	uint64_t port, limit; /* UINT64_MAX: not given; 0: the daemon's own */
};

/* Asks and prints; returns the exit status. */
int listing_run(const struct listing *listing);
