/*
 * gaps.c: times of which something is not known; see gaps.h.
 */
#include "store/gaps.h"

#include <string.h>

#define SECOND_US 1000000LL

enum {
	PAUSE_S = 2, /* a restart without a gap between its seconds */
	JOIN_S = 10, /* drops nearer than that are one gap */
};

void gaps_init(struct gaps *gaps, int64_t watched_us)
{
	memset(gaps, 0, sizeof(*gaps));
	gaps->watched_us = watched_us;
	gaps->self_us = gaps->real_us = UNKNOWN_TIME;
	record_init(RECORD_gap, &gaps->drops);
}

/* Of the same time and reason: the newer one, which is longer. */
static struct gap_record *place_of(struct gaps *gaps, const struct gap_record *gap)
{
	for (unsigned i = 0; i < gaps->count; i++)
		if (gaps->waiting[i].start == gap->start &&
		    strcmp(gaps->waiting[i].reason, gap->reason) == 0)
			return &gaps->waiting[i];
	if (gaps->count < GAPS_WAITING_MAX)
		return &gaps->waiting[gaps->count++];
	return NULL;
}

/* Without room the last one grows: too long a gap rather than none. */
static void wait(struct gaps *gaps, const struct gap_record *gap)
{
	struct gap_record *place = place_of(gaps, gap);
	if (place != NULL) {
		*place = *gap;
		return;
	}
	struct gap_record *last = &gaps->waiting[GAPS_WAITING_MAX - 1];
	if (gap->start < last->start)
		last->start = gap->start;
	if (gap->end > last->end)
		last->end = gap->end;
	if (gap->count != UNKNOWN_U64)
		last->count =
			(last->count == UNKNOWN_U64 ? 0 : last->count) + gap->count;
}

static void add(struct gaps *gaps, const char *reason, int64_t start, int64_t end,
		uint64_t count)
{
	struct gap_record gap;
	record_init(RECORD_gap, &gap);
	gap.start = start;
	gap.end = end;
	gap.reason = reason;
	gap.count = count;
	wait(gaps, &gap);
}

void gaps_watched(struct gaps *gaps, int64_t start_us, int64_t end_us)
{
	if (!gaps->runs && gaps->watched_us != UNKNOWN_TIME &&
	    start_us > gaps->watched_us + PAUSE_S * SECOND_US)
		add(gaps, "stopped", gaps->watched_us, start_us, UNKNOWN_U64);
	gaps->runs = true;
	gaps->watched_us = end_us;
}

static uint64_t risen(uint64_t now, uint64_t before)
{
	return now != UNKNOWN_U64 && before != UNKNOWN_U64 && now > before
		       ? now - before
		       : 0;
}

static void note_drops(struct gaps *gaps, int64_t from_us, int64_t to_us,
		       uint64_t count)
{
	struct gap_record *drops = &gaps->drops;
	bool goes_on = drops->start != UNKNOWN_TIME && from_us >= drops->start &&
		       from_us <= drops->end + JOIN_S * SECOND_US;
	if (!goes_on) {
		record_init(RECORD_gap, drops);
		drops->start = from_us;
		drops->reason = "dropped";
		drops->count = 0;
	}
	drops->end = to_us;
	drops->count += count;
	wait(gaps, drops);
}

void gaps_self(struct gaps *gaps, const struct self_record *self)
{
	uint64_t lost = 0;
	if (gaps->self_us != UNKNOWN_TIME)
		lost = risen(self->dropped, gaps->dropped) +
		       risen(self->records_dropped, gaps->records_dropped);
	if (lost > 0)
		note_drops(gaps,
			   gaps->self_us < self->at ? gaps->self_us
						    : self->at - SECOND_US,
			   self->at, lost);
	gaps->self_us = self->at;
	gaps->dropped = self->dropped;
	gaps->records_dropped = self->records_dropped;
}

void gaps_unwritten(struct gaps *gaps, int64_t from_us, int64_t to_us, uint64_t count)
{
	add(gaps, "unwritten", from_us, to_us, count);
}

void gaps_clocks(struct gaps *gaps, int64_t real_us, int64_t boot_us, int64_t mono_us)
{
	int64_t slept = boot_us - gaps->boot_us - (mono_us - gaps->mono_us);
	if (gaps->real_us != UNKNOWN_TIME && slept > SECOND_US)
		add(gaps, "suspended", real_us - slept, real_us, UNKNOWN_U64);
	gaps->real_us = real_us;
	gaps->boot_us = boot_us;
	gaps->mono_us = mono_us;
}
