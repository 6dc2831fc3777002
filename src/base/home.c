/*
 * home.c: the networks that count as ours; see home.h.
 */
#include "base/home.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

bool home_add(struct home *home, const struct prefix *prefix)
{
	for (size_t i = 0; i < home->count; i++)
		if (home->at[i].len == prefix->len &&
		    addr_equal(&home->at[i].addr, &prefix->addr))
			return true;
	if (home->count == HOME_MAX)
		return false;
	home->at[home->count++] = *prefix;
	return true;
}

/* Leading ones of the mask, as bits of the 128; all of them if there is no mask. */
static uint8_t mask_bits(const struct sockaddr *socket, bool is_v4)
{
	struct addr mask;
	if (!addr_of_socket(socket, &mask))
		return 128;
	uint8_t bits = is_v4 ? 96 : 0;
	while (bits < 128 && (mask.ip6[bits / 8] & 0x80 >> bits % 8) != 0)
		bits++;
	return bits;
}

/* All of 127.0.0.0/8 is this machine's, whatever addresses the device has. */
static bool is_loopback(const struct addr *addr)
{
	return addr_is_v4(addr) && addr->ip6[12] == 127;
}

static int add_own(struct home *home, bool only_addresses)
{
	struct ifaddrs *list;
	if (getifaddrs(&list) != 0)
		return -errno;
	bool has_room = true;
	for (struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
		struct addr addr;
		if (!addr_of_socket(at->ifa_addr, &addr))
			continue;
		uint8_t bits = mask_bits(at->ifa_netmask, addr_is_v4(&addr));
		if (only_addresses && !is_loopback(&addr))
			bits = 128;
		struct prefix prefix = prefix_around(&addr, bits);
		has_room &= home_add(home, &prefix);
	}
	freeifaddrs(list);
	return has_room ? 0 : -ENOSPC;
}

int home_add_own(struct home *home)
{
	return add_own(home, false);
}

int home_add_addresses(struct home *home)
{
	return add_own(home, true);
}

int home_link(const struct addr *addr)
{
	struct ifaddrs *list;
	int found = 0;
	if (getifaddrs(&list) != 0)
		return 0;
	for (struct ifaddrs *at = list; at != NULL && found <= 0; at = at->ifa_next) {
		struct addr own;
		if (!addr_of_socket(at->ifa_addr, &own))
			continue;
		struct prefix prefix = prefix_around(
			&own, mask_bits(at->ifa_netmask, addr_is_v4(&own)));
		if (prefix_holds(&prefix, addr))
			found = at->ifa_flags & IFF_RUNNING ? 1 : -1;
	}
	freeifaddrs(list);
	return found;
}

bool home_holds(const struct home *home, const struct addr *addr)
{
	for (size_t i = 0; i < home->count; i++)
		if (prefix_holds(&home->at[i], addr))
			return true;
	return false;
}
