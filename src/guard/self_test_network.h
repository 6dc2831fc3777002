/*
 * self_test_network.h: a network namespace, and a pair of links from it to ours;
 * private to this room.
 */
#pragma once

#include "guard/self_test.h"

struct self_test_network;

/* As whoever the daemon is: takes hold of our own namespace.  NULL without memory. */
struct self_test_network *self_test_network_new(void);

/* Removes what a test that was killed has left behind. */
void self_test_network_clean(struct self_test_network *network);

/*
 * Makes them.  This thread is in the new namespace then, and what it opened before
 * stays where it was.  0 or -errno; EADDRINUSE: somebody may have these addresses.
 */
int self_test_network_open(struct self_test_network *network,
			   const struct self_test_order *order);
/* Back to ours; the namespace goes with the last socket in it. */
void self_test_network_close(struct self_test_network *network);
