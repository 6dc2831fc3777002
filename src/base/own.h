/*
 * own.h: the machine's own addresses, in its network namespace.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

enum { OWN_MAX = 1024 };

struct own {
	struct addr at[OWN_MAX]; /* in order */
	size_t count;
};

/* Reads them anew.  0, or -errno and *own unchanged. */
int own_read(struct own *own);

/* True as well for all of 127.0.0.0/8, which is here without being listed. */
bool own_holds(const struct own *own, const struct addr *addr);
