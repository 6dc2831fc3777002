/*
 * fleet_tries.h: what each source tried at which sensor.  Private to the room.
 *
 * Of a source the newest distinct (host, port) are remembered; what failed outlasts
 * what went well.  What several sensors see of one packet is one try.
 */
#pragma once

#include "detect/fleet_inside.h"
#include "detect/scan_attempt.h"

enum { FLEET_TRIES = 64, FLEET_SOURCES_MAX = 32768 };

struct fleet_try {
	uint32_t host, sensor; /* a hash; a sensor's number */
	uint32_t first_s, last_s;
	uint16_t port;
	uint8_t transport; /* enum attempt_transport */
	uint8_t kind;      /* enum attempt_kind */
	uint8_t rounds;    /* how often it came back for it, a minute later or more */
	bool is_unused;    /* a connection that it left without a word */
};

struct fleet_source {
	struct roster_entry head; /* key: fleet_source_of() */
	int64_t first_us, last_us;
	float score; /* logarithm of the likelihood that it scans (sources.h) */
	uint32_t failures, successes;
	uint32_t sensor; /* that saw it first */
	uint8_t count;   /* of tries */
	bool is_outside; /* its address is global */
	/* The most that the finding of one sensor says of it: ports or hosts. */
	uint64_t own_extent;
	int64_t own_us; /* its last evidence; 0: none */
	int64_t told_us;
	/* Told of it; NULL: nothing. */
	const char *kind, *technique;
	uint32_t port;
	struct fleet_try tries[FLEET_TRIES];
};

/* What the contact that is looked at says. */
struct fleet_news {
	struct fleet_source *source; /* NULL: nothing of interest */
	struct fleet_try *attempt;   /* that one */
	bool is_new;
};

/* Of its tries that failed, or were not used. */
struct fleet_tally {
	unsigned pairs, ports, hosts, sensors;
	unsigned watched; /* it came back for in round after round */
	unsigned unused;
	unsigned top_hosts; /* at the port that it tried at most hosts */
	uint16_t top_port;
	unsigned most_of_sensor;         /* pairs that the sensor saw which saw most */
	uint32_t names[FLEET_TRIES];     /* numbers of the sensors */
	uint16_t port_list[FLEET_TRIES]; /* ascending */
};

bool fleet_tries_open(struct roster *sources);
void fleet_tries_take(struct detect_fleet *fleet, struct roster *sources,
		      const struct fleet_sensor *sensor, const struct contact_record *c,
		      struct fleet_news *news);
/* Of those that were first made within so many seconds before its last. */
void fleet_tries_count(const struct fleet_source *source, uint32_t within_s,
		       struct fleet_tally *tally);
/* The sequential test says that it scans; it reaches less than one in five. */
bool fleet_tries_scans(const struct fleet_source *source);
