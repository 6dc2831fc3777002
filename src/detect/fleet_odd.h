/*
 * fleet_odd.h: what each server of a group of alike ones listens on.  Private to the
 * room.
 */
#pragma once

#include "detect/fleet_inside.h"

enum { ODD_ADDRESSES = 8 };

/* A port of one sensor, or a program whose port is another each time. */
struct odd_listener {
	struct roster_entry head; /* key: sensor, and what */
	uint64_t what;
	uint32_t sensor;
	uint32_t addresses[ODD_ADDRESSES]; /* hashes of where it listens */
	uint8_t count;
	bool is_judged; /* the register allows it, or the sensor tells that it does not
			 */
	bool is_owned;  /* by a package */
	bool is_told;   /* as one that others don't have, or do */
	uint32_t port;
	const char *transport;
	char process[32];
	int64_t changed_us; /* opened, or closed for good */
};

/* The same of a group. */
struct odd_port {
	struct roster_entry head; /* key: group, and what */
	uint64_t what;
	uint32_t tellers, members; /* that have it, in this look */
	uint32_t port;
	const char *transport;
	char process[32];
	int64_t changed_us; /* the last time anywhere */
};

struct odd_group {
	struct roster_entry head;
	uint32_t tellers; /* sensors that are up and have told what they listen on */
	uint32_t common;  /* ports that half of these have */
	uint32_t members; /* sensors that have half of the common ports */
	uint32_t odd;     /* members with a port that few have */
};

/* A sensor in this look. */
struct odd_sensor {
	uint32_t listeners, common;
	bool is_odd;
};

struct odd {
	struct roster listeners, ports, groups;
	struct odd_sensor *sensors; /* FLEET_SENSORS_MAX */
	uint32_t open;              /* listeners, in this look */
	int64_t looked_us;
};

/* Servers of which none, or too few, are known to be alike. */
bool odd_is_alike(const struct odd_group *group);
/* On how few of them a port is odd, and on how few it may be missing. */
uint32_t odd_few(const struct odd_group *group);

void odd_tell(struct detect_fleet *fleet, struct odd_listener *listener,
	      const struct odd_group *group, const struct odd_port *port);
void odd_tell_missing(struct detect_fleet *fleet, struct odd_listener *listener,
		      const struct odd_group *group, const struct odd_port *port);
/* It is as with the others by now. */
void odd_end(struct detect_fleet *fleet, struct odd_listener *listener);
