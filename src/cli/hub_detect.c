/*
 * hub_detect.c: what only a fleet sees: records of all sensors in, findings of the hubs
 * out; see hub.h and detect/fleet.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/hub.h"
#include "cli/settings.h"

static int64_t tell_time(void *self)
{
	(void)self;
	return clock_us(CLOCK_REALTIME);
}

void hub_found(struct hub *hub, const struct finding_record *finding)
{
	struct finding_record known = *finding;
	record_text(known.sensor, sizeof(known.sensor), FLEET_HUB);
	if (hub_judge_finding(hub, &known) && hub->detect != NULL)
		detect_fleet_rename_incident(hub->detect, known.id, known.incident);
	hub_keep(hub, RECORD_finding, &known);
}

static void take_finding(void *self, const struct finding_record *finding)
{
	hub_found(self, finding);
}

/* Of those that its detectors made: what a hub refuses is another matter. */
void hub_detect_restore(struct hub *hub, const struct finding_record *finding)
{
	bool is_open = finding->state != NULL && strcmp(finding->state, "open") == 0;
	bool is_refused =
		finding->detector != NULL && strcmp(finding->detector, "hub") == 0;
	if (hub->detect != NULL && is_open && !is_refused)
		detect_fleet_restore(hub->detect, finding);
}

void hub_detect_settings(struct hub *hub)
{
	struct home friends;
	const struct detect_limits limits = settings_detect_limits(&hub->config);
	if (hub->detect == NULL)
		return;
	settings_friends(&hub->config, &friends);
	detect_fleet_set_limits(hub->detect, &limits);
	detect_fleet_set_friends(hub->detect, &friends);
	detect_fleet_set_home(hub->detect, &hub->home);
}

bool hub_detect_begin(struct hub *hub)
{
	const struct detect_sink sink = { .self = hub,
					  .finding = take_finding,
					  .clock_us = tell_time };
	if (hub->detect != NULL) {
		detect_fleet_forget_listeners(hub->detect);
		return true;
	}
	hub->detect = detect_fleet_new(&sink);
	hub_detect_settings(hub);
	return hub->detect != NULL;
}

/* ---- while it leads ---- */

void hub_detect(struct hub *hub, enum record_kind kind, const void *record)
{
	if (hub->detect != NULL)
		detect_fleet_record(hub->detect, kind, record);
}

void hub_detect_second(struct hub *hub)
{
	if (hub->detect != NULL)
		detect_fleet_tick(hub->detect, clock_us(CLOCK_REALTIME));
}

void hub_detect_end(struct hub *hub, bool still_leads)
{
	if (hub->detect != NULL && still_leads)
		detect_fleet_flush(hub->detect, clock_us(CLOCK_REALTIME));
	if (hub->detect != NULL)
		detect_fleet_free(hub->detect);
	hub->detect = NULL;
}
