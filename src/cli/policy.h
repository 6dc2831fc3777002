/*
 * policy.h: what the files of "breakwater policy" share.
 */
#pragma once

#include <stdint.h>

#include "cli/options.h"
#include "cli/recall.h"
#include "policy/policy.h"

struct policy_options {
	const char *since, *until, *state;
	const char *config; /* file of the settings in force; NULL: the system's */
	const char *owner, *by, *comment, *next, *transport; /* of reviews */
	uint64_t port;                                       /* UINT64_MAX: any */
	struct common_options common;
};

/* What was asked for; otherwise a time so long ago, such as "7d". */
int64_t policy_since_us(const struct policy_options *options, const char *otherwise);
/* What was asked for, else now. */
int64_t policy_until_us(const struct policy_options *options);

/* Reads a register; NULL: all has been said, *status is 2, or 4 if not permitted. */
struct policy *policy_from_file(const char *path, int *status);

/*
 * Listeners as the store tells of them, in order of time: first those that were there
 * at since_us, then what changed.  What is there now, if the daemon can be asked, comes
 * last; it is enough if one of the two is known.  Exit status.
 */
int policy_listeners(struct recall *recall, int64_t since_us, int64_t now_us,
		     recall_emit emit, void *to);

/* ---- policy_history.c ---- */

/* "policy history": what was in force when. */
int policy_history(const struct policy_options *options, const char *path);
/* "policy review": what is to be reviewed. */
int policy_due(const struct policy_options *options, const char *path);
/* "policy reviewed PORT" */
int policy_reviewed_by(const struct policy_options *options, const char *port);

/* "policy test FILE" */
int policy_test(const struct policy_options *options, const char *path);
