/*
 * sessions.h: ends the sessions that somebody has who is blocked from now on.
 *
 * Sockets of this machine end by SOCK_DESTROY (sock_diag(7), CONFIG_INET_DIAG_DESTROY):
 * the kernel sends a reset, and the program sees ECONNABORTED.  What is forwarded, or
 * translated to a container, is forgotten by connection tracking.  Where neither can be
 * had, nothing is pretended: a reset made by hand needs sequence numbers that only the
 * kernel has.  Each one is compared with what was asked before it is touched.
 *
 * For the network namespace that sessions_open() was called in.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct session_target {
	struct prefix prefix; /* of the other side */
	uint16_t port;        /* ours; 0: all */
	uint8_t proto;        /* IPPROTO_TCP or UDP; 0: both */
	/* Filled; a socket's connection may be tracked as well: ended is the greater.
	 */
	uint32_t sockets, tracked, ended;
};

struct sessions;

/* NULL and errno. */
struct sessions *sessions_open(void);
void sessions_close(struct sessions *sessions);

/* 0; or -errno, why not: -EOPNOTSUPP if this kernel can't end sockets. */
int sessions_socket_error(const struct sessions *sessions);
int sessions_tracking_error(const struct sessions *sessions);

/*
 * One pass over sockets and tracked connections for all of them, however many.  0, or
 * -errno if some may go on; what can't be had at all is no error of a pass.
 */
int sessions_end(struct sessions *sessions, struct session_target *targets,
		 size_t count);
