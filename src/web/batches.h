/*
 * batches.h: of what is told all the time, the last of each thing within a second.
 *
 * Ports, flows and the daemon's own health: of a port or a connection only the last
 * record counts, and who watches needs no more than one a second.
 */
#pragma once

#include "base/buf.h"
#include "base/hash.h"
#include "record/record.h"

enum {
	BATCH_MAX = 1024,       /* things of one kind within a second */
	BATCH_FLEET_MAX = 8192, /* the same where sensors tell of theirs */
};

/* Those that are batched: bit per kind. */
#define BATCHED_KINDS                                                                  \
	(RECORD_BIT(RECORD_port) | RECORD_BIT(RECORD_flow) | RECORD_BIT(RECORD_self))

struct batch {
	char *records; /* owned, as the next three: `room` */
	uint64_t *names, *sensors;
	uint32_t *index; /* by name: a number + 1; 0: none; twice the room */
	size_t count, room;
	size_t taken;  /* all before were taken out */
	uint64_t lost; /* that found no room */
};

struct batches {
	struct hash_key secret;
	struct batch of[RECORD_KINDS];
	record_bits waiting; /* kinds that have some */
};

/* sensor: sensor_hash() of whose it is. False without room, which is counted as lost.
 */
bool batches_put(struct batches *batches, enum record_kind kind, const void *record,
		 uint64_t sensor);

/* Takes out one sensor's, and appends them as [record,...]; false: there are no more.
 */
bool batches_take(struct batches *batches, enum record_kind kind, uint64_t *sensor,
		  struct buf *out);
/* After the last: how many had no room. */
uint64_t batches_end(struct batches *batches, enum record_kind kind);
void batches_close(struct batches *batches);
