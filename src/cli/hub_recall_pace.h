/*
 * hub_recall_pace.h: how often a hub reads the depot of what the streams left out.
 *
 * Whoever holds a sensor's key can flood the streams, so that all hubs miss something
 * all the time: then they read ever more rarely, and only what came since.  What was
 * told late in such a time, of long before, is read when it is over.
 *
 * No I/O, no clock: now_us is the caller's monotonic time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RECALL_APART_FIRST_US INT64_C(10000000)
#define RECALL_APART_MOST_US  INT64_C(300000000)
/* So long without a hole it is over: the next one is the first again ... */
#define RECALL_QUIET_US INT64_C(600000000)
/* ... and all is read once, but not more often than this. */
#define RECALL_ALL_APART_US INT64_C(3600000000)

struct recall_pace {
	int64_t hole_us;  /* the last one; INT64_MIN: none */
	int64_t apart_us; /* after the next reading */
	int64_t next_us;  /* not before */
	int64_t all_us;   /* when all was read; INT64_MIN: never */
	bool lacks_all;   /* since then only parts were */
};

void recall_pace_init(struct recall_pace *pace);
/* Something was left out. */
void recall_pace_hole(struct recall_pace *pace, int64_t now_us);
/* It was read: all, or what was left out. */
void recall_pace_was_read(struct recall_pace *pace, bool is_all, int64_t now_us);
/* It could not be. */
void recall_pace_failed(struct recall_pace *pace, int64_t again_us, int64_t now_us);
/* Somebody is to lead, and waits. */
void recall_pace_hurry(struct recall_pace *pace, int64_t now_us);

/* When it is to be read, if something was left out. */
int64_t recall_pace_next(const struct recall_pace *pace);
/* When all is to be read, though nothing is known to be missing; INT64_MAX: never. */
int64_t recall_pace_all(const struct recall_pace *pace);
