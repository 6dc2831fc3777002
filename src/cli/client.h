/*
 * client.h: ask the daemon, over its Unix socket.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "cli/options.h"
#include "record/record.h"

enum { CLIENT_ERROR_MAX = 512 };

struct client;

/* NULL without memory.  Does not connect yet. */
struct client *client_open(const struct common_options *common);
void client_close(struct client *client);

/* What an answer says of itself. */
struct client_told {
	uint64_t total;            /* records there are without the limit */
	uint64_t gaps;             /* times of which something is not known */
	bool more;                 /* at least one more than shown */
	char since[TIME_TEXT_MAX]; /* from when on, if no time was asked for; "": now */
	char incomplete[CLIENT_ERROR_MAX]; /* why records are missing; "" none is */
};

/*
 * GET.  The body goes to body, or, as it comes, to copy if that is not NULL; what it
 * says of itself to *told, if that is not NULL.
 * 0, or an exit status (2 asked wrongly, 3 unreachable, 4 not permitted, 5 the daemon
 * can't say now, or whoever waited did not) and one line in error.
 */
int client_get(struct client *client, const char *path, struct buf *body, FILE *copy,
	       struct client_told *told, char error[static CLIENT_ERROR_MAX]);

/* POST of a body; the answer goes to answer.  Returns as client_get(). */
int client_post(struct client *client, const char *path, const struct buf *body,
		struct buf *answer, char error[static CLIENT_ERROR_MAX]);

/* Answers may take long from now on: say so on a terminal, and end at Ctrl-C. */
void client_be_patient(struct client *client);

/* An answer that takes longer is none: somebody looks at a screen meanwhile. */
void client_answer_within(struct client *client, int ms);

/* Appends "?name=value" or "&name=value", escaped; nothing if value is NULL. */
void client_parameter(struct buf *path, const char *name, const char *value);
void client_sensors(struct buf *path, const struct sensor_options *sensors);
