/*
 * link_servers.c: see link_servers.h.
 */
#include "fleet/link_servers.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/nats_server.h"

enum { TOLD_MAX = 100 };

/* The next one, without blanks around it; its length, and *text after its comma. */
static const char *next_address(const char **text, size_t *len)
{
	const char *start = *text + strspn(*text, " \t");
	*len = strcspn(start, ",");
	*text = start + *len + (start[*len] == ',');
	while (*len > 0 && isblank((unsigned char)start[*len - 1]))
		(*len)--;
	return start;
}

static bool take_address(const char *start, size_t len, struct link_servers *out,
			 char error[static LINK_ERROR_MAX])
{
	if (out->count == LINK_SERVERS_MAX) {
		snprintf(error, LINK_ERROR_MAX, "more than %d servers are named",
			 LINK_SERVERS_MAX);
		return false;
	}
	struct nats_server server;
	if (len >= LINK_SERVER_MAX || !nats_server_read(start, len, &server)) {
		snprintf(error, LINK_ERROR_MAX,
			 "\"%.*s\" is no server: write tls://HOST:PORT, or nats:// for "
			 "one without TLS",
			 (int)(len < TOLD_MAX ? len : TOLD_MAX), start);
		return false;
	}
	if (out->count > 0 && server.is_tls != out->is_tls) {
		snprintf(
			error, LINK_ERROR_MAX,
			"some servers are tls:// and others nats://: all are to be the "
			"same");
		return false;
	}
	out->is_tls = server.is_tls;
	snprintf(out->text[out->count++], LINK_SERVER_MAX, "%.*s", (int)len, start);
	return true;
}

bool link_servers_read(const char *text, struct link_servers *out,
		       char error[static LINK_ERROR_MAX])
{
	*out = (struct link_servers){ 0 };
	while (*text != '\0') {
		size_t len = 0;
		const char *start = next_address(&text, &len);
		if (!take_address(start, len, out, error))
			return false;
	}
	if (out->count == 0)
		snprintf(error, LINK_ERROR_MAX, "no server is named");
	return out->count > 0;
}
