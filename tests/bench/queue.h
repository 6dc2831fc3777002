/*
 * queue.h: what happens next, of many things that each know their own time.
 *
 * A binary heap; equal times come out by number, so the order is always the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

struct event {
	int64_t at_us;
	uint32_t which;
};

struct queue {
	struct event *events;
	uint32_t len, capacity;
};

static inline bool event_is_before(struct event a, struct event b)
{
	return a.at_us != b.at_us ? a.at_us < b.at_us : a.which < b.which;
}

/* False if there is no memory. */
static inline bool queue_put(struct queue *queue, struct event event)
{
	uint32_t i = queue->len;

	if (queue->len == queue->capacity) {
		uint32_t capacity = queue->capacity ? queue->capacity * 2 : 4096;
		void *events = realloc(queue->events, capacity * sizeof(struct event));

		if (!events)
			return false;
		queue->events = events;
		queue->capacity = capacity;
	}
	queue->len++;
	while (i > 0 && event_is_before(event, queue->events[(i - 1) / 2])) {
		queue->events[i] = queue->events[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	queue->events[i] = event;
	return true;
}

/* Puts the event in the place of the first one. */
static inline void queue_replace_first(struct queue *queue, struct event event)
{
	uint32_t i = 0;

	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= queue->len)
			break;
		if (child + 1 < queue->len &&
		    event_is_before(queue->events[child + 1], queue->events[child]))
			child++;
		if (!event_is_before(queue->events[child], event))
			break;
		queue->events[i] = queue->events[child];
		i = child;
	}
	queue->events[i] = event;
}

static inline void queue_drop_first(struct queue *queue)
{
	if (--queue->len > 0)
		queue_replace_first(queue, queue->events[queue->len]);
}
