/*
 * feed.h: records from the daemon's main thread into batches, and those into the spool.
 *
 * A thread of its own packs and writes.  Who gives it records never waits: they are
 * copied into a ring, and what finds no room there is counted, as what finds none on
 * disk is.  A quarter of the ring is left to events.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet/spool.h"

struct feed_options {
	const char *folder; /* of the spool */
	const char *sensor;
	uint64_t bytes_max; /* of it */
	const char *boot;   /* as fleet_spool_boot() */
};

struct feed_status {
	struct fleet_spool_status spool;
	uint64_t records[FLEET_LANES]; /* that were given, since the start */
	uint64_t dropped[FLEET_LANES]; /* of these, that found no room in the ring */
};

struct feed;
/* NULL and error. */
struct feed *feed_open(const struct feed_options *options,
		       char error[static SPOOL_ERROR_MAX]);
/* All that was given is on disk then, as far as there is room. */
void feed_close(struct feed *feed);

/* One thread's.  Records of no lane are left out. */
void feed_put(struct feed *feed, enum record_kind kind, const void *record);

/*
 * Another thread's: what the store tells of the audit chain (store/telling.h), which is
 * never dropped.  False: there is no room now.  What is not on disk when it ends is to
 * be told again, from where feed_told() was.
 */
bool feed_tell(struct feed *feed, enum record_kind kind, const void *record);
/* How far that was on disk when the feed was opened. */
void feed_told(const struct feed *feed, struct chain_told *out);

/* As it was up to a second ago. */
void feed_status(struct feed *feed, struct feed_status *out);
/* Other room for the spool. */
void feed_limit(struct feed *feed, uint64_t bytes_max);
