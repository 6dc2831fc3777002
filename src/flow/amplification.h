/*
 * amplification.h: which services send one client far more than it asked for, as
 * evidence that they are used as reflectors (record amplification); private to the
 * room.
 *
 * A table of those that get most, for some seconds at a time (in the manner of
 * Metwally's Space-Saving: the smallest makes room).  Only large datagrams of servers
 * are looked at: small ones can't amplify.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "flow/body.h"

struct amplification_bucket;

struct amplifications {
	struct amplification_bucket *buckets; /* NULL: not wanted */
	uint64_t odd[3];                      /* keys of the hash */
};

struct flows;

/* False without memory. */
bool amplification_init(struct amplifications *a, const struct flows *f);
void amplification_fini(struct amplifications *a);
uint64_t amplification_memory(const struct amplifications *a);

/* A datagram of the server, that is counted already. */
void amplification_packet(struct flows *f, struct body *b, const struct packet *p);
/* A second has ended, and it is now_us. */
void amplification_flush(struct flows *f, int64_t end_us, int64_t now_us);
