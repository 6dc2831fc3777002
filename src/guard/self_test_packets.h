/*
 * self_test_packets.h: what the self-test sends from inside, and what of it arrives;
 * private to this room.
 *
 * A datagram each millisecond, numbered: those that arrive say when the way was shut.
 */
#pragma once

#include "guard/self_test.h"

struct self_test_packets;

/* The ends at our side, before this thread goes inside.  NULL and errno. */
struct self_test_packets *self_test_packets_new(const struct self_test_order *order);
void self_test_packets_free(struct self_test_packets *packets);

/* Once both addresses are there, from inside.  0 or -errno. */
int self_test_packets_open(struct self_test_packets *packets);

/* Sends and looks, from BEGINS to what is true at the end; filled into *event. */
void self_test_packets_run(struct self_test_packets *packets,
			   void (*to)(const struct self_test_event *event),
			   struct self_test_event *event);
