/*
 * whereabouts.h: the addresses at which a fleet's NATS servers are, which are never to
 * be blocked: whoever has a sensor's key could have the fleet cut itself off.
 *
 * Names are resolved as the connection's own library does it, by getaddrinfo(3), which
 * may wait for half a minute: on a thread of its own, every five minutes.  What a name
 * stood for it stands for until it has stood for something else for two days: so one
 * that does not resolve is still known, and one with many addresses in turn, too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum {
	WHEREABOUTS_HOSTS_MAX = 32,
	WHEREABOUTS_OF_HOST_MAX = 8,
	WHEREABOUTS_MAX = 96, /* in a list */
};

/* An IPv6 address stands for its /64, as where it is blocked. */
struct server_addresses {
	uint32_t count;
	struct addr at[WHEREABOUTS_MAX];
};
bool server_addresses_hold(const struct server_addresses *list,
			   const struct addr *address);

/*
 * servers: addresses as config/nats_server.h has them, with commas between; what is
 * none is passed over.  NULL without memory.
 */
struct whereabouts;
struct whereabouts *whereabouts_open(const char *servers);
/* Never waits for a resolver. */
void whereabouts_close(struct whereabouts *whereabouts);

/* Looks once, and waits for it. */
void whereabouts_look(struct whereabouts *whereabouts);
/* Looks again and again from now on.  False: there is no thread. */
bool whereabouts_follow(struct whereabouts *whereabouts);

/* As they are known now; returns how often what is known has changed. */
uint64_t whereabouts_list(struct whereabouts *whereabouts,
			  struct server_addresses *out);

/* What a look found of the host of that number, by CLOCK_BOOTTIME. */
void whereabouts_note(struct whereabouts *whereabouts, size_t number,
		      const struct server_addresses *found, int64_t now_us);
