/*
 * figures.h: breakwater incidents --figures: what a manager asks of incidents, by week.
 */
#pragma once

#include "alert/figures.h"
#include "cli/options.h"
#include "web/web.h"

/* folder: the store's; NULL: the daemon is asked. since: NULL: eight weeks. Exit
 * status.
 */
int figures_print(const struct common_options *common, const char *folder,
		  const char *since);
/* What was read, as a table or as records. */
int figures_show(const struct common_options *common, struct figures *figures);
/* As web_source.figures. */
int figures_answer(int64_t since_us, web_reader read, void *from, web_emit emit,
		   void *to);
