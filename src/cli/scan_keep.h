/*
 * scan_keep.h: where the records of a scan go when it has ended: to the daemon, or
 * straight into a store.
 */
#pragma once

#include "cli/scan_report.h"

/* folder: of a store; NULL: the daemon's, if there is one.  Says what is not kept. */
void scan_keep(const struct scan_report *report, const struct scan_run_record *run,
	       const char *folder);

/*
 * Tells the daemon, if there is one, that a scan of these targets begins or goes on: it
 * sees our packets as it sees everybody's.
 */
void scan_announce(const struct scan_report *report, const struct targets *targets);

/* Whether a daemon's socket is there at all. */
bool scan_may_ask_daemon(const struct common_options *common);
