/*
 * calls_hub.c: the system calls of a hub: those of the daemon, and the network, as it
 * talks to servers and databases itself; see calls.h.
 */
#include <sys/socket.h>

#include "guard/calls.h"
#include "guard/calls_inside.h"

/* By name, so UDP, too; libcurl wakes itself by a pair of sockets. */
static int fill_hub(scmp_filter_ctx filter)
{
	static const int families[] = { AF_INET, AF_INET6 };
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	int error = calls_fill_daemon_or_hub(filter);
	if (error == 0)
		error = calls_allow_stream_pair(filter);
	for (size_t i = 0; i < 4 && error == 0; i++)
		error = calls_allow_type(filter, families[i / 2], types[i % 2], 0);
	return error;
}

int calls_limit_hub(void)
{
	return calls_limit(calls_fill_common, fill_hub);
}
