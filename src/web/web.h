/*
 * web.h: the HTTP API, on a Unix socket and on TCP, inside the caller's loop.
 *
 * No thread of its own: the caller waits for web_fd() to be readable, or for
 * web_timeout_ms(), and calls web_run().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/record.h"

typedef void (*web_emit)(void *to, const void *record);

/* Where answers come from; called inside web_run(). */
struct web_source {
	void *self;
	void (*ports)(void *self, web_emit emit, void *to); /* struct port_record */
	void (*flows)(void *self, web_emit emit, void *to); /* struct flow_record */
	void (*self_record)(void *self, struct self_record *out);
	void (*status)(void *self, struct buf *json); /* one JSON object */
};

struct web_options {
	const char *listen;      /* "127.0.0.1:7070", "[::1]:0", "off" */
	const char *socket_path; /* Unix socket; NULL: none */
	const char *version;
	const struct web_source *source;
};

enum { WEB_ERROR_MAX = 512 };

struct web;
/* NULL and one line in error; *status is the exit status (2 usage, 4 permission). */
struct web *web_open(const struct web_options *options,
		     char error[static WEB_ERROR_MAX], int *status);
int web_fd(const struct web *web);
int web_timeout_ms(const struct web *web);
void web_run(struct web *web);
/* TCP port in use, 0 if off. */
uint16_t web_port(const struct web *web);
/* "127.0.0.1:7070" with the real port; "" if off. */
const char *web_address(const struct web *web);

/*
 * Sends a record to all readers of /api/v1/live.  Port records also count for /metrics,
 * readers or not: every interval once, or counters would count twice.
 */
void web_live(struct web *web, enum record_kind kind, const void *record);
void web_close(struct web *web);
