/*
 * alert_replay.h: what rules would have said of the past.
 *
 * Records go through the limits that work live (limit/limits.h), one kind after the
 * other, each in order of time: rules watch one kind, and know nothing of others.  What
 * comes of it are alerts from their begin to their end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limit/limits.h"
#include "limit/rules.h"
#include "record/record.h"

/* More alerts than that are counted, no more. */
enum { REPLAY_ALERTS = 16384 };

struct alert_replay;

/* Rules and history (NULL: none) are borrowed.  NULL without memory. */
struct alert_replay *alert_replay_new(const struct limit_rules *rules,
				      const struct limits_history *history);
void alert_replay_free(struct alert_replay *replay);

/* Records of one kind, from that time on.  False without memory. */
bool alert_replay_begin(struct alert_replay *replay, int64_t since_us);
void alert_replay_take(struct alert_replay *replay, enum record_kind kind,
		       const void *record, int64_t at_us);
/* Time goes on until then without a record. */
void alert_replay_end(struct alert_replay *replay, int64_t until_us);

/* In no order; value, limit and severity are the gravest, `end` is unknown of what
 * still fired.  Borrowed. */
const struct alert_record *alert_replay_alerts(const struct alert_replay *replay,
					       size_t *count);

struct alert_replay_sum {
	uint64_t records;
	uint64_t alerts_left_out; /* beyond REPLAY_ALERTS */
	uint64_t series_left_out; /* limits_totals.left_out */
};
struct alert_replay_sum alert_replay_sum(const struct alert_replay *replay);

/*
 * Why the rule of that number could say nothing: no record of its kind came (*field
 * NULL), or none of them had that field.  False: it could.
 */
bool alert_replay_misses(const struct alert_replay *replay, size_t rule,
			 const struct field **field);
