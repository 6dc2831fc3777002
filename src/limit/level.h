/*
 * level.h: a service level as it is written: what it promises, of what, and from when
 * on its error budget burns too fast.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limit/rule.h"

enum { LEVELS_MAX = 64, LEVEL_PAIRS = 3 };

enum level_measure {
	MEASURE_AVAILABILITY, /* seconds in which a probe's target is not down */
	MEASURE_ERRORS,       /* connections and answers of a service that failed */
	MEASURE_RESPONSE,     /* answers, or probes' seconds, that took too long */
	LEVEL_MEASURES
};

struct limit_level {
	char name[RULE_NAME];
	char advice[RULE_ADVICE]; /* or "" */
	char from[RULE_FROM];     /* as of a rule */
	bool is_usual;            /* one of a file with the same name replaces it */
	bool is_off;              /* it only replaces */
	bool is_silent;           /* it is counted, and nobody is told */
	bool is_customer_facing;
	enum level_measure measure;
	enum record_kind record; /* probe: by seconds; port: by events */
	double objective;        /* 0.999 */
	int64_t window_us;
	double within_us;  /* of MEASURE_RESPONSE */
	uint32_t failures; /* fewer are no reason to tell anybody; 0: the usual */
	int64_t for_us, recover_us;
	struct limit_selection selection;
};

/*
 * The budget burns too fast when it does so over a long time and still does over a
 * short one: then it is worth to be told of, and soon over when the trouble is (Google,
 * The Site Reliability Workbook, chapter 5).
 */
struct level_pair {
	int64_t long_us, short_us;
	double burn;
	int severity;
	const char *metric; /* what it goes by, of the record level */
};
/* The gravest first. */
extern const struct level_pair level_pairs[LEVEL_PAIRS];
/* Which fires with that severity. */
const struct level_pair *level_pair_of(int severity);

/* Everything that is usual; a level begins so. */
void level_init(struct limit_level *level);
/* What follows from what is given, once all of it is. */
void level_choose(struct limit_level *level);

extern const char *const level_measures[LEVEL_MEASURES];
/* What stays the same while it counts the same, whatever is promised. */
uint64_t level_identity(const struct limit_level *level);
