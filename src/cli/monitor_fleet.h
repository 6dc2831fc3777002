/*
 * monitor_fleet.h: a running monitor as a sensor of a fleet; see fleet_member.h.
 */
#pragma once

#include "cli/monitor.h"

void monitor_open_fleet(struct monitor *m);
/* The last words, and what waits goes to disk. */
void monitor_close_fleet(struct monitor *m);

/* A certificate that was seen: each is told once an hour. */
void monitor_tell_certificate(struct monitor *m, const struct tls_record *tls);

/* How a service is used, as it was found once a day. */
void monitor_tell_capacity(struct monitor *m, const struct capacity_record *capacity);

/* Several times a second: what ports did in the minute that is over, some at a time. */
void monitor_tick_fleet(struct monitor *m);
/* How this sensor is; once a second. */
void monitor_watch_fleet(struct monitor *m, int64_t now_us);
/* What the process that talks to the hubs has to tell. */
void monitor_take_fleet(struct monitor *m);
/* SIGHUP: late: what needs a restart. */
void monitor_reload_fleet(struct monitor *m, const struct config *fresh,
			  struct buf *late);
