/*
 * fleet_report.h: of a report at a hub: which sensors it is of, and their records, from
 * the depot of the fleet.
 */
#pragma once

#include <stdatomic.h>

#include "fleet/document.h"
#include "report/formats.h"
#include "report/report.h"

/* What is to be verified is made where its chain is: nothing else is made at a hub. */
#define FLEET_REPORT_FORMATS                                                           \
	"at a hub allowed are --format " REPORT_FORMATS_OF_DOCUMENTS                   \
	", without --bundle: what is to be verified is made on the sensor whose "      \
	"audit "                                                                       \
	"chain proves it (of the hub's own: --own)"

/* What they have to be, all of it; NULL or "": any.  sensor: one, or several with
 * commas between. */
struct fleet_choice {
	const char *sensor, *site, *tag;
};

/* Where their records are, and where stores may be made of them; all of it borrowed. */
struct fleet_report_place {
	const char *folder, *depot; /* as depot_open() */
	uint32_t wait_ms; /* for each answer of the depot; 0: as long as it takes */
	const atomic_bool *cancel; /* NULL: it is not */
};

struct fleet_report;
/*
 * Into the ask: whose records, their names, and of an incident its time.  Borrows both
 * until fleet_report_close().  NULL, *status and one line in error.
 */
struct fleet_report *fleet_report_open(const struct fleet_report_place *place,
				       const struct fleet_choice *choice,
				       struct report_ask *ask, int *status,
				       char error[static STORE_ERROR_MAX]);
void fleet_report_close(struct fleet_report *fleet);
