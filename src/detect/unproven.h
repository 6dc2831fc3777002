/*
 * unproven.h: sources that have proven nothing have a finding each, until there are so
 * many that most must be forged.  Private to the room.
 */
#pragma once

#include "detect/inside.h"

enum { UNPROVEN_MAX = 64 }; /* in one window, of one detector */

/* All zero is empty. */
struct unproven {
	int64_t since_us; /* the window's begin */
	uint32_t fresh;   /* findings that were begun in it */
	uint64_t crowd;   /* pieces of evidence that began none */
};

/*
 * Makes the evidence one about all that are too many, if it is; false: it is about its
 * source.  What is proven, or has its finding, always is.
 */
bool unproven_joins(struct unproven *unproven, struct detect *detect,
		    struct finding_record *evidence, const char *crowd_did);
