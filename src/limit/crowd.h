/*
 * crowd.h: many series of one host that are odd at once are an event; one alone is not.
 *
 * A mark of a series (anomaly.h) never alarms anybody.  Of a host's n series k must be
 * marked within one window: chance seldom does that, while a cause mostly shows in
 * several series (Netdata's host anomaly rate is the precedent).  One event comes of
 * it; the next one not before the host was calm, with fewer than k marked, for a
 * window. Bounded: the oldest mark gives way.  No clock, no I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CROWD_MARKS = 64 };

struct crowd_rule {
	uint32_t least;    /* series that must be marked, at least 1 */
	double share;      /* and of all series of the host, 0..1 */
	int64_t window_us; /* from the first to the last of them */
};

/* Three series and a tenth of all, within ten minutes. */
extern const struct crowd_rule CROWD_RULE;

struct crowd_mark {
	uint32_t series;
	int64_t at_us;
};

/* Of one host.  All zero is empty. */
struct crowd {
	struct crowd_mark marks[CROWD_MARKS]; /* one per series, oldest first */
	uint32_t count;
	bool is_open;            /* there was an event, and no calm since */
	int64_t last_crowded_us; /* that many were marked */
};

/* Who did it, oldest first. */
struct crowd_event {
	int64_t first_us, last_us;
	uint32_t of;     /* series that the host has */
	uint32_t wanted; /* of them must be marked */
	uint32_t count;
	struct crowd_mark marks[CROWD_MARKS];
};

/*
 * A series of the host was marked; series: its number, of: how many the host has.  True
 * if an event comes of it.  Of a series whose mark is still in the window the first
 * time stays.  A clock that was set back forgets the marks that now lie in the future.
 */
bool crowd_take(struct crowd *crowd, const struct crowd_rule *rule, uint32_t series,
		uint32_t of, int64_t at_us, struct crowd_event *out);

/* Whether the event still goes on: no calm yet. */
bool crowd_is_open(const struct crowd *crowd, const struct crowd_rule *rule,
		   int64_t at_us);
