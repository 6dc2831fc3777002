/*
 * scattered.h: hosts of which many ports got a little in one second, and served
 * nobody, as evidence of floods that spread (record unsolicited); private to the room.
 *
 * So many ports are too many for a record each: those may get lost on their way, this
 * one does not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cardinality.h"
#include "flow/flow.h"

enum {
	SCATTERED_HOSTS = 64,
	SCATTERED_PACKETS_MAX = 50, /* of one port: more is told by the port's record */
	SCATTERED_PORTS_MIN = 200,  /* of a host: fewer are told by theirs, too */
	SCATTERED_SAMPLE = 1024,    /* ports of a host whose sources are counted */
};

struct scattered_host {
	struct addr server;
	uint8_t proto;
	uint64_t packets, bytes, ports;
	struct cardinality
		sources; /* of the first ports only: to add up all takes long */
};

/* All zero is empty. */
struct scattered {
	struct scattered_host host[SCATTERED_HOSTS];
	uint32_t count, last;
};

/* A service that got little in its second and served nobody. */
bool scattered_is(const struct port_sample *sample);
/* clients: who they were; NULL: unknown. */
void scattered_add(struct scattered *s, const struct port_sample *sample,
		   const struct cardinality *clients);

struct flows;
/* The second is over. */
void scattered_flush(struct flows *f, struct scattered *s, int64_t end_us);
