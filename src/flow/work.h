/*
 * work.h: one conversation at work, shared by talks.c, opening.c and stream.c; private
 * to them.
 */
#pragma once

#include <netinet/in.h>

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
static inline bool work_is_read(const struct work *w)
{
	return w->talk != NULL && w->talk->protocol != NULL;
}

static inline bool work_is_stream(const struct work *w)
{
	return w->b->proto == IPPROTO_TCP;
}

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
/* Most bytes that are kept of a turn. */
size_t work_turn_max(const struct talks *t, const struct conversation *c);

/* What is kept of a side: where, how much fits, and more of it. */
static inline uint8_t *stream_bytes(struct talks *t, const struct stream *s)
{
	return slab_at(s->is_large ? &t->large : &t->small, s->buffer);
}
size_t stream_room(const struct stream *s);
size_t stream_make_room(struct talks *t, struct stream *s, size_t need, size_t max);
size_t stream_keep(struct talks *t, const struct conversation *c, struct stream *s,
		   const uint8_t *at, size_t len);
void stream_free(struct talks *t, struct stream *s);
static inline void stream_forget(struct talks *t, struct stream *s)
{
	if (s->buffer != 0)
		stream_free(t, s);
	s->len = s->far_len = 0;
}

/* That side speaks: if the other did before, a turn begins. */
static inline void work_turn_to(struct work *w, unsigned side)
{
	struct conversation *c = w->c;
	struct stream *s = &c->side[side];
	if (c->last == side)
		return;
	c->last = (uint8_t)side;
	s->may_begin = s->len == 0;
	if (s->is_dropping) {
		s->is_dropping = 0;
		s->has_gap = 1;
		s->may_begin = 1;
	}
}

/* opening.c: bytes of a conversation that is not yet recognised. */
void opening_add(struct work *w, unsigned side, struct bytes data, size_t beyond);
/* True if it is recognised now, or given up. */
bool opening_decide(struct work *w);
