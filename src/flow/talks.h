/*
 * talks.h: what flows say, put in order and given to the readers of src/protocol.
 *
 * A flow has a `conversation` from its first byte of payload on, as long as somebody
 * may know what it is, and a `talk`, which is larger, from when its protocol is known.
 * Bytes are kept only while a reader or a recogniser needs more: in a buffer of
 * OPENING_MAX bytes, or of TURN_MAX where the protocol asks for more.  All come from
 * slabs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "flow/body.h"
#include "flow/slab.h"
#include "protocol/feed.h"

enum {
	TALKS_BUFFERS =
		32768, /* small ones; all in use: nothing is kept for the next */
	TALKS_LARGE = 512,
	TALKS_SEGMENTS = 2, /* of a side, remembered to see them sent again changed */
	UNANSWERED_MAX = 4, /* datagrams, and nobody knows it: it is given up */
	NDPI_PER_SECOND =
		100,         /* openings offered in the long run: 0.1 % of a core ... */
	NDPI_AT_ONCE = 1000, /* ... and as many more after some quiet */
};

/* One side of a conversation. */
struct stream {
	uint32_t next;              /* TCP: sequence number of the next byte in order */
	uint32_t buffer;            /* number in a slab, from 1; 0: none */
	uint16_t len;               /* bytes kept */
	uint16_t far_from, far_len; /* a piece that came early: behind what is kept */
	uint8_t is_large : 1, has_begun : 1;
	uint8_t is_dropping : 1; /* until its next turn */
	uint8_t has_gap : 1;     /* not yet told */
	uint8_t is_lost : 1;     /* bytes of it, since it was last read */
	uint8_t first_cut : 1;   /* more was said in its first turn than is kept */
	uint8_t first_over : 1;  /* its first turn is complete */
	uint8_t may_begin : 1;   /* of what is kept: it is the begin of a turn */
	uint8_t next_segment;
};

/* TCP: what a segment was. */
struct segment_seen {
	uint32_t seq, len, sum;
};

/* A datagram needs the first cache line only. */
struct conversation {
	const struct protocol *named; /* first one recognised */
	uint32_t talk; /* number in a slab, from 1; 0: not yet recognised */
	uint32_t answers, errors;
	uint32_t response_max_us; /* the body has its place */
	uint8_t first, last;      /* who spoke first and last; 2: nobody yet */
	uint8_t is_settled;
	uint8_t is_doubted : 2; /* bit per side: an acknowledgement moved it */
	uint8_t is_answered;    /* the server spoke it, too */
	uint8_t unanswered;     /* datagrams of one side, after its first */
	struct stream side[2];
	struct segment_seen seen[2][TALKS_SEGMENTS]; /* of each side */
	uint32_t before[2]; /* TCP: what next was before an acknowledgement moved it */
	candidates left;    /* while none is recognised */
	const char *stranger; /* nDPI's name for it, or NULL */
};

struct talks {
	uint32_t max; /* as many as bodies; 0: nobody listens */
	struct slab small, large;
	struct slab conversation, talk; /* as many as bodies */
	struct talk_room *room;
	struct talk_sink sink;
	uint32_t current; /* whose reader is at work */
	int64_t ndpi_second;
	uint32_t ndpi_left; /* that may be offered now */
	uint64_t unkept;    /* turns cut short because no buffer was free */
};

struct flows;
bool talks_init(struct talks *t, struct flows *f, uint32_t max);
void talks_fini(struct talks *t);
/* Bytes in use. */
uint64_t talks_memory(const struct talks *t);

/* A body begins: it will be listened to. */
void talks_begin(struct flows *f, struct body *b);

/* Payload of a flow that is listened to (body->listens). */
void talks_segment(struct flows *f, uint32_t number, const struct packet *p,
		   unsigned side);
void talks_datagram(struct flows *f, uint32_t number, const struct packet *p,
		    unsigned side);

/* The longest response of a flow, wherever it is. */
uint32_t *talks_response_max(const struct flows *f, struct body *b);

/* Nothing more will be said: what is still open is recognised or given up. */
void talks_settle(struct flows *f, uint32_t number);

/* The flow is forgotten. */
void talks_forget(struct flows *f, uint32_t number);

/* Of a body that talks. */
static inline struct conversation *conversation_of(const struct talks *t,
						   const struct body *b)
{
	uint32_t number = b->response_max_or_conversation;
	return (struct conversation *)(void *)slab_at(&t->conversation, number);
}

/* NULL: not yet recognised. */
static inline struct talk *talk_of(const struct talks *t, const struct conversation *c)
{
	return c->talk != 0 ? (struct talk *)(void *)slab_at(&t->talk, c->talk) : NULL;
}

/* NULL: not yet recognised, or not what a tunnel carries. */
static inline const struct protocol *talks_spoken(const struct talks *t,
						  const struct conversation *c)
{
	const struct talk *talk = talk_of(t, c);
	return talk != NULL ? talk->protocol : NULL;
}

/* True if the reader measures answers itself. */
static inline bool talks_times_answers(const struct talks *t, const struct body *b)
{
	const struct protocol *protocol =
		b->talks ? talks_spoken(t, conversation_of(t, b)) : NULL;
	return protocol != NULL && protocol->times_answers;
}

/* What was read, into the record. */
void talks_export(const struct flows *f, uint32_t number, struct flow_record *out);

/* evidence.c: what the sink of talks does. */
struct talk_sink evidence_sink(struct flows *f);
void evidence_recognised(struct flows *f, uint32_t number, const char *protocol,
			 int64_t at_us);
