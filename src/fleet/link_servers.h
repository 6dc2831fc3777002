/*
 * link_servers.h: the NATS servers that a person named, taken apart and judged before
 * anything is connected to.
 */
#pragma once

#include <stdbool.h>

#include "fleet/link.h"

enum { LINK_SERVERS_MAX = 16, LINK_SERVER_MAX = 272 };

struct link_servers {
	char text[LINK_SERVERS_MAX][LINK_SERVER_MAX]; /* "tls://a.example.org:4222" */
	int count;
	bool is_tls; /* all of them, or none */
};

/*
 * Addresses with commas between, each nats:// or tls:// and a host, perhaps with a
 * port. False, and a line in error, of anything else.
 */
bool link_servers_read(const char *text, struct link_servers *out,
		       char error[static LINK_ERROR_MAX]);
