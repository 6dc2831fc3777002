/*
 * join.h: a hub lets machines join the fleet, and keeps servers told of who is revoked.
 *
 * Any number of hubs do it at once: what was decided is in the bucket, by whoever was
 * quicker.  Answers come on the link's threads, the rest is done by one thread here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fleet/keyring.h"
#include "fleet/link.h"
#include "fleet/member.h"

enum { JOINING_ERROR_MAX = 320 };

/*
 * What is to be put into the audit chain: all of note but taken_s.  Called on threads
 * of its own, never two at once.  False: it could not be kept now; then what can be
 * told again (what was done without a hub) is told again.
 */
typedef bool (*joining_audit)(void *self, const struct note *note);

struct joining_options {
	struct link *link; /* of the fleet's account; outlives it */
	const char *state; /* the state folder, as keyring_read() */
	joining_audit audit;
	void *self;
};

struct joining;
/* NULL and error: there are no keys, or no memory. */
struct joining *joining_open(const struct joining_options *options,
			     char error[static JOINING_ERROR_MAX]);
void joining_close(struct joining *joining);
/* What is wrong with telling servers who is revoked, in a line; "": nothing. */
void joining_trouble(struct joining *joining, char error[static JOINING_ERROR_MAX]);
