/*
 * change.h: a person changes what is blocked already.  Private to the room.
 */
#pragma once

#include "respond/inside.h"

struct buf;

/* What it was before a change that waits to be confirmed. */
struct before {
	int64_t until_us, span_us;
	char *actor, *reason; /* owned */
	uint32_t rate;
	bool by_hand;
};

/* Until when a person over the network must have confirmed. */
int64_t confirm_by(const struct respond *respond);
/* The one in force that stops the same packets by the same action; NULL: none. */
struct block *change_same(const struct respond *respond, const struct block *asked);
/* "until ... by root" */
void change_describe(const struct respond *respond, const struct block *block,
		     struct buf *out);
/* False without memory: nothing has changed. */
bool change_make(struct respond *respond, struct block *block,
		 const struct respond_asked *by, const struct block *asked);
/* False if there is nothing to come back to. */
bool change_undo(struct respond *respond, struct block *block);
/* When the kernel is to end it. */
int64_t change_end(const struct block *block);
/* NULL without memory. */
struct before *change_before(int64_t until_us, int64_t span_us, const char *actor,
			     const char *reason);
void change_forget(struct block *block);

/* ---- in the table of blocks ---- */

/* The newest of those in force. */
void blocks_renew(struct blocks *blocks, struct block *block);
/* Other words; NULL: the same reason.  False without memory: then they stay. */
bool blocks_say(struct block *block, const char *actor, const char *reason);
