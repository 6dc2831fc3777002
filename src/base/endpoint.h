/*
 * endpoint.h: an address and port as the kernel takes it.
 */
#pragma once

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"

union endpoint {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Returns its length; scope: an interface's number, for addresses of one link. */
static inline socklen_t endpoint_set(union endpoint *out, const struct addr *addr,
				     uint16_t port, int scope)
{
	memset(out, 0, sizeof(*out));
	if (addr_is_v4(addr)) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		memcpy(&out->v4.sin_addr, addr->ip6 + 12, sizeof(out->v4.sin_addr));
		return sizeof(out->v4);
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(port);
	out->v6.sin6_scope_id = (uint32_t)scope;
	memcpy(&out->v6.sin6_addr, addr->ip6, sizeof(out->v6.sin6_addr));
	return sizeof(out->v6);
}

static inline uint16_t endpoint_port(const union endpoint *end)
{
	return ntohs(end->any.sa_family == AF_INET ? end->v4.sin_port
						   : end->v6.sin6_port);
}
