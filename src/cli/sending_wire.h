/*
 * sending_wire.h: what the daemon and the sender say to each other; private to the
 * files sending*.c.  One of them may have been taken over: each judges what it is told.
 */
#pragma once

#include "cli/sending.h"

enum {
	SENDING_PIECE_MAX = 1600,
	SENDING_ERROR_MAX = 256,
	SENDING_SAID_MAX = 1024,
};

enum sending_kind {
	SENDING_NOTICE = 1, /* a piece of one, in order */
	SENDING_RELOAD,
};

struct sending_message {
	uint32_t kind;
	uint32_t len, at, total; /* of the notice as JSON: this piece, where, and all */
	uint64_t id;
	char sink[SPOOL_NAME_MAX];
	char bytes[SENDING_PIECE_MAX];
};
_Static_assert(sizeof(struct sending_message) <= GUARD_EVENT_MAX, "one datagram");

enum sending_event_kind {
	SENDING_TAKEN = 1, /* it is on disk, or known already */
	SENDING_REFUSED,   /* it could not be kept */
	SENDING_RESULT,
	SENDING_STATE,
	SENDING_SAID, /* for a person */
};

enum sending_state { SENDING_SENT, SENDING_FAILED, SENDING_DROPPED, SENDING_STATES };

struct sending_event {
	uint32_t kind;
	uint32_t state; /* of SENDING_RESULT: enum sending_state */
	uint64_t id;
	int64_t at_us;
	uint64_t latency_us;
	uint32_t tries, incidents;
	char sink[SPOOL_NAME_MAX], key[SPOOL_NAME_MAX], reason[SPOOL_REASON_MAX];
	char incident[SPOOL_NAME_MAX];
	field_text256 others;
	char text[SENDING_SAID_MAX]; /* the error, or what is said */
	struct spool_counts counts;  /* of each */
};
_Static_assert(sizeof(struct sending_event) <= GUARD_EVENT_MAX, "one datagram");

/* False if these bytes are nothing that ours sends. */
bool sending_message_parse(const void *bytes, size_t len, struct sending_message *out);
bool sending_event_parse(const void *bytes, size_t len, struct sending_event *out);

/* The process' task; setup is borrowed for good.  sinks: as they are now. */
struct guard_task sending_task(const struct sending_setup *setup,
			       const struct sink_list *sinks);
