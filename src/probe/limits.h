/*
 * limits.h: a service that answers well, and yet too late, or with a certificate that
 * soon ends.  No clock, no I/O.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/reason.h"
#include "record/record.h"

#define LIMIT_UNSET UINT32_MAX

enum { LIMIT_SLOW_MAX_MS = 120000, LIMIT_DAYS_MAX = 3650 };

#define LIMIT_SLOW_ALLOWED "1ms to 120s, or off"
#define LIMIT_DAYS_ALLOWED "0 to 3650"

/* 0: there is no such limit. */
struct probe_limits {
	uint32_t slow_ms;          /* of answer_us */
	uint32_t certificate_days; /* that it must be good for */
};

/* "100ms", "2s", "off". */
bool limit_slow_parse(const char *text, uint32_t *slow_ms);
bool limit_days_parse(const char *text, uint32_t *days);

/* What is not set is as in usual. */
void limits_fill(struct probe_limits *limits, const struct probe_limits *usual);

/* Days until then, cut towards 0 as people count; and is that within so many? */
double certificate_days_left(int64_t not_after_us, int64_t now_us);
bool certificate_ends_within(int64_t not_after_us, int64_t now_us, double days);

/* Of a probe whose target is well: why it is not quite, and that in r->detail. */
enum reason limits_judge(const struct probe_limits *limits, struct probe_record *r);
