/*
 * room.h: what all talks of one thread share; private to the room.
 */
#pragma once

#include "protocol/feed.h"

enum { PROTOCOLS_MAX = 63 };

struct stranger;
void stranger_free(struct stranger *ndpi); /* NULL is nothing */

struct talk_room {
	struct hash_key key;
	struct stranger *ndpi; /* made at first use, as are those below */
	unsigned count;
	struct shared {
		const struct protocol *of;
		void *at;
	} shared[PROTOCOLS_MAX]; /* few have one */
};
