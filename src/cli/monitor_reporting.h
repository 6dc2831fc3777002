/*
 * monitor_reporting.h: reports that are made by themselves, in a running monitor.
 */
#pragma once

#include "cli/monitor.h"

void monitor_open_reporting(struct monitor *m);
void monitor_reload_reporting(struct monitor *m, const struct config *fresh);
/* What is due; once a second. */
void monitor_watch_reporting(struct monitor *m, int64_t now_us);
/* What the process that makes reports has to tell. */
void monitor_take_reporting(struct monitor *m);
/* The members of source that are about them. */
void monitor_answer_reporting(struct web_source *source);
