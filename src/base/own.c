/*
 * own.c: see own.h.
 */
#include "base/own.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct addr));
}

static bool take(const struct sockaddr *at, struct addr *out)
{
	if (at == NULL)
		return false;
	if (at->sa_family == AF_INET)
		*out = addr_v4(
			&((const struct sockaddr_in *)(const void *)at)->sin_addr);
	else if (at->sa_family == AF_INET6)
		*out = addr_v6(
			&((const struct sockaddr_in6 *)(const void *)at)->sin6_addr);
	else
		return false;
	return true;
}

int own_read(struct own *own)
{
	struct ifaddrs *all;
	if (getifaddrs(&all) != 0)
		return -errno;
	own->count = 0;
	for (struct ifaddrs *i = all; i != NULL && own->count < OWN_MAX;
	     i = i->ifa_next)
		own->count += take(i->ifa_addr, &own->at[own->count]);
	freeifaddrs(all);
	qsort(own->at, own->count, sizeof(own->at[0]), by_bytes);
	return 0;
}

bool own_holds(const struct own *own, const struct addr *addr)
{
	if (addr_is_v4(addr) && addr->ip6[12] == 127)
		return true;
	return bsearch(addr, own->at, own->count, sizeof(own->at[0]), by_bytes) != NULL;
}
