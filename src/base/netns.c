/*
 * netns.c: see netns.h.
 */
#include "base/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char folder[] = "/run/netns";

bool netns_is_name(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len < NETNS_NAME_MAX && strchr(text, '/') == NULL &&
	       strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

int netns_enter(const char *name)
{
	char path[sizeof(folder) + NETNS_NAME_MAX];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int there = open(path, O_RDONLY | O_CLOEXEC);
	if (there < 0)
		return -errno;
	int error = setns(there, CLONE_NEWNET) == 0 ? 0 : -errno;
	close(there);
	/* What is left of a namespace that is gone is an ordinary file. */
	return error == -EINVAL ? -ENOENT : error;
}

int netns_socket(const char *name, int family, int type, int protocol)
{
	int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd = -1, error = own < 0 ? -errno : netns_enter(name);
	if (error == 0) {
		fd = socket(family, type, protocol);
		error = fd < 0 ? -errno : 0;
		/* Everything else would be asked in the wrong network. */
		if (setns(own, CLONE_NEWNET) != 0)
			abort();
	}
	if (own >= 0)
		close(own);
	errno = -error;
	return fd;
}
