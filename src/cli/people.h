/*
 * people.h: the parts of breakwater user and token.
 */
#pragma once

#include <jansson.h>

#include "cli/options.h"
#include "web/people_change.h"

struct people_options {
	struct common_options common;
	const char *command; /* "user", "token": what the names are of, too */
	const char *config_path, *state, *role, *duration;
};

/* Says on standard error what is wrong; returns the status. */
int people_complain(const struct people_options *options, int status, const char *why);

/*
 * Asks the daemon; if none runs, the file is read and changed, and the next daemon puts
 * it into the audit chain.  form NULL: only asks who there is.  The answer is what
 * /api/v1/users says, NULL if *status is not 0 (and all has been said).
 */
json_t *people_ask(const struct people_options *options, struct buf *form, int *status);

/*
 * Reads a password: from a terminal twice, without showing it, else a line of standard
 * input.  Never an argument, which every user of the machine can read (ps).  False, and
 * said why.
 */
bool people_read_password(const struct people_options *options,
			  char out[static PASSWORD_MAX]);
