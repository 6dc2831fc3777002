/*
 * work.h: one conversation at work, shared by talks.c, opening.c and stream.c; private
 * to them.
 */
#pragma once

#include "flow/talks.h"

struct work {
	struct flows *f;
	struct body *b;
	struct conversation *c;
	struct talk *talk; /* NULL: not yet recognised */
	uint32_t number;
	int64_t at_us;
};

struct work work_of(struct flows *f, uint32_t number, int64_t at_us);

/* Its protocol is known, and its reader reads. */
bool work_is_read(const struct work *w);
bool work_is_stream(const struct work *w);

/* Nobody reads on; what was read stays until the flow ends. */
void work_stop(struct work *w);
void work_name(struct work *w, const struct protocol *protocol);

/* Bytes of that side that come next; beyond: as many more came and are not given. */
void work_take(struct work *w, unsigned side, struct bytes data, size_t beyond);
/* Lets the reader read all that is unread; fresh of it, at the end, is new. */
void work_read(struct work *w, unsigned side, struct bytes data, size_t fresh,
	       size_t beyond, bool ends);
/* Takes what the reader need not be given off the front. */
void work_skip(struct work *w, unsigned side, struct bytes *data, size_t *beyond);
/* That side speaks: if the other did before, a turn begins. */
void work_turn_to(struct work *w, unsigned side);
bool work_believes(struct talks *t, const struct packet *p);
/* Most bytes that are kept of a turn. */
size_t work_turn_max(const struct talks *t, const struct conversation *c);

/* What is kept of a side: where, how much fits, and more of it. */
uint8_t *stream_bytes(struct talks *t, const struct stream *s);
size_t stream_room(const struct stream *s);
size_t stream_make_room(struct talks *t, struct stream *s, size_t need, size_t max);
size_t stream_keep(struct talks *t, const struct conversation *c, struct stream *s,
		   const uint8_t *at, size_t len);
void stream_forget(struct talks *t, struct stream *s);

/* opening.c: bytes of a conversation that is not yet recognised. */
void opening_add(struct work *w, unsigned side, struct bytes data, size_t beyond);
/* True if it is recognised now, or given up. */
bool opening_decide(struct work *w);
