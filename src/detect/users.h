/*
 * users.h: how the real clients of probed services fare, by their connections of the
 * last minute.  Private to the room.
 */
#pragma once

#include "base/hash.h"
#include "record/reason.h"
#include "record/record.h"

enum {
	USERS_BUCKETS = 512,
	USERS_WAYS = 8, /* targets whose services share a bucket */
	USERS_SLOTS = 12,
	USERS_SOURCES = 4, /* remembered of those that failed */
};
#define USERS_SLOT_US   5000000LL
#define USERS_WINDOW_US (USERS_SLOTS * USERS_SLOT_US)

enum users_outcome {
	USERS_NONE, /* says nothing: a client that only came and went */
	USERS_WELL,
	USERS_REJECTED,
	USERS_UNANSWERED,
	USERS_RESET,  /* by the server, before it answered */
	USERS_ERRORS, /* all that it answered were errors */
	USERS_OUTCOMES
};

/* Connections by outcome. */
struct users_sum {
	uint32_t by[USERS_OUTCOMES];
};

/* Of one target. */
struct users {
	char target[256]; /* "": unused */
	const char *transport;
	struct addr ip; /* where the service listens, if it is ours; else its address */
	uint32_t port;
	/* What the last probe said that asked. */
	enum probe_state state;
	uint64_t total_us;
	int64_t asked_us;
	struct users_sum slots[USERS_SLOTS];
	int64_t slot; /* number of the newest: time by USERS_SLOT_US */
	struct {
		struct addr ip;
		int64_t at_us;
	} failing[USERS_SOURCES];
	uint64_t connect_us, first_byte_us; /* of the last that went well */
	bool was_well;                      /* one, since that was last told */
	bool fails;                         /* too many, as it was last told */
	bool disagrees;                     /* there is a finding */
	uint64_t failed, told_failed; /* since it is asked; of those, in the finding */
	int64_t told_us;
};

struct users_table {
	uint32_t count;
	struct users at[USERS_BUCKETS][USERS_WAYS];
};

enum users_outcome users_outcome(const struct flow_record *flow);

void users_add(struct users *users, const struct flow_record *flow,
	       enum users_outcome outcome);
/* Of the newest slots up to that time; USERS_SLOTS: all. */
struct users_sum users_sum(const struct users *users, int64_t now_us, unsigned slots);
uint32_t users_total(const struct users_sum *sum);
uint32_t users_failures(const struct users_sum *sum);
/* Distinct sources that failed within the window, at most USERS_SOURCES. */
unsigned users_failing_sources(const struct users *users, int64_t now_us);
