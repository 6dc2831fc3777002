/*
 * queue.c: a list of chunks; see queue.h.
 *
 * The writer fills the last chunk and publishes how far; the reader frees the first
 * ones.  A chunk is complete once it has a successor.
 */
#include "store/queue.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CHUNK_BYTES = 256 << 10 };

struct chunk {
	_Atomic(struct chunk *) next;
	atomic_size_t used; /* published bytes */
	max_align_t at[];
};

struct queue {
	size_t bytes_max;
	atomic_size_t bytes;
	atomic_ullong put, released;
	/* the writer's */
	struct chunk *last;
	size_t reserved; /* used after queue_commit() */
	/* the reader's */
	struct queue_place first;
};

static struct chunk *chunk_new(void)
{
	struct chunk *chunk = malloc(CHUNK_BYTES);
	if (chunk != NULL) {
		atomic_init(&chunk->next, NULL);
		atomic_init(&chunk->used, 0);
	}
	return chunk;
}

struct queue *queue_new(size_t bytes_max)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	if (queue == NULL)
		return NULL;
	queue->last = queue->first.chunk = chunk_new();
	if (queue->last == NULL) {
		free(queue);
		return NULL;
	}
	queue->bytes_max = bytes_max;
	atomic_init(&queue->bytes, CHUNK_BYTES);
	return queue;
}

void queue_free(struct queue *queue)
{
	if (queue == NULL)
		return;
	for (struct chunk *chunk = queue->first.chunk; chunk != NULL;) {
		struct chunk *next = atomic_load(&chunk->next);
		free(chunk);
		chunk = next;
	}
	free(queue);
}

static size_t span(size_t len)
{
	size_t unit = alignof(max_align_t);
	return sizeof(struct message) + (len + unit - 1) / unit * unit;
}

/* Links a new chunk behind the last. False without room. */
static bool grow(struct queue *queue)
{
	if (atomic_load(&queue->bytes) + CHUNK_BYTES > queue->bytes_max)
		return false;
	struct chunk *chunk = chunk_new();
	if (chunk == NULL)
		return false;
	atomic_fetch_add(&queue->bytes, CHUNK_BYTES);
	atomic_store_explicit(&queue->last->next, chunk, memory_order_release);
	queue->last = chunk;
	return true;
}

void *queue_reserve(struct queue *queue, uint16_t kind, size_t len)
{
	if (len > QUEUE_MESSAGE_MAX)
		return NULL;
	size_t used = atomic_load_explicit(&queue->last->used, memory_order_relaxed);
	if (used + span(len) > CHUNK_BYTES - sizeof(struct chunk)) {
		if (!grow(queue))
			return NULL;
		used = 0;
	}
	struct message *message = (struct message *)((char *)queue->last->at + used);
	*message = (struct message){ .len = (uint32_t)len, .kind = kind };
	queue->reserved = used + span(len);
	return message->at;
}

void queue_commit(struct queue *queue)
{
	atomic_fetch_add_explicit(&queue->put, 1, memory_order_relaxed);
	atomic_store_explicit(&queue->last->used, queue->reserved,
			      memory_order_release);
}

struct queue_place queue_first(const struct queue *queue)
{
	return queue->first;
}

struct message *queue_next(struct queue_place *place)
{
	size_t used = atomic_load_explicit(&place->chunk->used, memory_order_acquire);
	if (place->offset == used) {
		struct chunk *next =
			atomic_load_explicit(&place->chunk->next, memory_order_acquire);
		/* More may have come between the two looks. */
		if (next == NULL ||
		    place->offset != atomic_load_explicit(&place->chunk->used,
							  memory_order_acquire))
			return NULL;
		*place = (struct queue_place){ .chunk = next };
		if (atomic_load_explicit(&next->used, memory_order_acquire) == 0)
			return NULL;
	}
	struct message *message =
		(struct message *)((char *)place->chunk->at + place->offset);
	place->offset += span(message->len);
	return message;
}

void queue_release(struct queue *queue, struct queue_place place, uint64_t count)
{
	while (queue->first.chunk != place.chunk) {
		struct chunk *chunk = queue->first.chunk;
		queue->first.chunk = atomic_load(&chunk->next);
		free(chunk);
		atomic_fetch_sub(&queue->bytes, CHUNK_BYTES);
	}
	queue->first = place;
	atomic_fetch_add_explicit(&queue->released, count, memory_order_relaxed);
}

uint64_t queue_waiting(const struct queue *queue)
{
	uint64_t released = atomic_load(&queue->released);
	return atomic_load(&queue->put) - released;
}

size_t queue_bytes(const struct queue *queue)
{
	return atomic_load(&queue->bytes);
}
