/*
 * proving.h: the self-test: when it is made, and what comes of what its process
 * (guard/self_test.h) sends.
 *
 * Its packets take the way of all others, from the capture to the wall; its records are
 * given to detectors and decisions of their own, so that nothing of it is counted with
 * what strangers do, shown, or kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/home.h"
#include "cli/proven.h"
#include "config/config.h"
#include "guard/guard.h"
#include "record/record.h"

struct detect;
struct respond;

enum {
	PROVING_PAST = 16, /* records of a test may come long after it */
	PROVING_STALE = 3, /* intervals; a test that is older proves nothing */
};

struct proving_sink {
	void *self;
	/* To the wall. */
	void (*order)(void *self, enum wall_message_kind kind,
		      const struct wall_order *order);
	/* It has ended. actor: who asked for it. */
	void (*record)(void *self, const struct self_test_record *record,
		       const char *actor);
};

struct proving {
	struct guard *process;        /* NULL: see why_not */
	char why_not[GUARD_TEXT_MAX]; /* it could not start, or has ended; or "" */
	struct proving_sink sink;
	const struct config *config;
	const struct home *own;
	/* when; monotonic */
	int64_t period_us, next_us, begun_us;
	bool wants_xdp; /* since the start */
	/* the test that goes on */
	bool runs;
	unsigned round; /* PROVEN_ROUNDS: all have ended */
	unsigned draws; /* of addresses that somebody had */
	char actor[64];
	int64_t until_us; /* the round ends, or what was captured is waited for */
	struct self_test_order order;
	struct wall_order asked;
	struct proven_round rounds[PROVEN_ROUNDS];
	struct detect *detect;
	struct respond *respond;
	struct self_test_order past[PROVING_PAST];
	uint64_t drawn;
	/* what came of it */
	struct self_test_record last; /* no result: there was none yet */
	int64_t last_us, passed_us;   /* monotonic, < 0: before the machine's start;
					 0: none has */
};

/* Makes the process, before any thread, if the configuration wants tests. */
void proving_fork(struct proving *p, const struct config *config);
/* own: this machine's addresses; borrowed, as config. */
void proving_open(struct proving *p, const struct proving_sink *sink,
		  const struct home *own);
void proving_close(struct proving *p);
bool proving_is_pid(const struct proving *p, uint32_t pid);
bool proving_describe(struct proving *p, char text[static GUARD_TEXT_MAX]);

/* What tests of before a restart have proven still is: from the store in that folder.
 */
void proving_recall(struct proving *p, const char *folder);

/* A test now, or that which goes on; 0, or -EINVAL and why not in message. */
int proving_begin(struct proving *p, const char *actor, struct buf *message);
/* What is due. */
void proving_second(struct proving *p);

/* To wait for; -1: there is nothing. */
int proving_fd(const struct proving *p);
/* What the process tells.  True, once, if it has ended; text: how. */
bool proving_take(struct proving *p, char text[static GUARD_TEXT_MAX]);
/* The wall's answer to an order; false: it is none of the test's. */
bool proving_told(struct proving *p, const struct wall_told *told);

/* ---- records; true: it was the test's, and is nobody else's ---- */

bool proving_holds(const struct proving *p, const struct addr *addr);
/* Of its addresses, or by its link. */
bool proving_holds_flow(const struct proving *p, const struct flow_record *flow);
bool proving_contact(struct proving *p, const struct contact_record *contact);
bool proving_flow(struct proving *p, const struct flow_record *flow);
bool proving_port(struct proving *p, const struct port_record *port);
/* What XDP stopped no capture saw. */
bool proving_dropped(struct proving *p, const struct wall_dropped *dropped);
bool proving_evidence(const struct proving *p, const struct finding_record *evidence);
bool proving_unsolicited(const struct proving *p,
			 const struct unsolicited_record *unsolicited);

/* ---- what is known ---- */

/* Too long ago, or never since the start though it was due. */
bool proving_is_stale(const struct proving *p);
/* A member of the status object, with a comma; nothing where no tests are wanted. */
void proving_json(struct proving *p, struct buf *out);
