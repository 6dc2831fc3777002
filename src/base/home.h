/*
 * home.h: the networks that count as ours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

enum { HOME_MAX = 256 };

struct home {
	struct prefix at[HOME_MAX];
	size_t count;
};

/* False if there is no room. A prefix already there is not added twice. */
bool home_add(struct home *home, const struct prefix *prefix);

/*
 * Adds the machine's own addresses with their prefixes, loopback included.
 * 0 or -errno.
 */
int home_add_own(struct home *home);

/* Adds the machine's own addresses alone; of loopback 127.0.0.0/8. 0 or -errno. */
int home_add_addresses(struct home *home);

/* Of an interface of this machine whose network holds that address: is it running?
 * 0: there is none; 1; -1: it is not, as where the cable is out. */
int home_link(const struct addr *addr);

bool home_holds(const struct home *home, const struct addr *addr);
