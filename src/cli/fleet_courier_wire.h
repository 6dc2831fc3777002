/*
 * fleet_courier_wire.h: what the daemon and the courier say to each other; private to
 * the files fleet_courier*.c.  One of them may have been taken over: each judges what
 * it is told.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/courier.h"
#include "guard/guard.h"

enum { FLEET_PIECE_MAX = 1600 };

/* Bytes that may be longer than one message: pieces, in order. */
struct fleet_piece {
	uint32_t len, at, total; /* this piece, where, and all */
	uint32_t zero;
	uint64_t id;
	char bytes[FLEET_PIECE_MAX];
};

/* To the courier: a piece of a question. */
struct fleet_question {
	struct fleet_piece piece;
};
_Static_assert(sizeof(struct fleet_question) <= GUARD_EVENT_MAX, "one datagram");

enum fleet_event_kind {
	FLEET_COUNTS = 1,
	FLEET_CONNECTED,
	FLEET_ANSWER, /* a piece of one */
	FLEET_NOBODY, /* answered piece.id */
	FLEET_NEWS,   /* a piece of them */
	FLEET_SERVERS,
};

struct fleet_event {
	uint32_t kind, zero;
	union {
		struct courier_counts counts;
		struct fleet_piece piece;
		struct server_addresses servers;
	};
};
_Static_assert(sizeof(struct fleet_event) <= GUARD_EVENT_MAX, "one datagram");

/* False if these bytes are nothing that ours sends. */
bool fleet_question_parse(const void *bytes, size_t len, struct fleet_question *out);
bool fleet_event_parse(const void *bytes, size_t len, struct fleet_event *out);

/* The piece that begins there. */
void fleet_piece_cut(struct fleet_piece *out, uint64_t id, const struct buf *all,
		     size_t at);

/* Pieces put together again. */
struct fleet_pieces {
	uint64_t id;
	struct buf all;
};
/*
 * True when it is whole, in pieces->all.  A piece that does not go on where the one
 * before ended is of something that was given up.
 */
bool fleet_pieces_add(struct fleet_pieces *pieces, const struct fleet_piece *piece);

/* The process' task; setup is borrowed for good. */
struct fleet_courier_setup;
struct guard_task fleet_courier_task(const struct fleet_courier_setup *setup);
