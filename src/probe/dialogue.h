/*
 * dialogue.h: a conversation in a protocol's words; private to this room, see asked.h.
 */
#pragma once

#include "base/buf.h"
#include "protocol/ask.h"
#include "protocol/feed.h"

struct asked;

/* A conversation: only for those that talk, and from when they do. */
struct dialogue {
	struct ask ask;
	struct question question; /* the target's, with addresses and nonce */
	struct buf unread; /* said by the server, not yet taken by the dialogue */
	struct talk talk;  /* for the protocol's reader; what it tells, nobody hears */
	struct buf untold[2]; /* of each side: not yet taken by the reader */
	struct addr ends[2];
	uint16_t ports[2];
	unsigned spoke_last; /* 2: nobody yet */
	bool reader_is_done;
};

/* Makes a->dialogue and calls the first step; false without memory (judged).  Doubtful:
 * with somebody whose certificate is not good. */
bool dialogue_begin(struct asked *a, bool is_doubtful);
/* The server said this (at NULL: it has ended). */
void dialogue_take(struct asked *a, const uint8_t *at, size_t len);
/* Nothing came for as long as it wanted to wait. */
void dialogue_quiet(struct asked *a);
/* TLS is up: the next step. */
void dialogue_in_tls(struct asked *a, bool is_doubtful);
/* Does it, or would it, say more to somebody doubtful? */
bool dialogue_bears_doubt(const struct asked *a);
/* What is to be sent; the caller sends it and then calls dialogue_sent(). */
struct bytes dialogue_out(struct asked *a);
const char *dialogue_expects(const struct asked *a); /* for people; or "" */
void dialogue_sent(struct asked *a);
/* Nothing more will be said: the facts into the record. */
void dialogue_end(struct asked *a);
void dialogue_free(struct asked *a);
