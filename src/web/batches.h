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

enum { BATCH_MAX = 1024 /* things of one kind within a second */ };

/* Those that are batched: bit per kind. */
#define BATCHED_KINDS                                                                  \
	(RECORD_BIT(RECORD_port) | RECORD_BIT(RECORD_flow) | RECORD_BIT(RECORD_self))

struct batch {
	char *records; /* owned, BATCH_MAX */
	uint64_t *names;
	uint32_t *index; /* by name: a number + 1; 0: none */
	size_t count;
	uint64_t lost; /* that found no room */
};

struct batches {
	struct hash_key secret;
	struct batch of[RECORD_KINDS];
	record_bits waiting; /* kinds that have some */
};

/* False without memory, which is counted as lost. */
bool batches_put(struct batches *batches, enum record_kind kind, const void *record);

/* Appends [record,...] and empties it; *lost is how many had no room. */
void batches_take(struct batches *batches, enum record_kind kind, struct buf *out,
		  uint64_t *lost);
void batches_close(struct batches *batches);
