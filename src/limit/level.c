/*
 * level.c: see level.h.
 */
#include "limit/level.h"

#include <stdio.h>

#include "base/hash.h"

#define MINUTE_US (60 * 1000000LL)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

/* Three nines are 43 minutes in 30 days: what a single machine that is cared for
 * reaches. */
static const double OBJECTIVE = 0.999;
#define WINDOW_US (30 * DAY_US)
/* Who is served leaves after some three seconds. */
static const double CUSTOMERS_WAIT_US = 3e6;
/* Of 120 probes in an hour two that fail would be 14.4 times too much of three nines,
 * and are chance; so are a few of a hundred connections. */
enum { FAILED_PROBES = 3, FAILED_EVENTS = 10 };

const struct level_pair level_pairs[LEVEL_PAIRS] = {
	/* 2 % of 30 d in an hour, 5 % in six, 10 % in three days. */
	{ HOUR_US, 5 * MINUTE_US, 14.4, SEVERITY_HIGH, "level.burn_1h" },
	{ 6 * HOUR_US, 30 * MINUTE_US, 6, SEVERITY_MEDIUM, "level.burn_6h" },
	{ 3 * DAY_US, 6 * HOUR_US, 1, SEVERITY_LOW, "level.burn_3d" },
};

const struct level_pair *level_pair_of(int severity)
{
	const struct level_pair *pair = level_pairs;
	while (pair->severity > severity && pair < level_pairs + LEVEL_PAIRS - 1)
		pair++;
	return pair;
}

const char *const level_measures[LEVEL_MEASURES] = { "availability", "errors",
						     "response" };

void level_init(struct limit_level *level)
{
	*level = (struct limit_level){ .measure = LEVEL_MEASURES,
				       .objective = OBJECTIVE,
				       .window_us = WINDOW_US,
				       .recover_us = -1 };
}

void level_choose(struct limit_level *level)
{
	bool faces = level->is_customer_facing;
	if (level->measure == LEVEL_MEASURES)
		level->measure = faces || level->within_us > 0 ? MEASURE_RESPONSE
							       : MEASURE_AVAILABILITY;
	if (level->measure == MEASURE_RESPONSE && faces && level->within_us <= 0)
		level->within_us = CUSTOMERS_WAIT_US;
	bool is_probed = level->measure == MEASURE_AVAILABILITY ||
			 (level->measure == MEASURE_RESPONSE &&
			  level->selection.targets_count > 0);
	level->record = is_probed ? RECORD_probe : RECORD_port;
	if (level->failures == 0)
		level->failures = is_probed ? FAILED_PROBES : FAILED_EVENTS;
	if (level->recover_us < 0)
		level->recover_us = level->for_us;
}

/* The bound is part of it: what was too slow for another one was counted by that. */
uint64_t level_identity(const struct limit_level *level)
{
	char text[RULE_NAME + 64];
	int len = snprintf(text, sizeof(text), "%s %d %d %.0f", level->name,
			   (int)level->measure, (int)level->record, level->within_us);
	uint64_t sum = hash_sum(text, (size_t)len);
	return sum != 0 ? sum : 1;
}
