/*
 * report_schedule.h: whether what report.schedule says can be: reports, formats and
 * sinks that there are.
 */
#pragma once

#include "alert/tell_rules.h"
#include "config/config.h"

/* False, and a line each "file:line:column: what, and what is allowed" in errors. */
bool report_schedule_check(const struct config *config, const struct tell_rules *rules,
			   struct buf *errors);

/* The same, with the sinks that the configuration names. */
bool report_schedule_check_alone(const struct config *config, struct buf *errors);
