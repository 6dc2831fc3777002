/*
 * listeners.h: what the watch knows of each socket that waits for clients.
 *
 * Found by namespace, protocol and port, as changes name them; a socket among those by
 * its cookie, the kernel's number for it that is never used again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum { LISTENERS_MAX = 65536 };
#define LISTENER_NONE UINT32_MAX

enum listener_owner {
	OWNER_UNKNOWN, /* not looked for yet, or not to be found with what we may see */
	OWNER_DOUBTFUL, /* nobody, or a process that /proc does not show: look again */
	OWNER_KERNEL,   /* no process: a socket of the kernel itself */
	OWNER_FOUND,
	OWNER_HIDDEN, /* there is a process, /proc does not show it */
};

struct watched {
	uint64_t netns, cookie, inode;
	struct addr addr;
	uint16_t port;
	uint8_t family, proto, dual;
	uint8_t owner;  /* enum listener_owner */
	bool is_client; /* a UDP socket whose port the kernel chose: no listener */
	bool is_told;   /* the host knows of it */
	uint8_t missed; /* scans in a row that did not show it */
	uint32_t scan;  /* the last that showed it */
	uint32_t uid, ifindex, pid, processes;
	int64_t since_us;
	int64_t look_again_us; /* monotonic, if doubtful */
	uint64_t backlog, backlog_max, overflows;
	/* TCP: the socket's own count; what of it may be overflows that the namespace
	 * does not show yet; and what that showed last. */
	uint64_t drops, uncounted, listen_drops;
	uint64_t told;         /* hash of the counts of its port told last */
	uint64_t process_told; /* hash of the process told last */
	uint8_t firewalled;    /* as in struct host_listener */
	uint32_t judged;       /* in which round; 0: never */
	uint32_t next;         /* with the same hash; LISTENER_NONE: the last */
	uint32_t counts;       /* place in a count of sockets; LISTENER_NONE: none */
};

struct listeners {
	struct watched *at;
	size_t count, size;
	uint64_t refused;
	uint32_t *first; /* by hash */
};

/* False without memory. */
bool listeners_init(struct listeners *listeners);
void listeners_free(struct listeners *listeners);

/* The first that may be of that port: go on through `next`, and compare. */
uint32_t listeners_first(const struct listeners *listeners, uint64_t netns,
			 uint8_t proto, uint16_t port);
bool listener_is_of(const struct watched *w, uint64_t netns, uint8_t proto,
		    uint16_t port);

struct watched *listeners_find(const struct listeners *listeners, uint64_t netns,
			       uint8_t proto, uint16_t port, uint64_t cookie);

/* Keeps a copy; NULL and a count if there is no room.  Moves others. */
struct watched *listeners_add(struct listeners *listeners, const struct watched *w);

/* The last one takes its place. */
void listeners_remove(struct listeners *listeners, size_t i);

/* The one that takes what comes for that address: bound to it, else to any; or NULL. */
struct watched *listeners_at(const struct listeners *listeners, uint64_t netns,
			     uint8_t proto, const struct addr *addr, uint16_t port);
