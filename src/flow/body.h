/*
 * body.h: what is kept of a flow; private to the room.
 *
 * Memory is the design.  A SYN that nobody has answered is an `embryo` of 56
 * bytes; anything else is a `body` of 184.  With its share of the index (7 bytes
 * at the load the table is sized for) that is 63 and 191 bytes.  Counters are
 * bit-fields wide enough for years: 2^48 bytes, 2^40 packets.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "flow/packet.h"
#include "protocol/talk.h"

/* States of a TCP endpoint, in the sense and with the names of Zeek. */
enum endpoint_state {
	ENDPOINT_INACTIVE,
	ENDPOINT_SYN_SENT,
	ENDPOINT_SYN_ACK_SENT,
	ENDPOINT_PARTIAL, /* traffic, but its begin was not seen */
	ENDPOINT_ESTABLISHED,
	ENDPOINT_CLOSED, /* sent a FIN */
	ENDPOINT_RESET,  /* sent a RST */
};

/* One direction: what this side sent. */
struct side {
	uint64_t bytes : 48, zero_windows : 16; /* IP bytes */
	uint64_t packets : 40, retransmits : 24;
	/* TCP: highest octet sent, relative to start_seq, SYN and FIN counted.
	 * Others: payload bytes. */
	uint64_t top : 48, out_of_order : 16;
	/* Initial sequence number, or as if there had been one; highest acknowledgement
	 * of it from the other side. UDP: bytes and packets in amplification.c. */
	uint32_t start_seq, acked;
};

struct flow_key {
	struct addr addr[2]; /* client, server */
	uint16_t port[2];
};

struct body {
	struct flow_key key;
	uint32_t next; /* in the timer slot, or in the free list */
	uint32_t proto : 8;
	uint32_t state0 : 3, state1 : 3;   /* enum endpoint_state of client, server */
	uint32_t before0 : 3, before1 : 3; /* and what it was before */
	uint32_t closed0 : 1, closed1 : 1; /* the side is done, all its data seen */
	uint32_t fin0 : 1, fin1 : 1;
	uint32_t acks : 2, datas : 2; /* history has A/a, D/d: bit per side */
	uint32_t partial : 1;         /* its begin was not seen */
	uint32_t holes : 2;           /* bit per side: there is a record in holes.c */
	uint32_t one_way : 1;         /* ICMP without counterpart */
	uint16_t service;             /* in services.c */
	uint16_t link;                /* interface, VLANs and tunnel, in links.c */
	uint64_t start_us : 56;       /* Unix time */
	uint64_t turn_open : 1;       /* client spoke, server has not answered */
	uint64_t mark : 1;            /* a round trip is being timed */
	uint64_t mark_side : 1;       /* who sent the marked segment */
	uint64_t rejected : 1;        /* RST to SYN, or ICMP unreachable */
	uint64_t ending : 1;          /* turn_at holds when to forget it */
	uint64_t handshaken : 1;
	uint64_t syn_again : 1; /* SYN or SYN-ACK was sent twice (Karn) */
	uint64_t live : 1;      /* 0: ended, or never begun */
	uint64_t last_us : 48;  /* relative to start */
	uint64_t gaps0 : 7, gaps1 : 7;
	uint64_t listens : 1; /* what it says is read, or will be */
	uint64_t talks : 1;   /* it has a conversation in talks.c */
	struct side side[2];
	uint32_t srtt0 : 24, flags0 : 8; /* round trip to the client; its TCP flags */
	uint32_t srtt1 : 24, flags1 : 8; /* to the server */
	uint32_t handshake_us;
	uint32_t turn_at;           /* low 32 bits of us, as mark_at */
	uint32_t mark_seq, mark_at; /* after a RST: its sequence number */
	uint64_t responses : 24, response_sum_us : 40;
	/* Longest response; a flow that talks has it in its conversation, whose number
	 * (in talks.h) this is. */
	uint32_t response_max_or_conversation;
	uint32_t lost_bytes;
	uint64_t history[2]; /* packed letters, history.c */
};
_Static_assert(sizeof(struct body) == 184, "a body is 184 bytes");

struct embryo {
	struct flow_key key;
	uint32_t seq;
	uint64_t start_us : 56, packets : 8; /* SYNs, all alike; 0: no longer in use */
	uint32_t last_us : 24, ip_len : 8;   /* last: relative to start */
	uint16_t service, link;
};
_Static_assert(sizeof(struct embryo) == 56, "an embryo is 56 bytes");

/* A time as it fits the 56 bits of start_us. */
#define TIME56(at_us) ((uint64_t)((at_us) < 0 ? 0 : (at_us)) & 0xffffffffffffff)

static inline int64_t embryo_start(const struct embryo *e)
{
	return (int64_t)e->start_us;
}

static inline int64_t body_start(const struct body *b)
{
	return (int64_t)b->start_us;
}

static inline void body_set_start(struct body *b, int64_t at_us)
{
	b->start_us = TIME56(at_us);
}

static inline int64_t body_last(const struct body *b)
{
	return body_start(b) + (int64_t)b->last_us;
}

/*
 * The flow's time: that of its newest packet.  Stamps of two queues can run backwards,
 * and no time that is measured may.
 */
static inline uint32_t body_now32(const struct body *b)
{
	return (uint32_t)body_last(b);
}

static inline void body_touch(struct body *b, int64_t at_us)
{
	if (at_us > body_last(b))
		b->last_us = (uint64_t)(at_us - body_start(b)) & 0xffffffffffff;
}

static inline uint32_t side_last_seq(const struct side *s)
{
	return s->start_seq + (uint32_t)s->top;
}

/* A sequence number of this side, relative and widened; negative: before its begin. */
static inline int64_t side_relative(const struct side *s, uint32_t seq)
{
	return (int64_t)s->top + (int32_t)(seq - side_last_seq(s));
}

static inline bool body_is_answered(const struct body *b)
{
	return b->side[CLIENT].packets > 0 && b->side[SERVER].packets > 0;
}

/* Adds n to a bit-field counter of `bits` bits; stays at its top when full. */
#define SATURATE(counter, n, bits)                                                     \
	((counter) = saturated((counter), (uint64_t)(n), (1ULL << (bits)) - 1) &       \
		     ((1ULL << (bits)) - 1))

static inline uint64_t saturated(uint64_t counter, uint64_t n, uint64_t top)
{
	return __builtin_expect(n > top - counter, 0) ? top : counter + n;
}
