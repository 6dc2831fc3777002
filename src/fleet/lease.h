/*
 * lease.h: which of the hubs leads: who holds one key of the bucket, and renews it in
 * time (link_put() with the revision that it knows).
 *
 * No I/O, no clock: now_us is the caller's own monotonic time.  Clocks of two machines
 * are never compared: who waits counts from when it saw the key change, which is after
 * who holds it had asked for that.  So a leader that counts from its asking, and stops
 * sooner than others begin, is alone, however late messages are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LEASE_KEY      "lead"
#define LEASE_RENEW_US INT64_C(2000000) /* it is asked for again after so long ... */
#define LEASE_HOLD_US                                                                  \
	INT64_C(4500000)               /* ... held so long after it was asked for ...  \
					*/
#define LEASE_LOST_US INT64_C(6000000) /* ... and given to another one after that */
#define LEASE_LOOK_US INT64_C(1000000) /* how often who waits looks at it */

struct lease {
	uint64_t revision;  /* of the key, as last seen; 0: there is none */
	int64_t changed_us; /* when that was seen to change; INT64_MIN: never looked */
	int64_t held_us;    /* when what holds was asked for; INT64_MIN: it does not */
	int64_t next_us;    /* when there is something to do */
	bool must_look;     /* what was put last may be there, or not */
};

void lease_init(struct lease *lease);

enum lease_step {
	LEASE_WAIT, /* nothing is due */
	LEASE_LOOK, /* link_get(), then lease_saw() */
	LEASE_PUT,  /* link_put() with lease->revision, then lease_was_put() */
};
enum lease_step lease_next(const struct lease *lease, int64_t now_us);
/* How long there is nothing to do. */
int64_t lease_wait_us(const struct lease *lease, int64_t now_us);

/* What is in the bucket, revision 0: nothing; is_own: this process has put it there. */
void lease_saw(struct lease *lease, uint64_t revision, bool is_own, int64_t now_us);
/* The bucket can't be asked now. */
void lease_saw_nothing(struct lease *lease, int64_t now_us);
/*
 * Of link_put(): its result, the new revision, when it was asked for, and now.  Of one
 * that is not known to be stored it is looked what is there.
 */
void lease_was_put(struct lease *lease, int result, uint64_t revision, int64_t asked_us,
		   int64_t now_us);
/*
 * It is not wanted any more; true if the key is still ours to remove: of that revision
 * only, as another one may hold it before it is removed.
 */
bool lease_give_up(struct lease *lease, int64_t now_us, uint64_t *revision);

bool lease_leads(const struct lease *lease, int64_t now_us);
