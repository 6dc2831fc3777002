/*
 * maintenance.h: which targets are in maintenance right now because somebody said so,
 * and until when.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/target.h"

enum { MAINTAINED_MAX = 64 };

/* All zero: none. */
struct maintenance {
	struct maintained {
		char target[TARGET_TEXT_MAX]; /* "": all of them */
		int64_t until_us;             /* Unix time */
	} at[MAINTAINED_MAX];
	size_t count;
};

/* Until then; a time that has passed ends it. False if there are too many. */
bool maintenance_set(struct maintenance *maintenance, const char *target,
		     int64_t until_us, int64_t now_us);
bool maintenance_holds(const struct maintenance *maintenance, const char *target,
		       int64_t at_us);
