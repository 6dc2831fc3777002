/*
 * hub_places.c: what a fleet asks from several places, put together by the hub that
 * leads, and what steering did, for the audit trail; see hub.h, fleet/vantages.h.
 */
#include <string.h>

#include "base/clock.h"
#include "cli/hub.h"

/* By the servers' clock: what waited on a sensor's disk is as old as it is. */
static int64_t asked_us(const struct probe_record *probe,
			const struct sensor_record *sensor)
{
	double offset_ms = sensor->clock_offset_ms;
	if (probe->at == UNKNOWN_TIME)
		return 0;
	return probe->at - (offset_ms > -1e12 && offset_ms < 1e12
				    ? (int64_t)(offset_ms * 1000)
				    : 0); /* unknown is no number */
}

void hub_place_probe(struct hub *hub, const struct probe_record *probe)
{
	struct sensor_record sensor;
	if (hub->vantages != NULL && board_sensor(hub->board, probe->sensor, &sensor))
		vantages_take(hub->vantages, probe, sensor.site,
			      asked_us(probe, &sensor));
}

static bool counts(void *self, const char *name)
{
	const struct hub *hub = self;
	struct sensor_record sensor;
	return board_sensor(hub->board, name, &sensor) && sensor.state != NULL &&
	       strcmp(sensor.state, "up") == 0 && sensor.cut_off != 1;
}

static void emit(void *self, const struct probe_record *probe)
{
	struct hub *hub = self;
	hub_keep(hub, RECORD_probe, probe);
	alerting_see(&hub->alerting, RECORD_probe, probe, probe->at);
}

static void forget(void *self, const char *target)
{
	struct hub *hub = self;
	if (hub->leads)
		alerting_gone(&hub->alerting, target, clock_us(CLOCK_REALTIME));
}

static void audit(void *self, const char *action, const char *actor,
		  const char *subject, const char *before, const char *after)
{
	hub_audit(self, action, actor, subject, before, after);
}

void hub_steer_second(struct hub *hub)
{
	const struct vantages_with with = { hub, counts, emit };
	const struct hub_steer_taking taking = { hub, audit, forget };
	if (hub->steer == NULL)
		return;
	hub_steer_lead(hub->steer, hub->leads);
	hub_steer_take(hub->steer, &taking, hub->vantages);
	if (hub->leads)
		vantages_second(hub->vantages, &with, clock_us(CLOCK_REALTIME));
}
