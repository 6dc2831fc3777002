/*
 * connections.h: whose the ends of connections are, for naming flows.
 *
 * Fixed in size: a new one takes the place of the oldest of the four its hash points
 * to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "host/host.h"

enum { CONNECTIONS_MAX = 65536 };

struct connections;
/* NULL without memory. */
struct connections *connections_new(void);
void connections_free(struct connections *connections);

void connections_put(struct connections *connections,
		     const struct host_connection *connection);

/* Only the ends and proto of `wanted` count.  NULL: not known. */
const struct host_connection *connections_find(const struct connections *connections,
					       const struct host_connection *wanted);
