/*
 * sender.h: a second thread that sends SYNs, for a second processor.
 *
 * The kernel does nearly all the work of a packet within the system call that sends it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "scan/outbox.h"

struct sender;

/* NULL if there is no second processor, thread or memory: then one does it alone. */
struct sender *sender_new(const struct outlets *outlets);
void sender_free(struct sender *sender);

/* False if it has enough to do. */
bool sender_give(struct sender *sender, const struct probe *probes, int count,
		 unsigned pass);

/* How many could not be sent since the last call, and the last errno of them. */
uint64_t sender_unsent(struct sender *sender, int *error);
