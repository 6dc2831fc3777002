/*
 * ring.h: messages of any size from one writer thread to one reader thread, no
 * locks, no allocation after init.
 *
 * A full ring refuses the write.  The writer counts the loss and goes on: late
 * packets are worse than lost records.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/* size: bytes, rounded up to a power of two. NULL without memory. */
struct ring *ring_new(size_t size);
void ring_free(struct ring *ring);

/*
 * Room for a message of len bytes and a kind, contiguous and 8-byte aligned; NULL if
 * the ring is full. Not seen by the reader before ring_commit(); only one at a time.
 */
void *ring_reserve(struct ring *ring, uint16_t kind, size_t len);
void ring_commit(struct ring *ring);

/* For the writer: less than one in `share` is free, which who may wait leaves to
 * others. */
bool ring_is_crowded(struct ring *ring, unsigned share);

/* reserve, copy, commit. False if full. */
bool ring_put(struct ring *ring, uint16_t kind, const void *message, size_t len);

/* Oldest message, borrowed until ring_pop(); NULL if empty. */
const void *ring_peek(struct ring *ring, uint16_t *kind, size_t *len);
void ring_pop(struct ring *ring);
