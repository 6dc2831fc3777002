/*
 * machine_routes.c: whom the kernel's tables name: our addresses, who is at the other
 * end of a point-to-point link, and the next hops of all routes (rtnetlink(7)).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stddef.h>

#include "guard/machine_inside.h"

/* What may be added, to one list. */
struct reading {
	struct never *list;
	uint8_t family;
};

static bool addr_of(uint8_t family, const void *at, size_t len, struct addr *out)
{
	if (family == AF_INET && len >= 4)
		*out = addr_v4(at);
	else if (family == AF_INET6 && len >= 16)
		*out = addr_v6(at);
	else
		return false;
	return true;
}

static void add(struct reading *reading, const struct nlattr *attribute,
		enum never_reason reason)
{
	struct addr addr;
	if (addr_of(reading->family, mnl_attr_get_payload(attribute),
		    mnl_attr_get_payload_len(attribute), &addr))
		machine_add(reading->list, &addr, reason);
}

/* ---- addresses ---- */

struct ends {
	const struct nlattr *address, *local;
};

static int see_ends(const struct nlattr *attribute, void *to)
{
	struct ends *ends = to;
	if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
		ends->address = attribute;
	if (mnl_attr_get_type(attribute) == IFA_LOCAL)
		ends->local = attribute;
	return MNL_CB_OK;
}

static int see_other(const struct nlattr *attribute, void *to)
{
	if (mnl_attr_get_type(attribute) == IFA_ANYCAST)
		add(to, attribute, NEVER_own);
	if (mnl_attr_get_type(attribute) == IFA_BROADCAST)
		add(to, attribute, NEVER_group);
	return MNL_CB_OK;
}

static bool is_same(const struct nlattr *a, const struct nlattr *b)
{
	uint16_t len = mnl_attr_get_payload_len(a);
	return len == mnl_attr_get_payload_len(b) &&
	       memcmp(mnl_attr_get_payload(a), mnl_attr_get_payload(b), len) == 0;
}

/* Where both are told, IFA_ADDRESS may be the other end of the link (if_addr.h). */
static void add_ends(struct reading *reading, const struct ends *ends)
{
	bool has_peer = ends->local != NULL && ends->address != NULL &&
			!is_same(ends->local, ends->address);
	if (ends->local != NULL)
		add(reading, ends->local, NEVER_own);
	if (ends->address != NULL)
		add(reading, ends->address, has_peer ? NEVER_gateway : NEVER_own);
}

static int see_address(const struct nlmsghdr *message, void *to)
{
	struct reading *reading = to;
	struct ends ends = { NULL, NULL };
	const struct ifaddrmsg *body = mnl_nlmsg_get_payload(message);
	if (message->nlmsg_type != RTM_NEWADDR ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*body))
		return MNL_CB_OK;
	reading->family = body->ifa_family;
	mnl_attr_parse(message, sizeof(*body), see_ends, &ends);
	add_ends(reading, &ends);
	mnl_attr_parse(message, sizeof(*body), see_other, reading);
	return MNL_CB_OK;
}

/* ---- routes ---- */

static void add_via(struct reading *reading, const struct nlattr *attribute)
{
	const struct rtvia *via = mnl_attr_get_payload(attribute);
	size_t len = mnl_attr_get_payload_len(attribute);
	struct addr addr;
	if (len > sizeof(*via) && addr_of((uint8_t)via->rtvia_family, via->rtvia_addr,
					  len - sizeof(*via), &addr))
		machine_add(reading->list, &addr, NEVER_gateway);
}

static int see_hop(const struct nlattr *attribute, void *to)
{
	if (mnl_attr_get_type(attribute) == RTA_GATEWAY)
		add(to, attribute, NEVER_gateway);
	else if (mnl_attr_get_type(attribute) == RTA_VIA)
		add_via(to, attribute);
	return MNL_CB_OK;
}

static void see_hops(struct reading *reading, const struct nlattr *attribute)
{
	const char *at = mnl_attr_get_payload(attribute);
	size_t left = mnl_attr_get_payload_len(attribute);
	struct rtnexthop hop;
	while (left >= sizeof(hop)) {
		memcpy(&hop, at, sizeof(hop));
		size_t step = RTNH_ALIGN(hop.rtnh_len);
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left)
			break;
		mnl_attr_parse_payload(at + sizeof(hop), hop.rtnh_len - sizeof(hop),
				       see_hop, reading);
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
}

static int see_route_attribute(const struct nlattr *attribute, void *to)
{
	if (mnl_attr_get_type(attribute) == RTA_MULTIPATH)
		see_hops(to, attribute);
	else
		see_hop(attribute, to);
	return MNL_CB_OK;
}

static int see_route(const struct nlmsghdr *message, void *to)
{
	struct reading *reading = to;
	const struct rtmsg *body = mnl_nlmsg_get_payload(message);
	if (message->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*body))
		return MNL_CB_OK;
	reading->family = body->rtm_family;
	mnl_attr_parse(message, sizeof(*body), see_route_attribute, reading);
	return MNL_CB_OK;
}

static int see_nexthop_attribute(const struct nlattr *attribute, void *to)
{
	if (mnl_attr_get_type(attribute) == NHA_GATEWAY)
		add(to, attribute, NEVER_gateway);
	return MNL_CB_OK;
}

/* Routes that name one by its number tell no gateway (ip-nexthop(8)). */
static int see_nexthop(const struct nlmsghdr *message, void *to)
{
	struct reading *reading = to;
	const struct nhmsg *body = mnl_nlmsg_get_payload(message);
	if (message->nlmsg_type != RTM_NEWNEXTHOP ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*body))
		return MNL_CB_OK;
	reading->family = body->nh_family;
	mnl_attr_parse(message, sizeof(*body), see_nexthop_attribute, reading);
	return MNL_CB_OK;
}

/* ---- all of it ---- */

static int dump(struct mnl_socket *socket, uint16_t type, mnl_cb_t see,
		struct reading *reading)
{
	char room[64] __attribute__((aligned(8)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(room);
	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	/* ifaddrmsg, nhmsg and rtmsg with nothing but zeros: of every family. */
	mnl_nlmsg_put_extra_header(request, type == RTM_GETNEXTHOP
						    ? sizeof(struct nhmsg)
						    : sizeof(struct rtmsg));
	return netlink_ask(socket, request, see, reading);
}

int machine_read_routes(struct mnl_socket *socket, struct never *list)
{
	struct reading reading = { .list = list };
	int error = dump(socket, RTM_GETADDR, see_address, &reading);
	int of_routes = dump(socket, RTM_GETROUTE, see_route, &reading);
	/* Older kernels have no such thing. */
	int of_hops = dump(socket, RTM_GETNEXTHOP, see_nexthop, &reading);
	if (of_hops == -EOPNOTSUPP)
		of_hops = 0;
	return error != 0 ? error : of_routes != 0 ? of_routes : of_hops;
}
