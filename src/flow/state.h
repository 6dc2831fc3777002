/*
 * state.h: everything one worker knows; private to the room.
 */
#pragma once

#include "flow/amplification.h"
#include "flow/anomaly.h"
#include "flow/body.h"
#include "flow/contacts.h"
#include "flow/flow.h"
#include "flow/holes.h"
#include "flow/links.h"
#include "flow/networks.h"
#include "flow/services.h"
#include "flow/sources.h"
#include "flow/table.h"
#include "flow/talks.h"
#include "flow/trail.h"
#include "flow/unsolicited.h"

enum {
	/* A body is looked at again at the latest after this many slots of 2^20 us. */
	WHEEL_SLOTS = 8,
	WHEEL_REACH = 5,
	WHEEL_SHIFT = 20,
};

#define SECOND_US 1000000LL

struct flows {
	struct flow_options options;
	struct flow_sink sink;
	struct table table;
	struct holes *holes;
	struct services *services;
	struct sources *sources;
	struct links links;
	struct talks talks;
	struct trail trail;
	struct anomalies anomalies;
	struct contacts contacts;
	struct unsolicited unsolicited;
	struct networks networks;
	struct amplifications amplifications;
	struct flow_stats stats;
	int64_t now_us;              /* newest time seen; INT64_MIN before the first */
	int64_t second_us;           /* begin of the second being counted */
	int64_t due_us;              /* when time has something to do next */
	int64_t slot;                /* timer slots up to this one are done */
	uint32_t wheel[WHEEL_SLOTS]; /* first body of each slot's list */
	uint32_t clock_hand;         /* where the search for a body to evict goes on */
};

/* Somebody reads records of that kind. */
static inline bool flows_wants(const struct flows *f, enum record_kind kind)
{
	return f->sink.record != NULL && (f->options.wants >> kind & 1) != 0;
}

/* Endpoint states of a body, unpacked. */
static inline enum endpoint_state body_state(const struct body *b, unsigned side)
{
	return side == CLIENT ? b->state0 : b->state1;
}

static inline enum endpoint_state body_before(const struct body *b, unsigned side)
{
	return side == CLIENT ? b->before0 : b->before1;
}

static inline bool body_closed(const struct body *b, unsigned side)
{
	return side == CLIENT ? b->closed0 : b->closed1;
}

static inline bool body_fin(const struct body *b, unsigned side)
{
	return side == CLIENT ? b->fin0 : b->fin1;
}

/* What identifies the flow of a packet besides its addresses. */
struct keyed {
	uint64_t hash;
	uint16_t sport, dport; /* ICMP: type and counterpart, or code */
	bool one_way;          /* ICMP without a counterpart: no other direction */
	uint32_t guess;        /* what table_prefetch() took it for */
};

enum {
	FLOWS_EMBRYO_US = 5 * 1000000,
	FLOWS_SILENCE_US = 300 * 1000000, /* nothing lives longer without a packet */
};

static inline int64_t embryo_deadline(const struct embryo *e)
{
	return embryo_start(e) + FLOWS_EMBRYO_US;
}

/* clock.c */
/* flows_tick() for every packet: for nearly all there is nothing to do. */
static inline void flows_time(struct flows *f, int64_t at_us)
{
	if (at_us >= f->due_us || f->now_us == INT64_MIN)
		flows_tick(f, at_us);
	else if (at_us > f->now_us)
		f->now_us = at_us;
}

/* Gives what the running second brought; it is now_us. */
void flows_flush_second(struct flows *f, int64_t now_us);
extern const char flows_shutdown[]; /* the reason of flows_finish() */
void flows_emit_body(struct flows *f, const struct body *b, const char *reason);
void flows_emit_aggregate(struct flows *f, const struct aggregate *a);
void flows_collect_aggregates(struct flows *f, int64_t before_us);
int64_t flows_deadline(const struct body *b);
const char *flows_end_reason(const struct body *b);
/*
 * Counts how a flow ended for its service, as soon as that is clear: a TCP connection
 * when it is closed, another when it is rejected, the rest when they are forgotten.
 * cut_off: we stopped looking, so what had no answer yet might have had one.
 */
void flows_count_end(struct flows *f, const struct body *b, bool cut_off);
/*
 * Ends a flow with a record.  Its body stays in the timers' list and is freed when they
 * come by: a list in one direction can't let go of its middle.
 */
void flows_end_body(struct flows *f, uint32_t number, const char *reason);
/* The same for a half-open one, which is free at once. reason NULL: without a record.
 */
void flows_end_embryo(struct flows *f, uint32_t ref, const char *reason);
void flows_schedule(struct flows *f, uint32_t number, int64_t slot);

/* begin.c */
void flows_begin(struct flows *f, const struct packet *p, const struct keyed *k);
/* The half-open flow gets a body, whose number is returned. */
uint32_t flows_promote(struct flows *f, uint32_t ref, const struct keyed *k);
/* A SYN that an embryo can describe. */
bool tcp_is_plain_syn(const struct packet *p);
/* An acknowledgement, or one with FIN, and nothing else. */
bool tcp_is_bare(const struct packet *p);

/* flows.c: counts the packet for its flow and moves the flow on. */
void flows_update(struct flows *f, uint32_t number, const struct packet *p,
		  unsigned side);

/* tcp.c: one segment of the side; moves states, history and meters. */
void tcp_segment(struct flows *f, uint32_t number, const struct packet *p,
		 unsigned side);

/* connection.c */
/* True if this SYN begins another connection with the same addresses and ports. */
bool tcp_is_reuse(const struct body *b, const struct packet *p);

/* When nothing more is expected of a TCP connection. */
int64_t tcp_deadline(const struct body *b);

/* Payload octets by sequence numbers, as Zeek's orig_bytes and resp_bytes. */
uint64_t tcp_size(const struct body *b, unsigned side);

/* A turn of the client ended now; the server answered it now: one response time. */
void body_asked(struct body *b);
void body_answered(struct flows *f, struct body *b);
void body_note_answer(struct flows *f, struct body *b, uint32_t took);

/* export.c: records of what is known. reason is static text. */
void export_body(const struct flows *f, const struct body *b, const char *reason,
		 struct flow_record *out);
void export_embryo(const struct flows *f, const struct embryo *e, const char *reason,
		   struct flow_record *out);
void export_aggregate(const struct flows *f, const struct aggregate *a,
		      struct flow_record *out);
/* The name of the interface of that link, if it is known. */
void export_iface(const struct flows *f, uint16_t link, field_text32 out);
