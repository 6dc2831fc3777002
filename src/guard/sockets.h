/*
 * sockets.h: the kernel's list of sockets, by sock_diag(7); private to this room.
 */
#pragma once

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "guard/netlink.h"

/* What a socket is connected to. */
struct addr sockets_remote(const struct inet_diag_msg *socket);

/*
 * Every socket that the request lets through, and the filter, instructions of
 * inet_diag_bc_op, or NULL.  0 or -errno.
 */
typedef void (*sockets_see)(void *to, const struct inet_diag_msg *socket);
int sockets_each(struct mnl_socket *netlink, const struct inet_diag_req_v2 *what,
		 const void *filter, size_t filter_len, sockets_see see, void *to);
