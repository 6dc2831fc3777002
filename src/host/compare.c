/*
 * compare.c: see compare.h.
 */
#include "host/compare.h"

#include <string.h>

static bool is_loopback(const struct addr *addr)
{
	static const struct addr loopback6 = { .ip6 = { [15] = 1 } };
	return addr_is_v4(addr) ? addr->ip6[12] == 127 : addr_equal(addr, &loopback6);
}

const char *listener_reach(const struct host_listener *l)
{
	if (is_loopback(&l->addr) || strcmp(l->iface, "lo") == 0)
		return "loopback";
	if (l->netns != 0)
		return "namespace";
	return l->firewalled == 1 ? "firewalled" : "outside";
}

static bool process_differs(const struct host_listener *a,
			    const struct host_listener *b)
{
	return a->pid != b->pid || a->uid != b->uid || a->processes != b->processes ||
	       a->hidden != b->hidden || strcmp(a->process, b->process) != 0 ||
	       strcmp(a->exe, b->exe) != 0 || strcmp(a->user, b->user) != 0 ||
	       strcmp(a->package, b->package) != 0 || strcmp(a->cgroup, b->cgroup) != 0;
}

bool listeners_differ(const struct host_listener *a, const struct host_listener *b)
{
	return process_differs(a, b) ||
	       strcmp(listener_reach(a), listener_reach(b)) != 0 ||
	       a->dual != b->dual || strcmp(a->iface, b->iface) != 0;
}

bool listeners_are_twins(const struct host_listener *a, const struct host_listener *b)
{
	return a->port == b->port && a->proto == b->proto && a->netns == b->netns &&
	       addr_equal(&a->addr, &b->addr) && strcmp(a->exe, b->exe) == 0 &&
	       strcmp(a->unit, b->unit) == 0 && strcmp(a->container, b->container) == 0;
}
