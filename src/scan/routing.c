/*
 * routing.c: see routing.h.
 */
#include "scan/routing.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 32768, ADDRESS_MAX = 16 };

static struct addr addr_of(int family, const void *bytes)
{
	return family == AF_INET ? addr_v4(bytes) : addr_v6(bytes);
}

static size_t addr_len(int family)
{
	return family == AF_INET ? 4 : ADDRESS_MAX;
}

static int family_of(const struct addr *addr)
{
	return addr_is_v4(addr) ? AF_INET : AF_INET6;
}

/* 1: more is to come; 0 or -errno: that was all. */
static int take_answer(const struct nlmsghdr *message, size_t len, routing_see see,
		       void *self)
{
	for (; NLMSG_OK(message, len); message = NLMSG_NEXT(message, len)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = NLMSG_DATA(message);
			return error->error;
		}
		see(self, message);
	}
	return 1;
}

int routing_ask(const struct nlmsghdr *request, routing_see see, void *self)
{
	union {
		struct nlmsghdr aligned;
		uint8_t bytes[ANSWER_MAX];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	int more = send(fd, request, request->nlmsg_len, 0) < 0 ? -errno : 1;
	while (more > 0) {
		ssize_t len = recv(fd, &answer, sizeof(answer), 0);
		if (len >= 0)
			more = take_answer(&answer.aligned, (size_t)len, see, self);
		else if (errno != EINTR)
			more = -errno;
	}
	close(fd);
	return more;
}

/* ---- the route to one address ---- */

static void see_route(void *self, const struct nlmsghdr *message)
{
	struct route *route = self;
	const struct rtmsg *body = NLMSG_DATA(message);
	if (message->nlmsg_type != RTM_NEWROUTE)
		return;
	route->is_local = body->rtm_type == RTN_LOCAL;
	route->len = body->rtm_dst_len;
	int left = (int)RTM_PAYLOAD(message);
	for (const struct rtattr *a = RTM_RTA(body); RTA_OK(a, left);
	     a = RTA_NEXT(a, left)) {
		if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) >= sizeof(int))
			memcpy(&route->interface, RTA_DATA(a), sizeof(int));
		if (a->rta_type == RTA_GATEWAY &&
		    RTA_PAYLOAD(a) >= addr_len(body->rtm_family)) {
			route->has_gateway = true;
			route->gateway = addr_of(body->rtm_family, RTA_DATA(a));
		}
		/* IPv4 by an IPv6 neighbour (RFC 5549): the kernel does that. */
		if (a->rta_type == RTA_VIA)
			route->interface = 0;
	}
}

static int look_up(const struct addr *to, unsigned flags, struct route *out)
{
	int family = family_of(to);
	size_t len = addr_len(family);
	struct {
		struct nlmsghdr header;
		struct rtmsg body;
		struct rtattr attribute;
		uint8_t address[ADDRESS_MAX];
	} request = {
		.header = { .nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(struct rtmsg)) +
						    RTA_LENGTH(len)),
			    .nlmsg_type = RTM_GETROUTE,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.body = { .rtm_family = (uint8_t)family,
			  .rtm_dst_len = (uint8_t)(len * 8),
			  .rtm_flags = flags },
		.attribute = { .rta_len = (uint16_t)RTA_LENGTH(len),
			       .rta_type = RTA_DST },
	};
	memcpy(request.address, to->ip6 + ADDRESS_MAX - len, len);
	*out = (struct route){ .interface = 0 };
	return routing_ask(&request.header, see_route, out);
}

int routing_lookup(const struct addr *to, struct route *out)
{
	return look_up(to, 0, out);
}

int routing_match(const struct addr *to, struct route *out)
{
	return look_up(to, RTM_F_FIB_MATCH, out);
}

/* ---- whether one route leads to all of a range ---- */

struct evenness {
	struct addr first, last;
	int family;
	bool is_even;
};

static bool is_between(const struct addr *addr, const struct evenness *range)
{
	return memcmp(addr->ip6, range->first.ip6, sizeof(addr->ip6)) >= 0 &&
	       memcmp(addr->ip6, range->last.ip6, sizeof(addr->ip6)) <= 0;
}

/* A route for some of the range: it ends or begins within. */
static void see_other_route(void *self, const struct nlmsghdr *message)
{
	struct evenness *range = self;
	const struct rtmsg *body = NLMSG_DATA(message);
	if (message->nlmsg_type != RTM_NEWROUTE || body->rtm_family != range->family)
		return;
	int left = (int)RTM_PAYLOAD(message);
	for (const struct rtattr *a = RTM_RTA(body); RTA_OK(a, left);
	     a = RTA_NEXT(a, left)) {
		if (a->rta_type != RTA_DST ||
		    RTA_PAYLOAD(a) < addr_len(body->rtm_family))
			continue;
		struct prefix to = { .addr = addr_of(body->rtm_family, RTA_DATA(a)),
				     .len = (uint8_t)(body->rtm_dst_len + 128 -
						      8 * addr_len(body->rtm_family)) };
		bool has_first = prefix_holds(&to, &range->first);
		bool has_last = prefix_holds(&to, &range->last);
		if (has_first != has_last ||
		    (!has_first && is_between(&to.addr, range)))
			range->is_even = false;
	}
}

bool routing_is_even(const struct target_range *range)
{
	struct evenness evenness = { .first = range->first,
				     .last = target_range_last(range),
				     .family = family_of(&range->first),
				     .is_even = true };
	struct {
		struct nlmsghdr header;
		struct rtmsg body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETROUTE,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .rtm_family = (uint8_t)evenness.family },
	};
	return range->count == 1 ||
	       (routing_ask(&request.header, see_other_route, &evenness) == 0 &&
		evenness.is_even);
}

/* ---- a neighbour's hardware address ---- */

struct neighbour {
	int interface;
	struct addr addr;
	bool is_known;
	uint8_t mac[6];
};

static void see_neighbour(void *self, const struct nlmsghdr *message)
{
	static const unsigned valid = NUD_REACHABLE | NUD_STALE | NUD_DELAY |
				      NUD_PROBE | NUD_PERMANENT | NUD_NOARP;
	struct neighbour *wanted = self;
	const struct ndmsg *body = NLMSG_DATA(message);
	if (message->nlmsg_type != RTM_NEWNEIGH ||
	    body->ndm_ifindex != wanted->interface || (body->ndm_state & valid) == 0)
		return;
	bool is_it = false;
	const uint8_t *mac = NULL;
	int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof(*body)));
	const struct rtattr *a =
		(const void *)((const uint8_t *)body + NLMSG_ALIGN(sizeof(*body)));
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == NDA_DST &&
		    RTA_PAYLOAD(a) == addr_len(body->ndm_family)) {
			struct addr addr = addr_of(body->ndm_family, RTA_DATA(a));
			is_it = addr_equal(&addr, &wanted->addr);
		}
		if (a->rta_type == NDA_LLADDR && RTA_PAYLOAD(a) == sizeof(wanted->mac))
			mac = RTA_DATA(a);
	}
	if (!is_it || mac == NULL)
		return;
	memcpy(wanted->mac, mac, sizeof(wanted->mac));
	wanted->is_known = true;
}

bool routing_neighbour(int interface, const struct addr *neighbour, uint8_t mac[6])
{
	struct neighbour wanted = { .interface = interface, .addr = *neighbour };
	struct {
		struct nlmsghdr header;
		struct ndmsg body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETNEIGH,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .ndm_family = (uint8_t)family_of(neighbour) },
	};
	if (routing_ask(&request.header, see_neighbour, &wanted) != 0 ||
	    !wanted.is_known)
		return false;
	memcpy(mac, wanted.mac, sizeof(wanted.mac));
	return true;
}
