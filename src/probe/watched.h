/*
 * watched.h: what rounds.c keeps of each target, and how rounds_group.c and
 * rounds_heartbeat.c share it; private to these.
 */
#pragma once

#include "base/deadlines.h"
#include "probe/recording.h"
#include "probe/rounds.h"

enum { HEADS = 1 << 14 };

struct watched {
	struct deadline due; /* first: what the deadlines point to */
	struct target target;
	struct target *renewed; /* in its place once its answer has come; or NULL */
	struct round_rules rules;
	struct health health;
	int64_t meant_us;
	uint64_t missed; /* since the last one that was asked */
	bool in_flight;
	bool is_behind; /* a parent that is down: so is what is behind it */
	bool is_out;    /* it is down, in maintenance: its hard state does not say so */
	bool is_wanted; /* of the set that is being given */
	bool is_own;    /* beside the set */
	struct round_proof proof; /* since the last round */
	struct recording recording;
	uint32_t proven;    /* rounds in a row that traffic answered for */
	struct addr ip;     /* that was asked last */
	const char *reason; /* of the last answer */
	/* Of one that stands for several. */
	struct watched **members;
	uint32_t member_count;
	/* Of a member: by how many it is held, and whom its answers concern first. */
	uint32_t held;
	struct watched *group;
	struct heartbeat *beat; /* owned; of a target that is one; or NULL */
	struct rounds *rounds;
	struct watched *parent; /* NULL: none, or none of that name */
	uint32_t chain;         /* next with the same hash, number + 1 */
};

struct rounds {
	struct prober *prober;
	struct deadlines due;
	struct watched **all;
	uint32_t count, size;
	bool has_unwanted; /* that were in flight when the others went, and are not */
	uint32_t heads[HEADS]; /* number + 1 of the first with that hash; 0: none */
	round_done done;
	void *to;
	struct windows maintenance;
	struct maintenance maintained;
	bool is_held;            /* as the latter is not known yet */
	round_recorded recorded; /* NULL: nobody wants to know */
	struct recording_budget budget;
	struct rounds_stats stats;
	int64_t lag_second; /* whose most is being found */
	uint64_t lag_us;
};

/* ---- rounds.c ---- */

struct watched *watched_find(const struct rounds *rounds, const char *text);
/* NULL without memory; the target is taken over all the same. */
struct watched *watched_add(struct rounds *rounds, struct target *target,
			    const struct round_rules *rules);
/* The same text, and perhaps another password.  What is in flight is borrowed. */
bool watched_renew(struct watched *w, struct target *target);

/* How often it is asked, or says something. */
int64_t watched_interval_us(const struct watched *w);
/* What it says goes into its history, and out. */
void watched_conclude(struct watched *w, struct probe_record *told);

static inline bool watched_is_heartbeat(const struct watched *w)
{
	return w->target.kind == TARGET_HEARTBEAT;
}

static inline bool watched_is_kept(const struct watched *w)
{
	return w->is_wanted || w->held > 0 || w->in_flight;
}

/* ---- rounds_group.c: targets that stand for several ---- */

/* Its members are those that are found now; none, where there are none to be found. */
void group_renew(struct watched *group, bool has_members);
/* Groups that go hold nobody any more. */
void groups_release(struct rounds *rounds);
/* What its members' states come to; false: some have not been asked yet. */
bool group_sum(const struct watched *group, struct probe_record *told);

/* ---- rounds_heartbeat.c ---- */

/* It is waited for from now on; false without memory.  Of another target: true. */
bool heartbeat_begin(struct watched *w, int64_t now_us);
/* When it is looked at next. */
void heartbeat_plan(struct watched *w);
/* What it said, or did not, is told. */
void heartbeat_tell(struct watched *w);
