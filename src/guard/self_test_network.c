/*
 * self_test_network.c: see self_test_network.h.
 *
 * Both ends have their address alone and a route to the other's, no network: so neither
 * version needs a rule of its own, and nobody else is found there.
 */
#include "guard/self_test_network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/netlink.h"

enum {
	/* A route to a network that large is to everywhere, and no use of the address.
	 */
	EVERYWHERE_BITS = 8,
	REQUEST_ROOM = 1024,
};

#define THEIR_LINK "inside"

struct self_test_network {
	int home; /* our own namespace */
	struct mnl_socket *ours, *theirs;
	bool is_inside;
};

struct request {
	char bytes[REQUEST_ROOM] __attribute__((aligned(8)));
	struct nlmsghdr *head;
};

/* ---- messages ---- */

static void *begin(struct request *request, uint16_t type, uint16_t flags, size_t size)
{
	memset(request->bytes, 0, sizeof(request->bytes));
	request->head = mnl_nlmsg_put_header(request->bytes);
	request->head->nlmsg_type = type;
	request->head->nlmsg_flags = NLM_F_REQUEST | flags;
	return mnl_nlmsg_put_extra_header(request->head, size);
}

static void put_addr(struct request *request, uint16_t type, const struct addr *addr)
{
	if (addr_is_v4(addr))
		mnl_attr_put(request->head, type, 4, addr->ip6 + 12);
	else
		mnl_attr_put(request->head, type, sizeof(addr->ip6), addr->ip6);
}

static uint8_t family_of(const struct addr *addr)
{
	return addr_is_v4(addr) ? AF_INET : AF_INET6;
}

static uint8_t bits_of(const struct addr *addr)
{
	return addr_is_v4(addr) ? 32 : 128;
}

/* ---- whether the addresses are free ---- */

static int see_route(const struct nlmsghdr *message, void *to)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	int *bits = to;
	if (message->nlmsg_type == RTM_NEWROUTE &&
	    mnl_nlmsg_get_payload_len(message) >= sizeof(*route))
		*bits = route->rtm_dst_len;
	return MNL_CB_OK;
}

/* Of no route to it, or one to everywhere, the address is nobody's here. */
static bool is_free(struct self_test_network *network, const struct addr *addr)
{
	struct request request;
	int bits = 0;
	struct rtmsg *route = begin(&request, RTM_GETROUTE, NLM_F_ACK, sizeof(*route));
	route->rtm_family = family_of(addr);
	route->rtm_dst_len = bits_of(addr);
	route->rtm_flags = RTM_F_FIB_MATCH;
	put_addr(&request, RTA_DST, addr);
	int error = netlink_ask(network->ours, request.head, see_route, &bits);
	return error != 0 || bits <= EVERYWHERE_BITS;
}

/* ---- links ---- */

/* One that has an address of its own making talks to others. */
static void put_no_address(struct request *request)
{
	struct nlattr *all = mnl_attr_nest_start(request->head, IFLA_AF_SPEC);
	struct nlattr *ip6 = mnl_attr_nest_start(request->head, AF_INET6);
	mnl_attr_put_u8(request->head, IFLA_INET6_ADDR_GEN_MODE,
			IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(request->head, ip6);
	mnl_attr_nest_end(request->head, all);
}

/* From inside, so that the other end needs no name of where inside is. */
static int make_links(struct self_test_network *network)
{
	struct request request;
	begin(&request, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
	      sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request.head, IFLA_IFNAME, THEIR_LINK);
	struct nlattr *info = mnl_attr_nest_start(request.head, IFLA_LINKINFO);
	mnl_attr_put_strz(request.head, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(request.head, IFLA_INFO_DATA);
	struct nlattr *peer = mnl_attr_nest_start(request.head, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(request.head, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request.head, IFLA_IFNAME, SELF_TEST_LINK);
	mnl_attr_put_u32(request.head, IFLA_NET_NS_FD, (uint32_t)network->home);
	mnl_attr_nest_end(request.head, peer);
	mnl_attr_nest_end(request.head, data);
	mnl_attr_nest_end(request.head, info);
	return netlink_ask(network->theirs, request.head, NULL, NULL);
}

static int see_index(const struct nlmsghdr *message, void *to)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	int *index = to;
	if (message->nlmsg_type == RTM_NEWLINK &&
	    mnl_nlmsg_get_payload_len(message) >= sizeof(*link))
		*index = link->ifi_index;
	return MNL_CB_OK;
}

/* Its number, or -errno. */
static int find_link(struct mnl_socket *socket, const char *name)
{
	struct request request;
	int index = 0;
	begin(&request, RTM_GETLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request.head, IFLA_IFNAME, name);
	int error = netlink_ask(socket, request.head, see_index, &index);
	if (error != 0)
		return error;
	return index > 0 ? index : -ENODEV;
}

static int raise(struct mnl_socket *socket, int index)
{
	struct request request;
	struct ifinfomsg *link = begin(&request, RTM_NEWLINK, NLM_F_ACK, sizeof(*link));
	link->ifi_index = index;
	put_no_address(&request);
	/* A machine without IPv6 has no such thing. */
	netlink_ask(socket, request.head, NULL, NULL);
	link = begin(&request, RTM_NEWLINK, NLM_F_ACK, sizeof(*link));
	link->ifi_index = index;
	link->ifi_flags = link->ifi_change = IFF_UP;
	return netlink_ask(socket, request.head, NULL, NULL);
}

/* ---- addresses and routes ---- */

static int add_address(struct mnl_socket *socket, int index, const struct addr *addr)
{
	struct request request;
	struct ifaddrmsg *head =
		begin(&request, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
		      sizeof(*head));
	head->ifa_family = family_of(addr);
	head->ifa_prefixlen = bits_of(addr);
	head->ifa_index = (uint32_t)index;
	put_addr(&request, IFA_LOCAL, addr);
	put_addr(&request, IFA_ADDRESS, addr);
	/* Nobody else is there who could have it. */
	mnl_attr_put_u32(request.head, IFA_FLAGS, IFA_F_NODAD);
	return netlink_ask(socket, request.head, NULL, NULL);
}

static int add_route(struct mnl_socket *socket, int index, const struct addr *to)
{
	struct request request;
	struct rtmsg *route =
		begin(&request, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
		      sizeof(*route));
	route->rtm_family = family_of(to);
	route->rtm_dst_len = bits_of(to);
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = addr_is_v4(to) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	put_addr(&request, RTA_DST, to);
	mnl_attr_put_u32(request.head, RTA_OIF, (uint32_t)index);
	return netlink_ask(socket, request.head, NULL, NULL);
}

static int set_up(struct mnl_socket *socket, const char *name, const struct addr *own,
		  const struct addr *other)
{
	int index = find_link(socket, name);
	int error = index < 0 ? index : raise(socket, index);
	if (error == 0)
		error = add_address(socket, index, own);
	return error != 0 ? error : add_route(socket, index, other);
}

/* ---- all of it ---- */

struct self_test_network *self_test_network_new(void)
{
	struct self_test_network *network = calloc(1, sizeof(*network));
	if (network != NULL)
		network->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return network;
}

void self_test_network_clean(struct self_test_network *network)
{
	struct request request;
	if (network->ours == NULL)
		network->ours = netlink_open(NETLINK_ROUTE);
	if (network->ours == NULL)
		return;
	begin(&request, RTM_DELLINK, NLM_F_ACK, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request.head, IFLA_IFNAME, SELF_TEST_LINK);
	netlink_ask(network->ours, request.head, NULL, NULL);
}

static int go_inside(struct self_test_network *network)
{
	if (network->home < 0)
		return -EPERM;
	if (unshare(CLONE_NEWNET) != 0)
		return -errno;
	network->is_inside = true;
	network->theirs = netlink_open(NETLINK_ROUTE);
	return network->theirs != NULL ? 0 : -errno;
}

int self_test_network_open(struct self_test_network *network,
			   const struct self_test_order *order)
{
	self_test_network_clean(network);
	if (network->ours == NULL)
		return -errno;
	if (!is_free(network, &order->ours) || !is_free(network, &order->theirs))
		return -EADDRINUSE;
	int error = go_inside(network);
	if (error == 0)
		error = make_links(network);
	if (error == 0)
		error = set_up(network->theirs, THEIR_LINK, &order->theirs,
			       &order->ours);
	if (error == 0)
		error = set_up(network->ours, SELF_TEST_LINK, &order->ours,
			       &order->theirs);
	return error;
}

void self_test_network_close(struct self_test_network *network)
{
	self_test_network_clean(network);
	if (network->theirs != NULL)
		mnl_socket_close(network->theirs);
	network->theirs = NULL;
	/* Who can't go back is of no use any more: another one begins at home. */
	if (network->is_inside && setns(network->home, CLONE_NEWNET) != 0)
		_exit(EXIT_FAILURE);
	network->is_inside = false;
}
