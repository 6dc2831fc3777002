/*
 * answers_report.h: web_source.report, of a daemon and of a hub.
 */
#pragma once

#include "cli/past_reader.h"
#include "web/web.h"

/*
 * In the loop; depot: as depot_open(), "": of the store in the state folder.  What it
 * takes of both is copied.
 */
void *answers_report_begin(const struct config *config, const char *depot);
void answers_report_end(void *begun, const struct web_report_ask *ask,
			struct store_reader *reader, const atomic_bool *cancelled,
			struct web_report *out);
