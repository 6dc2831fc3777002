/*
 * road.c: see road.h.
 */
#include "scan/road.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/endpoint.h"
#include "scan/routing.h"

enum {
	DISCARD_PORT = 9, /* RFC 863 */
	TRIES = 250,      /* half a second, until a neighbour is given up */
	TRY_NS = 2000000,
};

static int datagram_socket(const struct addr *to)
{
	int fd = socket(addr_is_v4(to) ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC,
			0);
	return fd < 0 ? -errno : fd;
}

int road_source(const struct addr *to, struct addr *out)
{
	union endpoint end;
	socklen_t len = endpoint_set(&end, to, DISCARD_PORT, 0);
	int fd = datagram_socket(to);
	if (fd < 0)
		return fd;
	int error = connect(fd, &end.any, len) < 0 ? -errno : 0;
	len = sizeof(end);
	if (error == 0 && getsockname(fd, &end.any, &len) < 0)
		error = -errno;
	close(fd);
	if (error == 0 && !addr_of_socket(&end.any, out))
		error = -EAFNOSUPPORT;
	return error;
}

/* False if frames on it have no Ethernet header. */
static bool hardware_address(int interface, uint8_t mac[6])
{
	struct ifreq request = { 0 };
	if (if_indextoname((unsigned)interface, request.ifr_name) == NULL)
		return false;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool is_known = ioctl(fd, SIOCGIFHWADDR, &request) == 0 &&
			request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
	close(fd);
	if (is_known)
		memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	return is_known;
}

/* An empty datagram makes the kernel ask for a neighbour it does not know. */
static void provoke(int interface, const struct addr *neighbour)
{
	union endpoint end;
	socklen_t len = endpoint_set(&end, neighbour, DISCARD_PORT, interface);
	int fd = datagram_socket(neighbour);
	if (fd < 0)
		return;
	sendto(fd, "", 0, MSG_DONTWAIT, &end.any, len);
	close(fd);
}

static bool neighbour_address(int interface, const struct addr *neighbour,
			      bool may_wait, uint8_t mac[6])
{
	if (routing_neighbour(interface, neighbour, mac))
		return true;
	if (!may_wait)
		return false;
	provoke(interface, neighbour);
	for (int i = 0; i < TRIES; i++) {
		const struct timespec pause = { .tv_nsec = TRY_NS };
		if (routing_neighbour(interface, neighbour, mac))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool can_take_frames(const struct target_range *range, const struct route *route,
			    bool may_wait, struct road *road)
{
	bool is_one = route->has_gateway || range->count == 1;
	const struct addr *next = route->has_gateway ? &route->gateway : &range->first;
	if (route->is_local || route->interface == 0 || !is_one ||
	    !hardware_address(route->interface, road->frame_head + 6) ||
	    !routing_is_even(range) ||
	    !neighbour_address(route->interface, next, may_wait, road->frame_head))
		return false;
	bool is_v4 = addr_is_v4(&range->first);
	road->frame_head[12] = is_v4 ? 0x08 : 0x86;
	road->frame_head[13] = is_v4 ? 0x00 : 0xdd;
	return true;
}

int road_find(const struct target_range *range, bool may_wait, struct road *out)
{
	struct route route;
	*out = (struct road){ .by_frames = false };
	int error = road_source(&range->first, &out->source);
	if (error == 0)
		error = routing_lookup(&range->first, &route);
	if (error != 0)
		return error;
	out->interface = route.interface;
	out->by_frames = can_take_frames(range, &route, may_wait, out);
	return 0;
}
