/*
 * queue.h: messages from one thread to another in chunks of memory, bounded in bytes.
 *
 * A ring of that size would be resident for ever; here an idle queue is one chunk.  The
 * reader may walk over messages and let them go later, when they are on disk.  Like
 * base/ring.h it needs no locks and refuses what it has no room for.  Private to the
 * room.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;

struct message {
	uint32_t len;
	uint16_t kind;
	bool done;    /* the reader's: no longer wanted */
	bool claimed; /* the reader's: done if what it is doing succeeds */
	max_align_t at[];
};

/* NULL without memory. */
struct queue *queue_new(size_t bytes_max);
void queue_free(struct queue *queue);

/*
 * The writer's.  Room for a message of at most QUEUE_MESSAGE_MAX bytes; NULL if there
 * is none.  Not seen by the reader before queue_commit(); only one at a time.
 */
enum { QUEUE_MESSAGE_MAX = 64 << 10 };
void *queue_reserve(struct queue *queue, uint16_t kind, size_t len);
void queue_commit(struct queue *queue);

/* The reader's: a place between two messages. */
struct queue_place {
	struct chunk *chunk;
	size_t offset;
};
struct queue_place queue_first(const struct queue *queue);

/* The message at the place, which moves on; NULL: there is none yet. */
struct message *queue_next(struct queue_place *place);

/* Lets go of everything before the place, which was `count` messages. */
void queue_release(struct queue *queue, struct queue_place place, uint64_t count);

/* Either side's: messages not let go of, and the memory they are in. */
uint64_t queue_waiting(const struct queue *queue);
size_t queue_bytes(const struct queue *queue);
