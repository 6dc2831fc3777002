/*
 * http_queue.h: requests that wait for their responses, which come in the same order
 * (RFC 9112 9.3.2).
 */
#pragma once

#include "protocol/http_exchange.h"

enum { HTTP_QUEUE_MAX = 8, HTTP_PATHS_MAX = 128 };

struct http_queue {
	struct http_request waiting[HTTP_QUEUE_MAX]; /* a ring, from `first` on */
	char paths[HTTP_PATHS_MAX];                  /* theirs, one after the other */
	uint8_t first, count;
	uint16_t more; /* behind them, of which nothing is kept */
};

/* Puts a request at the end, with as much of its path as there is room for. */
void http_queue_put(struct http_queue *queue, const struct http_request *request,
		    const char *path);

/* The request that came last; NULL if nothing is kept of it. */
struct http_request *http_queue_last(struct http_queue *queue);

/*
 * Takes the one that waits longest.  False if none waits, or nothing is known of it.
 */
bool http_queue_take(struct http_queue *queue, struct http_request *request,
		     char path[static HTTP_PATHS_MAX]);

/* Responses were lost: the next one is for the request that came last. */
void http_queue_forget(struct http_queue *queue);

/* Requests were lost. */
void http_queue_clear(struct http_queue *queue);
