/*
 * ring.c: the ring between two threads; see ring.h.
 *
 * head and tail count bytes since the start and never wrap in practice; their low
 * bits are the place.  A message lies in one piece behind a header of 8 bytes; one
 * that does not fit before the end leaves a marker there and starts at the front.
 * Each side remembers the other's counter and reads it anew only when it must, so
 * the two cache lines stay where they are.
 */
#include "base/ring.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	CACHE_LINE = 64,
	SIZE_LEAST = 64,
	SIZE_MOST = 1 << 30,
	UNIT = 8, /* alignment of messages, and size of the header */
};

#define WRAP_MARK UINT32_MAX

struct header {
	uint32_t len; /* of the message, or WRAP_MARK */
	uint16_t kind, unused;
};
static_assert(sizeof(struct header) == UNIT, "messages stay aligned");

struct ring {
	alignas(CACHE_LINE) atomic_size_t head; /* written by the writer */
	size_t next_head;                       /* head after ring_commit() */
	size_t known_tail;
	alignas(CACHE_LINE) atomic_size_t tail; /* written by the reader */
	size_t known_head;
	alignas(CACHE_LINE) size_t size; /* constant */
	uint8_t *at;
};

struct ring *ring_new(size_t size)
{
	size_t rounded = SIZE_LEAST;
	while (rounded < size && rounded < SIZE_MOST)
		rounded *= 2;
	if (rounded < size)
		return NULL;
	struct ring *ring = aligned_alloc(CACHE_LINE, sizeof(*ring));
	if (ring == NULL)
		return NULL;
	memset(ring, 0, sizeof(*ring));
	ring->size = rounded;
	ring->at = aligned_alloc(CACHE_LINE, rounded);
	if (ring->at == NULL) {
		free(ring);
		return NULL;
	}
	return ring;
}

void ring_free(struct ring *ring)
{
	if (ring == NULL)
		return;
	free(ring->at);
	free(ring);
}

static struct header *header_at(struct ring *ring, size_t place)
{
	return (struct header *)(void *)(ring->at + (place & (ring->size - 1)));
}

/* Bytes a message takes with its header. */
static size_t span(size_t len)
{
	return UNIT + (len + UNIT - 1) / UNIT * UNIT;
}

static bool has_room(struct ring *ring, size_t head, size_t need)
{
	if (need <= ring->size - (head - ring->known_tail))
		return true;
	ring->known_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	return need <= ring->size - (head - ring->known_tail);
}

void *ring_reserve(struct ring *ring, uint16_t kind, size_t len)
{
	/* More than half might never fit in one piece, however empty the ring is. */
	if (len > ring->size / 2 - UNIT)
		return NULL;
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	size_t to_end = ring->size - (head & (ring->size - 1));
	size_t skip = span(len) > to_end ? to_end : 0;
	if (!has_room(ring, head, skip + span(len)))
		return NULL;
	if (skip != 0)
		*header_at(ring, head) = (struct header){ .len = WRAP_MARK };
	struct header *header = header_at(ring, head + skip);
	*header = (struct header){ .len = (uint32_t)len, .kind = kind };
	ring->next_head = head + skip + span(len);
	return header + 1;
}

void ring_commit(struct ring *ring)
{
	atomic_store_explicit(&ring->head, ring->next_head, memory_order_release);
}

bool ring_is_crowded(struct ring *ring, unsigned share)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	return !has_room(ring, head, ring->size / share);
}

bool ring_put(struct ring *ring, uint16_t kind, const void *message, size_t len)
{
	void *room = ring_reserve(ring, kind, len);
	if (room == NULL)
		return false;
	if (len > 0)
		memcpy(room, message, len);
	ring_commit(ring);
	return true;
}

static bool has_message(struct ring *ring, size_t tail)
{
	if (tail != ring->known_head)
		return true;
	ring->known_head = atomic_load_explicit(&ring->head, memory_order_acquire);
	return tail != ring->known_head;
}

const void *ring_peek(struct ring *ring, uint16_t *kind, size_t *len)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	if (!has_message(ring, tail))
		return NULL;
	struct header *header = header_at(ring, tail);
	if (header->len == WRAP_MARK) {
		/* A marker is committed together with the message at the front. */
		tail += ring->size - (tail & (ring->size - 1));
		atomic_store_explicit(&ring->tail, tail, memory_order_release);
		header = header_at(ring, tail);
	}
	*kind = header->kind;
	*len = header->len;
	return header + 1;
}

void ring_pop(struct ring *ring)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	tail += span(header_at(ring, tail)->len);
	atomic_store_explicit(&ring->tail, tail, memory_order_release);
}
