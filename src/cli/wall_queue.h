/*
 * wall_queue.h: what the wall is to be told, until it takes it: nothing is lost, in the
 * order it came, and nobody waits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/wall.h"

/* A process that has not read so many is told all there is once it reads again. */
enum { WALL_QUEUE_MAX = 2 * WALL_BLOCKS_MAX };

struct wall_queued {
	uint32_t kind; /* enum wall_message_kind */
	struct wall_order order;
};

/* All zero: empty. */
struct wall_queue {
	struct wall_queued *at; /* a ring; owned */
	size_t size, first, count;
};

void wall_queue_free(struct wall_queue *queue);
void wall_queue_clear(struct wall_queue *queue);

/* order: NULL of WALL_READY.  False: there is no room. */
bool wall_queue_put(struct wall_queue *queue, enum wall_message_kind kind,
		    const struct wall_order *order);

/* The oldest of them as one message; how many these are, 0: there is none. */
size_t wall_queue_next(const struct wall_queue *queue, struct wall_message *out);
/* That message was sent. */
void wall_queue_drop(struct wall_queue *queue, size_t count);
