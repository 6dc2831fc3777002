/*
 * levels.h: the service levels in force: how each target and service stands, and when
 * its budget burns too fast.  Private to the room; limits.h is the door.
 */
#pragma once

#include "limit/limits.h"

struct levels;

/* NULL without memory. */
struct levels *levels_new(const struct limits_sink *sink);
void levels_free(struct levels *levels);

void levels_set_rules(struct levels *levels, const struct limit_rules *rules,
		      int64_t now_us);
/* A probe or a port. */
void levels_see(struct levels *levels, enum record_kind kind, const void *record,
		int64_t now_us);
void levels_tick(struct levels *levels, int64_t now_us);

/* Alerts that fire. */
void levels_each_alert(const struct levels *levels,
		       void (*take)(void *to, const struct alert_record *alert),
		       void *to);
/* How each stands now. */
void levels_each(const struct levels *levels, int64_t now_us,
		 void (*take)(void *to, const struct level_record *level), void *to);

/* See limits_target_days(). */
bool levels_target_days(const struct levels *levels, const char *target, int64_t now_us,
			struct limits_day days[static LIMITS_DAYS]);

/* What each came to since the first record, in that time. */
void levels_each_total(const struct levels *levels, int64_t from_us, int64_t to_us,
		       void (*take)(void *to, const struct level_record *level),
		       void *to);
/* In that time, which is not before any record, nobody watched. */
void levels_unwatched(struct levels *levels, int64_t from_us, int64_t to_us);

bool levels_keep(struct levels *levels, const char *folder, int64_t now_us,
		 struct buf *why);

struct limits_totals levels_totals(const struct levels *levels);
