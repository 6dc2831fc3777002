/*
 * seen.h: what was seen, on its way to become a register.  Private to the room.
 *
 * A group is a port with one program: already an entry, but for its clients.
 */
#pragma once

#include "base/home.h"
#include "policy/entry.h"

enum {
	SEEN_MAX = 16384,      /* groups */
	SEEN_PRIVATE_MAX = 32, /* networks; beyond: all private ones */
	SEEN_PUBLIC_MAX = 16,  /* clients; beyond: any */
};

struct group {
	struct entry entry;
	struct prefixes private, public; /* clients */
	uint64_t flows;
	char process[32], package[64];
	uint32_t next; /* of the same port, from 1; 0: none */
	bool joined;   /* with another: nothing is left to write */
};

struct policy_seen {
	struct home own;
	struct group *groups;
	size_t count, size;
	uint64_t hidden, left_out;
	bool failed;                    /* out of memory */
	uint32_t first[UINT16_MAX + 1]; /* group of the port, from 1; 0: none */
};
