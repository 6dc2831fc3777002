/*
 * when.h: a point in time as people write it: "2h" ago, or RFC 3339.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * "90s", "30m", "2h", "7d", "4w" before now_us, or RFC 3339 ("2026-01-31T12:00:00Z",
 * "2026-01-31T12:00:00.5+01:00", "2026-01-31"). Microseconds since 1970.
 * False, and *at_us untouched, if text is neither.
 */
bool when_parse(const char *text, int64_t now_us, int64_t *at_us);

/* RFC 3339 alone; seconds may be left out, as in ISO 8601. */
bool time_parse(const char *text, int64_t *at_us);

/* What when_parse() allows, for messages. */
#define WHEN_ALLOWED                                                                   \
	"a duration such as 90s, 30m, 2h, 7d, or RFC 3339 such as "                    \
	"2026-01-31T12:00:00Z"

/* "90s", "30m", "2h", "7d", "4w" in microseconds. */
bool duration_parse(const char *text, int64_t *us);

/* "500ms", "1.5s", or seconds: from a millisecond to max_ms. */
bool milliseconds_parse(const char *text, uint32_t max_ms, uint32_t *ms);
