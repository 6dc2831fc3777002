/*
 * report_schedule.h: whether what report.schedule says can be: reports, formats and
 * sinks that there are.
 */
#pragma once

#include "alert/tell_rules.h"
#include "config/config.h"

/* Whose reports: entries of a fleet choose among its sensors, and hold no bundle. */
enum report_schedule_of {
	SCHEDULE_OF_MACHINE,
	SCHEDULE_OF_FLEET,
	SCHEDULE_OF_EITHER, /* a file may be either's */
};

/* False, and a line each "file:line:column: what, and what is allowed" in errors. */
bool report_schedule_check(const struct config *config, const struct tell_rules *rules,
			   enum report_schedule_of of, struct buf *errors);

/* The same, with the sinks that the configuration names. */
bool report_schedule_check_alone(const struct config *config,
				 enum report_schedule_of of, struct buf *errors);
