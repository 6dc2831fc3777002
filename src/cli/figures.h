/*
 * figures.h: breakwater incidents --figures: what a manager asks of incidents, by week.
 */
#pragma once

#include "alert/figures.h"
#include "cli/options.h"

/* folder: the store's; NULL: the daemon is asked. since: NULL: eight weeks. Exit
 * status.
 */
int figures_print(const struct common_options *common, const char *folder,
		  const char *since);
/* What was read, as a table or as records. */
int figures_show(const struct common_options *common, struct figures *figures);
