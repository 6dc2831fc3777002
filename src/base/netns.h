/*
 * netns.h: network namespaces, by the names that ip-netns(8) gives them.
 */
#pragma once

#include <stdbool.h>

enum { NETNS_NAME_MAX = 64 }; /* with the NUL */

/* Could it be a file in /run/netns? */
bool netns_is_name(const char *text);

/* This thread's sockets are made there from now on.  0 or -errno. */
int netns_enter(const char *name);

/*
 * A socket as socket(2) makes it, in that namespace, by going there and back.  -1 and
 * errno; ENOENT: there is none of that name; EPERM: that takes CAP_SYS_ADMIN.
 */
int netns_socket(const char *name, int family, int type, int protocol);
