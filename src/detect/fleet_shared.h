/*
 * fleet_shared.h: what the files of fleet_shared_scan.c share: what was tried at each
 * port, and of all ports together (fleet_grid.c).  Private to the room.
 */
#pragma once

#include "detect/fleet_inside.h"

enum {
	/* A fleet of more than 2,000 hosts is not decided by so few. */
	SHARED_HOSTS_MAX = 512,
	SHARED_NAMES_MAX = CARDINALITY_FEW,
	SHARED_SOURCES_LEAST = 10, /* as distributed_scan.c has it, of one host */
	SHARED_IDLE_S = FLEET_DAY_S,
	SHARED_HOLD_S = 6 * 3600,
};

/*
 * ln 99, of a hundred one is accused wrongly; and ln 1024, as that many ports are
 * looked at.
 */
#define SHARED_ALARM 11.5

struct shared_tried {
	uint32_t host, source; /* hashes */
};

/* One port of the hosts of one realm. */
struct shared_lane {
	struct roster_entry head;  /* key: realm, transport and port */
	int64_t first_us, last_us; /* 0: none yet */
	double score;
	double grid; /* the same of who may be a part of a grid, and also below 0 */
	uint32_t hosts, sources, sensors;
	uint64_t tries;
	struct shared_tried tried[SHARED_HOSTS_MAX];
	struct {
		uint32_t source;
		uint8_t tries;
	} of_source[SHARED_HOSTS_MAX];
	uint32_t names[SHARED_NAMES_MAX];
	struct cardinality all_sensors;
};

/* Whose addresses are known: the Internet's, or a site's. */
struct shared_realm {
	struct roster_entry head;
	struct cardinality hosts, sensors;
	double grid; /* the sum of what speaks for one, as fleet_grid.c weighs it */
	int64_t looked_us, told_us; /* when at all ports, and of a grid; 0: never */
};

struct shared_scans {
	struct roster lanes, realms;
	struct roster parts; /* of fleet_grid.c: how much each source has tried */
};

uint64_t shared_realm_of(const struct fleet_sensor *sensor, const struct addr *server);

/* ---- fleet_grid.c ---- */

bool fleet_grid_open(struct shared_scans *all);
/* Whether who tries that may be one of many who share a grid, and has not tried that
 * host before; counts it. */
bool fleet_grid_counts(const struct detect_fleet *fleet, struct shared_scans *all,
		       const struct fleet_sensor *sensor,
		       const struct contact_record *c);
/* What that try of that port says, in the units of a score. */
void fleet_grid_add(struct shared_scans *all, struct shared_lane *lane, double step);
/* What the port has said is over. */
void fleet_grid_forget(struct shared_scans *all, const struct shared_lane *lane);
/* Tells of a grid if there is one; true if the port is a part of one that is told. */
bool fleet_grid_look(struct detect_fleet *fleet, struct shared_scans *all,
		     const struct shared_lane *lane, const struct fleet_sensor *sensor,
		     const struct contact_record *c);
