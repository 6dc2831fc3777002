/*
 * story.h: what one address did at each sensor, in order: records in, lines out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "record/record.h"

enum { STORY_LINES_MAX = 4096, STORY_PORTS_MAX = 32, STORY_WHAT_MAX = 256 };

/* Of one sensor, what it did without doing anything else there in between. */
struct story_line {
	int64_t first_us, last_us;
	char sensor[64];
	char what[STORY_WHAT_MAX]; /* without ports and count */
	uint64_t count;
	uint16_t ports[STORY_PORTS_MAX]; /* ascending, the lowest */
	uint32_t port_count;
	const char *severity; /* of a finding; else NULL */
};

struct story;
/* NULL without memory. */
struct story *story_new(const struct addr *who);
void story_free(struct story *story);

/*
 * In any order: connections, logins, findings and blocks of that address (others are
 * passed over); of a finding what it said last.  False: there is no room for it.
 */
bool story_add(struct story *story, enum record_kind kind, const void *record);

/* How many lines it makes; puts them in order, so that records may be added after it.
 */
uint32_t story_finish(struct story *story);
/* By number, below that; until something is added. */
const struct story_line *story_at(const struct story *story, uint32_t number);
/* How many sensors saw it. */
uint32_t story_sensors(const struct story *story);
