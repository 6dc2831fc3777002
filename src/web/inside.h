/*
 * inside.h: what the files of this room share.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "web/live.h"
#include "web/metrics.h"
#include "web/socket.h"
#include "web/web.h"

enum { WEB_VERSION_MAX = 32, WEB_PATH_MAX = 108 };

struct web {
	const struct web_source *source; /* borrowed */
	char version[WEB_VERSION_MAX];
	struct MHD_Daemon *tcp, *local; /* NULL: not listened on */
	int fd; /* epoll: readable when a daemon has something to do */
	uint16_t port;
	char address[SOCKET_ADDRESS_MAX];
	char socket_path[WEB_PATH_MAX]; /* "" until the file is ours to remove */
	struct live *live;
	struct metrics *metrics;
};

int64_t web_now_ms(void); /* monotonic */
int64_t web_now_us(void); /* Unix time */

/* MHD_AccessHandlerCallback of both daemons; self is the struct web. */
enum MHD_Result route_tcp(void *self, struct MHD_Connection *connection,
			  const char *path, const char *method, const char *version,
			  const char *body, size_t *body_size, void **state);
enum MHD_Result route_local(void *self, struct MHD_Connection *connection,
			    const char *path, const char *method, const char *version,
			    const char *body, size_t *body_size, void **state);

/* Appends {"status":...} of /health; returns the HTTP status. */
unsigned health_write(const struct web *web, int64_t now_us, struct buf *out);
