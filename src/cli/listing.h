/*
 * listing.h: the commands that ask for records and print them: ports, flows,
 * listeners, findings, logins.
 */
#pragma once

#include "cli/options.h"
#include "cli/view.h"

struct listing {
	const struct view *view;
	const char *command;
	struct common_options common;
	const char *host, *transport, *since, *until, *sort;
	const char *step, *kind, *state, *process, *reach, *protocol;
	const char *severity, *at_least; /* of findings */
	const char *user, *outcome;      /* of logins */
	uint64_t port, limit; /* UINT64_MAX: not given; 0: the daemon's own */
};

/* Asks and prints; returns the exit status: 5 if rows are missing. */
int listing_run(const struct listing *listing);

/* How many there are, whatever the limit.  Exit status; a complaint was made. */
int listing_count(const struct listing *listing, uint64_t *total);
