/*
 * netlink.h: questions to the kernel by netlink(7), and all of what it answers; private
 * to this room.
 */
#pragma once

#include <libmnl/libmnl.h>

enum { NETLINK_ROOM = 32768 }; /* the kernel never fills more at a time in a dump */

/* NULL and errno.  An answer that does not come is waited for two seconds. */
struct mnl_socket *netlink_open(int bus);

/*
 * Sends a request, which asks for a dump or an acknowledgement, and shows each message
 * of the answer (see: may be NULL).  0 or -errno; -EINTR: it changed meanwhile, and
 * some may be missing.
 */
int netlink_ask(struct mnl_socket *socket, struct nlmsghdr *request, mnl_cb_t see,
		void *to);
