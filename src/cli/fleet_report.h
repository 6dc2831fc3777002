/*
 * fleet_report.h: of a report at a hub: which sensors it is of, and their records, from
 * the depot of the fleet.
 */
#pragma once

#include "cli/past_reader.h"
#include "report/report.h"

/* What they have to be, all of it; NULL: any. */
struct fleet_choice {
	const char *sensor, *site, *tag;
};

struct fleet_report;
/*
 * Into the ask: whose records, their names, and of an incident its time.  Borrows both
 * until fleet_report_close().  NULL, *status and one line in error.
 */
struct fleet_report *fleet_report_open(const struct past_place *place,
				       const struct fleet_choice *choice,
				       struct report_ask *ask, int *status,
				       char error[static STORE_ERROR_MAX]);
void fleet_report_close(struct fleet_report *fleet);
