/*
 * limits_inside.h: the engine's own; private to the room.
 */
#pragma once

#include "base/kept_file.h"
#include "limit/levels.h"
#include "limit/limits.h"
#include "limit/said.h"
#include "limit/series.h"

struct limits {
	struct limits_sink sink;
	struct limits_history history;
	const struct limit_rules *rules; /* borrowed; NULL: none yet */
	uint64_t identities[RULES_MAX];
	struct series_table table;
	struct levels *levels; /* owned */
	struct kept_file file;
	int64_t now_us;
	uint64_t firing, left_out;
};

/* A record, or none, on its way through the rules of its kind. */
struct limits_look {
	struct limits *limits;
	enum record_kind kind;
	const void *record;
	int64_t now_us;
	struct limit_subject subject;
	bool has_key[RULE_PERS];
	uint64_t key[RULE_PERS][2];
	double bound; /* of a rule that learns */
};

/* The number of the rule that is on; RULES_MAX: it is there no more. */
uint16_t limits_rule_of(const struct limits *limits, uint64_t identity);
/* Resolves it without its rule, and drops it. */
void limits_end_of_rule(struct limits *limits, struct series *series, int64_t now_us);

/* What was thought to be in the future was by a clock that was wrong. */
void limits_heal(struct series *series, int64_t now_us);
/* As if the time in which nobody watched, until now, had not been. */
void limits_wake(struct series *series, int64_t away_us, int64_t now_us);

/* ---- judge.c ---- */

/* severity: that this record crosses; -1: none.  Whether the series is to be kept. */
bool limits_judge_value(const struct limits_look *look, const struct limit_rule *rule,
			struct series *series, int severity, double value);
/* Nothing came of it for so long. */
void limits_judge_absence(struct limits *limits, const struct limit_rule *rule,
			  struct series *series, int64_t now_us);
/* Gives it facts, of the record; NULL if there is no room. */
struct facts *limits_know(const struct limits_look *look, const struct limit_rule *rule,
			  struct series *series);
/* rule: NULL: it is there no more. */
void limits_resolve(struct limits *limits, const struct limit_rule *rule,
		    struct series *series, enum said_end end, int64_t now_us);

/* ---- limits_file.c ---- */

void limits_file_tick(struct limits *limits, int64_t now_us);
void limits_file_close(struct limits *limits);
