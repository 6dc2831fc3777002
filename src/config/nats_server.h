/*
 * nats_server.h: the address of a NATS server as fleet.servers, hubs and tokens have
 * it: tls://HOST:PORT, or nats:// for one without TLS.  HOST is a name or an address,
 * an IPv6 one in brackets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum { NATS_HOST_MAX = 254 }; /* with its NUL: DNS has none that are longer */

struct nats_server {
	char host[NATS_HOST_MAX]; /* without brackets */
	uint16_t port;            /* 0: none is given, so the usual one */
	bool is_tls;
};

/* The first len bytes of text, without blanks around.  False: that is no such address.
 */
bool nats_server_read(const char *text, size_t len, struct nats_server *out);
/* Where it is, if that is written there; false: a name is, or it is no such address. */
bool nats_server_addr(const char *text, struct addr *out);
