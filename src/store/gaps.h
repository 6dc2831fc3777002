/*
 * gaps.h: times of which something is not known, as records.  Private to the room.
 *
 * Watching is told by `self` and `port` records.  Before the first of them nothing ran
 * since the last one that is on disk.  Plain data without a database: a copy made
 * before a transaction undoes what a failed one has noted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

enum { GAPS_WAITING_MAX = 64 };

struct gaps {
	int64_t watched_us; /* end of the last second watched; UNKNOWN_TIME: none */
	bool runs;          /* a second was watched since the start */
	/* the last self record */
	int64_t self_us;
	uint64_t dropped, records_dropped;
	/* of the writer's clocks */
	int64_t real_us, boot_us, mono_us;
	/* A time of drops that may go on. start UNKNOWN_TIME: none. */
	struct gap_record drops;
	struct gap_record waiting[GAPS_WAITING_MAX];
	unsigned count;
};

/* watched_us: as of the last commit, before this start. */
void gaps_init(struct gaps *gaps, int64_t watched_us);

/* A second from start to end was watched. */
void gaps_watched(struct gaps *gaps, int64_t start_us, int64_t end_us);

/* Packets or records that were lost since the last self record. */
void gaps_self(struct gaps *gaps, const struct self_record *self);

/* Records that found no room, or could not be written. */
void gaps_unwritten(struct gaps *gaps, int64_t from_us, int64_t to_us, uint64_t count);

/*
 * The clocks now: CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_MONOTONIC.  The last stands
 * still while the machine sleeps.
 */
void gaps_clocks(struct gaps *gaps, int64_t real_us, int64_t boot_us, int64_t mono_us);
