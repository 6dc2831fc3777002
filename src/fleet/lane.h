/*
 * lane.h: the ways on which a sensor's records travel to the hubs, and their names.
 *
 * Records of one lane of one sensor keep their order.  Lanes wait and are dropped
 * apart: when there is no room, the oldest raw flows go first, then what attacks are
 * judged by (contacts and attempts to log in, whose number is the attackers' choice),
 * then ports; events (findings, alerts, incidents, blocks, listeners, probes, the audit
 * trail, gaps, sensors) never.
 */
#pragma once

#include <stdbool.h>

#include "record/record.h"

enum fleet_lane { LANE_EVENT, LANE_PORT, LANE_EVIDENCE, LANE_FLOW, FLEET_LANES };
enum { LANE_NONE = -1 };

/* "event", "port", "evidence", "flow". */
const char *fleet_lane_name(enum fleet_lane lane);
/* LANE_NONE: no lane has that name. */
int fleet_lane_named(const char *name);
/* LANE_NONE: records of that kind stay on the machine. */
int fleet_lane_of(enum record_kind kind);

/*
 * A sensor's name is a token of NATS' subjects: 1 to 63 of A-Z a-z 0-9 _ -.  "hub" is
 * what the hubs themselves tell as, and no sensor's.
 */
enum { FLEET_NAME_MAX = 64 };
bool fleet_name_is_good(const char *name);
#define FLEET_HUB SENSOR_HUB

/* NATS' subjects; %s: the sensor's name, and of records the lane's. */
#define FLEET_RECORDS "bw.r.%s.%s" /* what it tells: JetStream, one stream per lane */
#define FLEET_ASK     "bw.q.%s"    /* what it asks of any hub (steer.h), by request */
#define FLEET_TOLD    "bw.c.%s"    /* what hubs tell it at once */
#define FLEET_INBOX   "_INBOX_%s"  /* below which answers come */
enum { FLEET_SUBJECT_MAX = 160 };
