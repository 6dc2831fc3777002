/*
 * alert_trial_said.h: what came of trying rules on the past, for people and programs.
 */
#pragma once

#include "cli/alert_replay.h"
#include "cli/options.h"

struct alert_trial_said {
	const struct common_options *common;
	const struct limit_rules *tried,
		*in_force;                 /* in_force also if it was recorded */
	const struct alert_record *alerts; /* as alert_compare() leaves them */
	size_t count;
	bool was_recorded; /* what the rules in force found */
};

/* The alerts, and how many by rule and by day. */
void alert_trial_print(const struct alert_trial_said *said);
