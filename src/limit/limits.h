/*
 * limits.h: records in, alerts out.
 *
 * A rule watches one field of one kind of record, for each service, target or host that
 * it selects: its value, its change against the same hour of the week before, or that
 * nothing comes.  Time comes with the records, so that the past can be tried with other
 * rules (alerts test).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

struct buf;
struct limit_rules; /* limit/rules.h */

/*
 * What the history of a value was: the mean of that field in the hour that begins then,
 * of what the record is about; counts of an interval by the second.  NaN: not known, or
 * not yet; it is asked again.
 */
struct limits_history {
	void *self;
	/* Whether there is time for a question now; NULL: always. */
	bool (*may_ask)(void *self);
	double (*hour)(void *self, enum record_kind kind, const void *record,
		       const struct field *field, int64_t begin_us);
};

struct limits_sink {
	void *self;
	/* An alert begins to fire, gets graver, or is resolved. */
	void (*alert)(void *self, const struct alert_record *alert);
	/* How a service level stands, for the record: once an hour each; NULL: nobody
	 * wants to know. */
	void (*level)(void *self, const struct level_record *level);
};

struct limits;

/* history: NULL: none is known.  NULL without memory. */
struct limits *limits_new(const struct limits_sink *sink,
			  const struct limits_history *history);
void limits_free(struct limits *limits);

/*
 * The rules in force from now on; borrowed until others are.  What fires by a rule that
 * is there no more is resolved; one that is unchanged knows what it knew.
 */
void limits_set_rules(struct limits *limits, const struct limit_rules *rules,
		      int64_t now_us);

/*
 * Any record; O(1) for each rule of its kind.  A port's are best of a minute, every few
 * seconds: of one second a percentile says little.
 */
void limits_see(struct limits *limits, enum record_kind kind, const void *record,
		int64_t now_us);
/*
 * For service levels: what a service did in an interval that no other record of it
 * covers; the finest there is.
 */
void limits_count(struct limits *limits, const struct port_record *port);
/* A target that nobody asks any more: nothing more will be known of it. */
void limits_gone(struct limits *limits, const char *target, int64_t now_us);
/* Once a second: what is absent, service levels. */
void limits_tick(struct limits *limits, int64_t now_us);

/* Those that fire. */
void limits_each(const struct limits *limits,
		 void (*take)(void *to, const struct alert_record *alert), void *to);

/*
 * How a target of probes was, by day (UTC), today first, in seconds: by the first
 * service level that promises its availability.  False: none does.
 */
enum { LIMITS_DAYS = 90 };
struct limits_day {
	double good_s, bad_s; /* what is left of a day is not known */
};
bool limits_target_days(const struct limits *limits, const char *target, int64_t now_us,
			struct limits_day days[static LIMITS_DAYS]);

/* How each service level stands. */
void limits_each_level(const struct limits *limits,
		       void (*take)(void *to, const struct level_record *level),
		       void *to);

/* Of records of the past: what each came to since the first, in that time. */
void limits_each_total(const struct limits *limits, int64_t from_us, int64_t to_us,
		       void (*take)(void *to, const struct level_record *level),
		       void *to);
/*
 * In that time nobody watched: it is no absence, and unknown to service levels; between
 * records before and after.
 */
void limits_unwatched(struct limits *limits, int64_t from_us, int64_t to_us);

/*
 * What must survive a restart: what fires, since when, and what came; in that folder,
 * from now on.  After limits_set_rules().  The time in between is no absence, and
 * unknown to service levels.  False with a sentence in why if what is there can't be
 * used.
 */
bool limits_keep(struct limits *limits, const char *folder, int64_t now_us,
		 struct buf *why);

struct limits_totals {
	uint64_t series, firing;
	uint64_t left_out; /* records whose series found no room, since the start */
};
struct limits_totals limits_totals(const struct limits *limits);
