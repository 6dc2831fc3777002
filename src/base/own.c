/*
 * own.c: see own.h.
 */
#include "base/own.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct addr));
}

int own_read(struct own *own)
{
	struct ifaddrs *all;
	if (getifaddrs(&all) != 0)
		return -errno;
	own->count = 0;
	for (struct ifaddrs *i = all; i != NULL && own->count < OWN_MAX;
	     i = i->ifa_next)
		own->count += addr_of_socket(i->ifa_addr, &own->at[own->count]);
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
