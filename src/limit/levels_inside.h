/*
 * levels_inside.h: the inside of levels.h.
 */
#pragma once

#include "base/kept_file.h"
#include "base/roster.h"
#include "limit/level_tally.h"
#include "limit/levels.h"
#include "limit/rules.h"
#include "limit/said.h"

/*
 * Targets and services, times levels; some 13 KB each that is used.  Those of a level
 * that somebody wrote stay longer than the usual ones.
 */
enum { LEVELS_STANDINGS = 2048 };

/* How one target or service stands by one level; no pointers, as it is kept. */
struct standing {
	struct roster_entry head;
	uint64_t identity; /* of its level */
	int32_t severity;  /* that fires; -1: it does not */
	struct level_tally tally;
	int64_t since_us[LEVEL_PAIRS]; /* it burns too fast; 0: it does not */
	int64_t calm_us;               /* it does no more; 0: it does */
	/* Until then it has been told: what burnt before is no reason to tell again. */
	int64_t told_us;
	int64_t seen_us;           /* of the last record */
	int64_t awake_us;          /* watched since: seen first, or a restart */
	struct level_amount total; /* since it was first seen */
	struct facts facts;
	struct level_history history;
};

struct levels {
	struct limits_sink sink;
	const struct limit_rules *rules; /* borrowed; NULL: none yet */
	uint64_t identities[LEVELS_MAX]; /* of these; 0: it is off */
	bool is_wanted[RECORD_KINDS];    /* some of them go by such records */
	struct roster standings;
	struct kept_file file;
	int64_t now_us, judged_us, told_us;
	uint64_t firing, left_out;
};

/* The level that it goes by; NULL: it is there no more. */
const struct limit_level *levels_level_of(const struct levels *levels,
					  const struct standing *standing);
struct standing *levels_standing(const struct levels *levels, uint32_t number);

/* ---- level_burn.c ---- */

/* How fast the budget burns: 1 uses it up exactly at the window's end. */
double level_burn(const struct limit_level *level, const struct standing *standing,
		  int64_t now_us, int64_t window_us, int64_t since_us);
void level_judge(struct levels *levels, const struct limit_level *level,
		 struct standing *standing, int64_t now_us);
/* level: NULL: it is there no more. */
void level_resolve(struct levels *levels, const struct limit_level *level,
		   struct standing *standing, enum said_end end, int64_t now_us);

/* ---- level_said.c ---- */

void level_alert(const struct limit_level *level, const struct standing *standing,
		 enum said_end end, int64_t now_us, struct alert_record *out);
/* The same of all that was counted, in that time. */
void level_stood(const struct limit_level *level, const struct standing *standing,
		 int64_t from_us, int64_t to_us, struct level_record *out);
void level_stands(const struct limit_level *level, const struct standing *standing,
		  int64_t now_us, struct level_record *out);

/* ---- levels_file.c ---- */

void levels_file_tick(struct levels *levels, int64_t now_us);
void levels_file_close(struct levels *levels);
