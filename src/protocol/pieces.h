/*
 * pieces.h: messages that datagrams bring in pieces, in any order, put together.
 *
 * Talks of one thread share a few rooms.  Who needs one while none is free takes the
 * one that was touched longest ago: a flood of openings that never end costs others
 * what they would have told, and no memory.
 */
#pragma once

#include <stdbool.h>

#include "base/bytes.h"

enum { PIECES_MAX = 8192 }; /* bytes of a message; more is not put together */

struct pieces;
struct pieces *pieces_new(void); /* NULL without memory */
void pieces_free(struct pieces *pieces);

/* Whose room it is; zeroed, it has none.  Small: it lies in a talk's state. */
struct room_key {
	uint32_t turn; /* the room's, when it was taken; another one: it was lost */
	uint16_t room;
	bool has_room;
};

/* Adds bytes that belong at that offset.  False, and no room is held, if they can't be.
 */
bool pieces_add(struct pieces *pieces, struct room_key *key, size_t offset,
		struct bytes piece);

/* What is there from the begin on without a hole; borrowed, may be empty. */
struct bytes pieces_whole(struct pieces *pieces, const struct room_key *key);

void pieces_give_back(struct pieces *pieces, struct room_key *key);
