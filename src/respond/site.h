/*
 * site.h: how much of an IPv6 /48 is blocked by itself.  Private to the room.
 */
#pragma once

#include "base/roster.h"

struct site {
	struct roster_entry head;
	uint64_t in_force;
	int64_t minute;         /* since the epoch, of the time inside */
	uint64_t begun, before; /* in that minute, and in the one before */
};

/* Of an IPv6 address. */
struct site *site_take(struct roster *sites, const struct addr *address,
		       int64_t now_us);

/* A block there is in force, or no more. */
void site_hold(struct roster *sites, const struct addr *address);
void site_let_go(struct roster *sites, const struct addr *address);

/*
 * begun: in this minute and the one before, so that there are no more in any 60
 * seconds.  Zeros for IPv4.
 */
struct site_use {
	uint64_t begun, in_force;
};
struct site_use site_use(struct roster *sites, const struct addr *address,
			 int64_t now_us);
