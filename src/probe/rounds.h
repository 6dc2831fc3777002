/*
 * rounds.h: asks many targets again and again, each in its own time.
 *
 * When a target is asked depends on its own text and interval only, so that many spread
 * over time, and a restart changes nothing.  Time is CLOCK_MONOTONIC: a clock that is
 * set moves nothing.  What could not be asked when it was due is asked as soon as it
 * can be, and says how late; of several that were missed only the last is asked, the
 * others are counted.
 */
#pragma once

#include "base/window.h"
#include "probe/health.h"
#include "probe/heartbeat.h"
#include "probe/maintenance.h"
#include "probe/probe.h"

struct rounds;

struct round_rules {
	uint32_t interval_s;
	uint32_t retry_s;     /* while its last result is not its hard state */
	uint32_t passive_max; /* rounds in a row that traffic may answer for; 0: none */
	struct health_rules health;
	struct probe_limits limits;   /* of a target that has none of its own */
	struct windows maintenance;   /* its own */
	char parent[TARGET_TEXT_MAX]; /* what it is reached through, as written; or ""
				       */
};

struct rounds_stats {
	uint64_t asked, answered, missed; /* since the start */
	uint64_t by_traffic;              /* not asked, as its clients were served */
	uint64_t lag_us; /* most a probe was late, of the last second */
	uint32_t targets, in_flight;
};

/*
 * Called with the record complete: hard state, since, flapping, maintenance and missed
 * are set.  A target that goes is told once more, without a state.
 */
typedef void (*round_done)(void *to, const struct probe_record *record);

/*
 * From now on what the flight recorder has of probes that failed is told, behind
 * round_done: the first of a series with the same reason, then one in ten minutes, and
 * never many at a time.
 */
struct failure;
typedef void (*round_recorded)(void *to, const struct failure *failure);
void rounds_record(struct rounds *rounds, round_recorded recorded);

struct rounds *rounds_new(round_done done, void *to);
void rounds_free(struct rounds *rounds);

/*
 * Targets are given as a set, again when it changes: between begin and end every one is
 * added; those that were there before keep their state, those not added again go, when
 * their answer has come.  rounds_add() takes the target over, also if it fails; false
 * without memory.
 */
void rounds_begin_set(struct rounds *rounds);
bool rounds_add(struct rounds *rounds, struct target *target,
		const struct round_rules *rules);
void rounds_end_set(struct rounds *rounds);

/* Nobody has asked since then, by CLOCK_MONOTONIC: what was due until now is missed. */
void rounds_missed_since(struct rounds *rounds, int64_t since_us);

/* When all are in maintenance, besides their own times; copied. */
void rounds_set_maintenance(struct rounds *rounds, const struct windows *windows);
/*
 * Beside the set: targets that nobody named.  One with the same text that was named
 * stands above it; of one that is there already, the rules.  rounds_add_own() takes the
 * target over, as rounds_add() does.
 */
bool rounds_add_own(struct rounds *rounds, struct target *target,
		    const struct round_rules *rules);
void rounds_drop_own(struct rounds *rounds, const char *text);

/* What its clients' connections say of a target, since that was last told. */
struct round_proof {
	uint64_t connect_us, first_byte_us; /* of one that went well; or unknown */
	uint8_t is_well;                    /* one did */
	uint8_t fails; /* too many did not: it is asked, whatever went well */
};
/* Of the target with that text; of none: nothing. */
void rounds_prove(struct rounds *rounds, const char *text,
		  const struct round_proof *proof);

/*
 * Those that somebody has in maintenance, besides; copied.  NULL: that is not known,
 * and nothing is asked or judged until it is.
 */
void rounds_maintain(struct rounds *rounds, const struct maintenance *maintenance);

/* Heartbeats hear that; false if it is said of none, or by one who may not. */
bool rounds_push(struct rounds *rounds, const struct heartbeat_push *push);

/* For what is to be asked beside: its answers come in rounds_run(), too. */
struct prober *rounds_prober(const struct rounds *rounds);

/* Asks what is due and deals with what has come. */
void rounds_run(struct rounds *rounds);
/* To wait for, and how long at most. */
int rounds_fd(const struct rounds *rounds);
int rounds_timeout_ms(const struct rounds *rounds);
void rounds_stats(const struct rounds *rounds, struct rounds_stats *out);

/* When one with this text is due next, after that time: pure. */
int64_t round_due(const char *text, int64_t interval_us, int64_t after_us);
