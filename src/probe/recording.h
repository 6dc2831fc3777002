/*
 * recording.h: which failures of many targets are worth recording; no clock, no I/O.
 *
 * A mass outage must not hurt: the first of a series with the same reason is recorded,
 * then one in ten minutes, and of all targets together two a second after the first
 * twenty.
 */
#pragma once

#include "probe/failure.h"
#include "record/reason.h"

/* Of one target; begins as zeros. */
struct recording {
	struct remembered last_up;
	enum reason reason; /* that was recorded last; NONE: it is up, or none was */
	int64_t at_us;
};

/* Of all together: up to when time is spent; begins as zeros. */
struct recording_budget {
	int64_t spent_until_us;
};

/* Is that failure to be recorded?  It is noted if so. */
bool recording_wants(struct recording *recording, struct recording_budget *budget,
		     enum reason reason, int64_t now_us);
/* It was up. */
void recording_is_up(struct recording *recording, const struct probe_record *record);
