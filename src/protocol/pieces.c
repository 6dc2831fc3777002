/*
 * pieces.c: see pieces.h.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/pieces.h"

enum { ROOMS = 64, WORD_BITS = 64 };

struct room {
	uint64_t touched; /* 0: free */
	uint32_t turn;
	size_t whole; /* bytes from the begin on without a hole */
	uint64_t has[PIECES_MAX / WORD_BITS];
	uint8_t at[PIECES_MAX];
};

struct pieces {
	uint64_t touches;
	struct room rooms[ROOMS];
};

struct pieces *pieces_new(void)
{
	return calloc(1, sizeof(struct pieces));
}

void pieces_free(struct pieces *pieces)
{
	free(pieces);
}

static struct room *room_of(struct pieces *pieces, const struct room_key *key)
{
	if (!key->has_room)
		return NULL;
	struct room *room = &pieces->rooms[key->room];
	return room->touched != 0 && room->turn == key->turn ? room : NULL;
}

static struct room *take_room(struct pieces *pieces, struct room_key *key)
{
	struct room *oldest = &pieces->rooms[0];
	for (size_t i = 1; i < ROOMS && oldest->touched != 0; i++)
		if (pieces->rooms[i].touched < oldest->touched)
			oldest = &pieces->rooms[i];
	oldest->turn++;
	oldest->whole = 0;
	memset(oldest->has, 0, sizeof(oldest->has));
	*key = (struct room_key){ .turn = oldest->turn,
				  .room = (uint16_t)(oldest - pieces->rooms),
				  .has_room = true };
	return oldest;
}

static bool has(const struct room *room, size_t i)
{
	return (room->has[i / WORD_BITS] >> i % WORD_BITS & 1) != 0;
}

bool pieces_add(struct pieces *pieces, struct room_key *key, size_t offset,
		struct bytes piece)
{
	struct room *room = room_of(pieces, key);
	bool is_lost = key->has_room && room == NULL;
	if (is_lost || offset > PIECES_MAX || piece.len > PIECES_MAX - offset) {
		pieces_give_back(pieces, key);
		return false;
	}
	if (room == NULL)
		room = take_room(pieces, key);
	room->touched = ++pieces->touches;
	/* What came first stays. */
	for (size_t i = 0; i < piece.len; i++) {
		if (has(room, offset + i))
			continue;
		room->at[offset + i] = piece.at[i];
		room->has[(offset + i) / WORD_BITS] |= (uint64_t)1
						       << (offset + i) % WORD_BITS;
	}
	while (room->whole < PIECES_MAX && has(room, room->whole))
		room->whole++;
	return true;
}

struct bytes pieces_whole(struct pieces *pieces, const struct room_key *key)
{
	const struct room *room = room_of(pieces, key);
	return room != NULL ? bytes_of(room->at, room->whole) : bytes_of(NULL, 0);
}

void pieces_give_back(struct pieces *pieces, struct room_key *key)
{
	struct room *room = room_of(pieces, key);
	if (room != NULL)
		room->touched = 0;
	*key = (struct room_key){ .has_room = false };
}
