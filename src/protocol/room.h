/*
 * room.h: what all talks of one thread share; private to the room.
 */
#pragma once

#include "protocol/feed.h"

enum { PROTOCOLS_MAX = 63 };

struct stranger;
void stranger_free(struct stranger *ndpi); /* NULL is nothing */

struct talk_room {
	void *shared[PROTOCOLS_MAX]; /* in the order of protocols() */
	struct stranger *ndpi;       /* made at first use */
	struct hash_key key;
};
