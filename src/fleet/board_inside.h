/*
 * board_inside.h: the files of the board among themselves.  Private to the room.
 */
#pragma once

#include <pthread.h>

#include "fleet/board.h"
#include "fleet/shelf.h"

enum { OFFSETS_MAX = 8 }; /* as many heartbeats as a minute has, and some */

/* A sensor, and how far its clock is from the servers'. */
struct board_sensor {
	struct sensor_record record;
	int64_t heard_us; /* server's time; UNKNOWN_TIME: not since this hub began */
	double offsets_ms[OFFSETS_MAX];
	uint32_t offset_count;
	int64_t before_us; /* when the process began that told before this one; or 0 */
	uint32_t turns;    /* that one told again, since somebody asked */
	/* Its state and its chain, as board_tick() told them last. */
	const char *told, *told_chain;
};

/* What the registry says of a sensor. */
struct board_joined {
	uint64_t revision;
	field_text64 site;
	field_text256 tags;
};

/* Those that are heard, and those that are not: late, gone, revoked. */
struct board_sensors {
	struct shelf up, quiet;
	struct shelf joined; /* of those that were: board_joined */
	uint64_t *news;      /* owned: names of those whose state has changed */
	size_t news_count, news_room;
};

/* A service of a sensor: the last whole minute, and the one that goes on. */
struct board_port {
	struct port_record done, now; /* start 0: none */
	int64_t heard_us;             /* this hub's monotonic clock */
};

struct board {
	pthread_mutex_t lock;
	struct hash_key key;
	int64_t stored_us, stored_at_us; /* of the last heartbeat, and when it came */
	struct board_sensors sensors;
	struct shelf ports;
	struct shelf open[RECORD_KINDS], over[RECORD_KINDS];
	struct shelf incidents; /* to which a finding or alert belongs: field_text32 */
};

/* By the key of the board. */
uint64_t board_name(const struct board *board, enum record_kind kind,
		    const void *record);
/* record.sensor */
const char *board_sensor_of(enum record_kind kind, const void *record);

/* ---- board_sensors.c; under the lock ---- */

void board_sensors_init(struct board_sensors *sensors);
void board_sensors_free(struct board_sensors *sensors);
void board_take_sensor(struct board *board, const struct sensor_record *record,
		       const struct board_came *came);
void board_count_sensors(const struct board *board, struct board_counts *out);

/* ---- board_ports.c ---- */

/* Of the same service: counters added, of percentiles the greatest, the rest newest. */
void board_port_add(struct port_record *to, const struct port_record *more);
void board_port_take(struct board_port *to, const struct port_record *port);
/* What nothing was heard of lately goes; under the lock. */
void board_expire_ports(struct board *board, int64_t now_us);
/* As it is shown. */
void board_port_sum(const struct board_port *port, struct port_record *out);
