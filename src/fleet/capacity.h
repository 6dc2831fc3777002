/*
 * capacity.h: what the services of a fleet have left: of each, over all sensors that
 * have it, how much it carries, how much it could, which sensor is nearest to a limit,
 * and what would remain if one of them were lost (N-1).
 *
 * All of it comes from what sensors tell: ports as they are now, and, once a day, the
 * busiest hours (capacity) and what is expected (forecast).  A server carries what it
 * carries and what its link has left besides all its other services; a limit that is
 * not known is no room.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

/* Older ones are of services or sensors that are gone: they come every day. */
#define FLEET_CAPACITY_US (INT64_C(2) * 86400 * 1000000)

struct fleet_capacity_asked {
	int64_t now_us;
	/* Which sensors it is about; NULL: all.  The others tell whose a service is. */
	bool (*wants)(const void *of, const char *sensor);
	const void *of;
};

struct fleet_capacity;
/* NULL without memory. */
struct fleet_capacity *fleet_capacity_new(const struct fleet_capacity_asked *asked);
void fleet_capacity_free(struct fleet_capacity *capacity);
/* What is known: sensor, port, capacity and forecast records, in any order. */
void fleet_capacity_take(struct fleet_capacity *capacity, enum record_kind kind,
			 const void *record);
/* Once: emits a struct fleet_capacity_record for each service, by port.  False: no
 * memory. */
bool fleet_capacity_tell(struct fleet_capacity *capacity,
			 void (*emit)(void *to, const void *record), void *to);
