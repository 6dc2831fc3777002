/*
 * lane.c: see lane.h.
 */
#include "fleet/lane.h"

#include <string.h>

static const char *const names[FLEET_LANES] = {
	[LANE_EVENT] = "event",
	[LANE_PORT] = "port",
	[LANE_EVIDENCE] = "evidence",
	[LANE_FLOW] = "flow",
};

/*
 * What stays: seconds of the machine itself (the sensor record says how it is), what is
 * said in connections (their number is the clients', and nobody keeps it here either),
 * packets, and sums of what the hubs have and can add up.
 */
static const record_bits kinds[FLEET_LANES] = {
	[LANE_EVENT] = RECORD_BIT(RECORD_listener) | RECORD_BIT(RECORD_finding) |
		       RECORD_BIT(RECORD_probe) | RECORD_BIT(RECORD_failure) |
		       RECORD_BIT(RECORD_scan_run) | RECORD_BIT(RECORD_ruleset) |
		       RECORD_BIT(RECORD_sensor) | RECORD_BIT(RECORD_gap) |
		       RECORD_BIT(RECORD_block) | RECORD_BIT(RECORD_decision) |
		       RECORD_BIT(RECORD_checkpoint) | RECORD_BIT(RECORD_self_test) |
		       RECORD_BIT(RECORD_alert) | RECORD_BIT(RECORD_incident) |
		       RECORD_BIT(RECORD_timeline) | RECORD_BIT(RECORD_silence) |
		       RECORD_BIT(RECORD_hold) | RECORD_BIT(RECORD_notification) |
		       RECORD_BIT(RECORD_report_made) | RECORD_BIT(RECORD_level) |
		       RECORD_BIT(RECORD_deployment) | RECORD_BIT(RECORD_anomaly) |
		       RECORD_BIT(RECORD_audit) | RECORD_BIT(RECORD_approval) |
		       RECORD_BIT(RECORD_capacity) | RECORD_BIT(RECORD_forecast),
	[LANE_PORT] = RECORD_BIT(RECORD_port),
	[LANE_EVIDENCE] = RECORD_BIT(RECORD_contact) | RECORD_BIT(RECORD_unsolicited) |
			  RECORD_BIT(RECORD_amplification) | RECORD_BIT(RECORD_login) |
			  RECORD_BIT(RECORD_tls) | RECORD_BIT(RECORD_scan),
	[LANE_FLOW] = RECORD_BIT(RECORD_flow),
};

const char *fleet_lane_name(enum fleet_lane lane)
{
	return names[lane];
}

int fleet_lane_named(const char *name)
{
	for (int lane = 0; lane < FLEET_LANES; lane++)
		if (strcmp(names[lane], name) == 0)
			return lane;
	return LANE_NONE;
}

int fleet_lane_of(enum record_kind kind)
{
	for (int lane = 0; lane < FLEET_LANES; lane++)
		if (kinds[lane] & RECORD_BIT(kind))
			return lane;
	return LANE_NONE;
}

bool fleet_name_is_good(const char *name)
{
	static const char taken[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_-";
	size_t len = strnlen(name, FLEET_NAME_MAX);
	return len > 0 && len < FLEET_NAME_MAX && strspn(name, taken) == len;
}
