/*
 * captures.c: see captures.h.
 */
#include "cli/captures.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "guard/self_test.h"

/* "127.0.0.1" of "127.0.0.1:7070", "::1" of "[::1]:7070". */
static void listen_host(const struct web *web, char *out, size_t size)
{
	const char *from = web_address(web);
	const char *colon = strrchr(from, ':');
	size_t len = colon != NULL ? (size_t)(colon - from) : 0;
	if (len >= 2 && from[0] == '[') {
		from++;
		len -= 2;
	}
	snprintf(out, size, "%.*s", (int)len, from);
}

/* False: nobody opens it for us. */
static bool open_by_guard(struct guard *guard, struct capture_opened *opened)
{
	int fds[2];
	if (guard == NULL || guard_open_capture(guard, fds) != 0)
		return false;
	opened->socket = fds[0];
	opened->steering = fds[1];
	return true;
}

static int open_each(const struct config *config, struct guard *guard,
		     struct capture_live_options options, struct capture **captures,
		     char *error)
{
	int status = STATUS_OK;
	for (unsigned i = 0; i < config->workers; i++) {
		struct capture_opened opened;
		options.opened = open_by_guard(guard, &opened) ? &opened : NULL;
		captures[i] = capture_live(&options, error, &status);
		if (captures[i] != NULL)
			continue;
		while (i > 0)
			capture_close(captures[--i]);
		return status;
	}
	return STATUS_OK;
}

int captures_open(const struct config *config, struct guard *guard,
		  const struct web *web, struct capture *captures[CAPTURES_MAX],
		  char error[static CAPTURE_ERROR_MAX])
{
	char host[64];
	listen_host(web, host, sizeof(host));
	const char *names[CONFIG_LIST_MAX];
	for (size_t i = 0; i < config->interfaces.count; i++)
		names[i] = config->interfaces.at[i];
	struct capture_live_options options = {
		.interfaces = config->interfaces.count > 0 ? names : NULL,
		.interface_count = config->interfaces.count,
		.also = config->block_self_test > 0 ? SELF_TEST_LINK : NULL,
		.filter = config->filter[0] != '\0' ? config->filter : NULL,
		.fanout_group =
			config->workers > 1 ? (uint16_t)(getpid() % UINT16_MAX + 1) : 0,
		.ring_bytes = config->ring_mib << 20,
		.exclude_port = web_port(web),
		.exclude_addr = host[0] != '\0' ? host : NULL,
	};
	return open_each(config, guard, options, captures, error);
}
