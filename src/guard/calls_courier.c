/*
 * calls_courier.c: the system calls of who talks to the hubs; see calls.h.
 */
#include <stddef.h>
#include <sys/socket.h>

#include "guard/calls.h"
#include "guard/calls_inside.h"

/* TCP to the servers, UDP to who resolves their names. */
int calls_allow_network(scmp_filter_ctx filter)
{
	static const int netlink[] = { AF_NETLINK }, families[] = { AF_INET, AF_INET6 };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	int error = calls_limit_unix_sockets(filter);
	if (error == 0)
		error = calls_allow_families(filter, netlink, 1);
	for (int i = 0; i < 2 && error == 0; i++)
		for (int j = 0; j < 2 && error == 0; j++)
			error = calls_allow_type(filter, families[i], types[j], 0);
	return error != 0 ? error : calls_allow_ioctls_of_sockets(filter);
}

/* It reads batches, removes them and notes how far it is, sets bad ones aside, and
 * hears of new ones. */
static int fill_courier(scmp_filter_ctx filter)
{
	static const char *const calls[] = { "fdatasync",     "fsync",
					     "ftruncate",     "inotify_add_watch",
					     "inotify_init1", "inotify_rm_watch",
					     "open",          "openat",
					     "rename",        "renameat",
					     "renameat2",     "unlink",
					     "unlinkat",      NULL };
	int error = calls_allow(filter, calls);
	return error != 0 ? error : calls_allow_network(filter);
}

int calls_limit_courier(void)
{
	return calls_limit(calls_fill_common, fill_courier);
}
