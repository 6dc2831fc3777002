/*
 * burst.c: see burst.h.
 */
#include "probe/burst.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/ask.h"
#include "record/record.h"

enum { INTERVAL_MS = 100, INTERVAL_MIN_MS = 10, INTERVAL_MAX_MS = 10000 };

const char *const burst_options[] = { "count", "interval", NULL };

static bool read_number(const struct question *q, const char *name, const char *unit,
			uint32_t least, uint32_t most, uint32_t *number)
{
	const char *text = question_option(q, name);
	char *end;
	if (text == NULL)
		return true;
	unsigned long value = strtoul(text, &end, 10);
	*number = (uint32_t)value;
	return end != text && text[0] != '-' && value >= least && value <= most &&
	       (*end == '\0' || strcmp(end, unit) == 0);
}

const char *burst_read(const struct question *q, uint32_t timeout_ms,
		       struct burst *burst)
{
	*burst = (struct burst){ .count = 1, .interval_ms = INTERVAL_MS };
	if (!read_number(q, "count", "", 1, BURST_MAX, &burst->count))
		return "count is from 1 to 100";
	if (!read_number(q, "interval", "ms", INTERVAL_MIN_MS, INTERVAL_MAX_MS,
			 &burst->interval_ms))
		return "interval is from 10ms to 10000ms";
	/* What is asked last has as long for its answer as all before it took. */
	if ((burst->count - 1) * burst->interval_ms > timeout_ms / 2)
		return "count times interval is more than half of the timeout";
	return NULL;
}

struct burst_sums burst_sum(const struct trip *trips, uint32_t count)
{
	int64_t rtts = 0, waits = 0, differences = 0, last = 0;
	uint32_t answered = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (trips[i].rtt_us < 0)
			continue;
		if (answered > 0)
			differences += llabs(trips[i].rtt_us - last);
		last = trips[i].rtt_us;
		rtts += trips[i].rtt_us;
		waits += trips[i].wait_us;
		answered++;
	}
	struct burst_sums sums = { count - answered, UNKNOWN_U64, UNKNOWN_U64,
				   UNKNOWN_U64 };
	if (answered > 0) {
		sums.rtt_us = (uint64_t)(rtts / answered);
		sums.wait_us = (uint64_t)(waits / answered);
	}
	if (answered > 1)
		sums.jitter_us = (uint64_t)(differences / (answered - 1));
	return sums;
}
