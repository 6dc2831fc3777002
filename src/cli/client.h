/*
 * client.h: ask the daemon, over its Unix socket.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "cli/options.h"

enum { CLIENT_ERROR_MAX = 512 };

struct client;

/* NULL without memory.  Does not connect yet. */
struct client *client_open(const struct common_options *common);
void client_close(struct client *client);

/*
 * GET.  The body goes to body, or, as it comes, to copy if that is not NULL.
 * *total, if not NULL: how many records there are without the limit.
 * 0, or an exit status (2 asked wrongly, 3 unreachable, 4 not permitted) and one line
 * in error.
 */
int client_get(struct client *client, const char *path, struct buf *body, FILE *copy,
	       uint64_t *total, char error[static CLIENT_ERROR_MAX]);

/* Appends "?name=value" or "&name=value", escaped; nothing if value is NULL. */
void client_parameter(struct buf *path, const char *name, const char *value);
