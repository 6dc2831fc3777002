/*
 * networks.h: attempts that came to nothing, by the network they went to and second, as
 * evidence of floods that spread over all hosts and ports of one (record unsolicited);
 * private to the room.
 *
 * Such a flood has more targets than there is room for services, so it is counted by
 * itself, where flows end.  The busiest networks keep their places: one with more
 * others than attempts of its own gives its place up (Boyer and Moore, "MJRTY", 1981).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cardinality.h"
#include "flow/body.h"

enum {
	NETWORKS_MAX = 64,
	NETWORK_V4_BITS = 16,
	NETWORK_V6_BITS = 48,
	NETWORK_TELL_MIN = 500, /* attempts in a second */
};

struct network {
	uint64_t prefix;
	uint8_t proto;
	struct addr last;          /* an address in it */
	uint64_t attempts, others; /* of this second; attempts 0: unused */
	struct addr host;          /* the only one that may have more than half ... */
	uint64_t lead;             /* ... by so many */
	struct cardinality hosts, sources;
};

/* All zero is empty. */
struct networks {
	struct network at[NETWORKS_MAX];
};

struct flows;

/* A TCP or UDP flow ends that was not answered, or refused. */
void networks_add(struct flows *f, const struct flow_key *key, uint8_t proto);
/* The second is over. */
void networks_flush(struct flows *f, int64_t end_us);
