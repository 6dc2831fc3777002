/*
 * wall_queue.c: a ring that grows; see wall_queue.h.
 */
#include "cli/wall_queue.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 256 };

void wall_queue_free(struct wall_queue *queue)
{
	free(queue->at);
	*queue = (struct wall_queue){ 0 };
}

void wall_queue_clear(struct wall_queue *queue)
{
	queue->first = queue->count = 0;
}

static struct wall_queued *place(const struct wall_queue *queue, size_t i)
{
	return &queue->at[(queue->first + i) % queue->size];
}

static bool grow(struct wall_queue *queue)
{
	size_t size = queue->size == 0 ? FIRST_SIZE : 2 * queue->size;
	if (size > WALL_QUEUE_MAX)
		return false;
	struct wall_queued *larger = calloc(size, sizeof(*larger));
	if (larger == NULL)
		return false;
	for (size_t i = 0; i < queue->count; i++)
		larger[i] = *place(queue, i);
	free(queue->at);
	queue->at = larger;
	queue->size = size;
	queue->first = 0;
	return true;
}

bool wall_queue_put(struct wall_queue *queue, enum wall_message_kind kind,
		    const struct wall_order *order)
{
	if (queue->count == queue->size && !grow(queue))
		return false;
	struct wall_queued *to = place(queue, queue->count++);
	memset(to, 0, sizeof(*to));
	to->kind = (uint32_t)kind;
	if (order != NULL)
		to->order = *order;
	return true;
}

size_t wall_queue_next(const struct wall_queue *queue, struct wall_message *out)
{
	size_t count = 0;
	if (queue->count == 0)
		return 0;
	memset(out, 0, sizeof(*out)); /* all of it leaves the process */
	out->kind = place(queue, 0)->kind;
	if (out->kind == WALL_READY)
		return 1;
	while (count < queue->count && count < WALL_ORDERS &&
	       place(queue, count)->kind == out->kind) {
		out->at[count] = place(queue, count)->order;
		count++;
	}
	out->count = (uint32_t)count;
	return count;
}

void wall_queue_drop(struct wall_queue *queue, size_t count)
{
	queue->first = (queue->first + count) % queue->size;
	queue->count -= count;
	/* After a restart it had all blocks, which it may never have again. */
	if (queue->count == 0 && queue->size > FIRST_SIZE)
		wall_queue_free(queue);
}
