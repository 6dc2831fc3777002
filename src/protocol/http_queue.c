/*
 * http_queue.c: requests that wait for their responses; see http_queue.h.
 */
#include "protocol/http_queue.h"

static size_t paths_len(const struct http_queue *queue)
{
	size_t len = 0;
	for (unsigned i = 0; i < queue->count; i++)
		len += queue->waiting[(queue->first + i) % HTTP_QUEUE_MAX].path_len;
	return len;
}

struct http_request *http_queue_last(struct http_queue *queue)
{
	if (queue->count == 0 || queue->more > 0)
		return NULL;
	return &queue->waiting[(queue->first + queue->count - 1u) % HTTP_QUEUE_MAX];
}

void http_queue_put(struct http_queue *queue, const struct http_request *request,
		    const char *path)
{
	size_t used = paths_len(queue), room = HTTP_PATHS_MAX - used;
	size_t len = strlen(path);
	if (queue->count == HTTP_QUEUE_MAX || queue->more > 0) {
		if (queue->more < UINT16_MAX)
			queue->more++;
		return;
	}
	/* Cut is good enough for the only one; a stub beside others is not. */
	if (len > room)
		len = queue->count == 0 ? room : 0;
	memcpy(queue->paths + used, path, len);
	queue->count++;
	struct http_request *last = http_queue_last(queue);
	*last = *request;
	last->path_len = (uint8_t)len;
}

bool http_queue_take(struct http_queue *queue, struct http_request *request,
		     char path[static HTTP_PATHS_MAX])
{
	if (queue->count == 0) {
		if (queue->more > 0)
			queue->more--;
		return false;
	}
	*request = queue->waiting[queue->first];
	memcpy(path, queue->paths, request->path_len);
	memmove(queue->paths, queue->paths + request->path_len,
		(size_t)HTTP_PATHS_MAX - request->path_len);
	queue->first = (uint8_t)((queue->first + 1u) % HTTP_QUEUE_MAX);
	queue->count--;
	return true;
}

void http_queue_forget(struct http_queue *queue)
{
	struct http_request request;
	char path[HTTP_PATHS_MAX];
	unsigned stay = http_queue_last(queue) != NULL;
	while (queue->count > stay)
		http_queue_take(queue, &request, path);
	queue->more = 0;
}

void http_queue_clear(struct http_queue *queue)
{
	*queue = (struct http_queue){ 0 };
}
