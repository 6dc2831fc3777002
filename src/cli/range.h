/*
 * range.h: a range of values that are fine, as Nagios plugins write it.
 *
 * "[@]start:end": fine is from start to end, both included; with @, all else.  "10" is
 * 0:10, "10:" has no end, "~:10" no start.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

struct range {
	double start, end; /* infinite: none */
	bool is_inverted;
	bool is_set;
};

#define RANGE_ALLOWED "[@]start:end, such as 100, 10:, ~:10 or @5:10"

/* False unless text is exactly one range. */
bool range_parse(const char *text, struct range *range);
/* A value that is not fine.  Of a range that is not set, every value is. */
bool range_alerts(const struct range *range, double value);
/* As performance data has it, values by that factor; nothing if it is not set. */
void range_write(const struct range *range, double factor, struct buf *out);
