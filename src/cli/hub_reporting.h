/*
 * hub_reporting.h: reports of the fleet that are made by themselves: by the hub that
 * leads, as a daemon makes its own (reporting.h).
 */
#pragma once

#include "cli/hub.h"

/* What was made before, here and by other hubs. */
void hub_open_reporting(struct hub *hub);
void hub_reload_reporting(struct hub *hub, const struct config *fresh);
/* Each second, as the leader. */
void hub_watch_reporting(struct hub *hub);
/* What the process that makes them has to tell. */
void hub_take_reporting(struct hub *hub);
/* What another hub has made. */
void hub_heard_report(struct hub *hub, const struct report_made_record *record);
/* Each second: it is on disk. */
void hub_keep_heard(struct hub *hub);
/* By hand, at the leader: a form, as reporting_run(). */
int hub_run_report(struct hub *hub, const char *form, const char *actor,
		   struct buf *message);
/* web_source.report_schedule */
void hub_give_schedule(void *self, struct buf *json);
