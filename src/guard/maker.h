/*
 * maker.h: who makes the prober's sockets in other network namespaces; private to this
 * room.
 *
 * setns(2) takes CAP_SYS_ADMIN, which nobody may have who reads strangers' bytes.  The
 * maker has it, reads nothing but messages of one size from the prober, and may do
 * nothing but open a file in /run/netns, go there, make a socket of IP and hand it
 * over.  It is forked before the keeper, and serves one prober after the other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netns.h"

struct maker_request {
	uint64_t id; /* one prober may have ended before it had its answer */
	char name[NETNS_NAME_MAX];
	int32_t family, type, protocol;
	uint32_t zero;
};

struct maker_answer {
	uint64_t id;
	int32_t error; /* 0 or -errno */
	uint32_t zero;
};

/* False if these bytes are no request that a prober of ours makes. */
bool maker_parse(const void *bytes, size_t len, struct maker_request *out);

/* Forks it; user: whom it becomes.  In the parent its socket, or -errno. */
int maker_begin(const char *user);
/* As netns_socket(), by asking the maker at that socket. */
int maker_ask(int maker, const char *name, int family, int type, int protocol);
