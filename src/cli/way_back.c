/*
 * way_back.c: see way_back.h.
 *
 * Said is only what is certain.  A default route is often shared by several lines
 * (RFC 3704 2.2), so it contradicts nothing.  A frame is seen on the port of a bridge,
 * the part of a bond or the carrier of a VLAN, too, whose names no route knows.  What
 * leaves by the interface, as a gateway sees it after translation, has not come by it.
 * And what only listens to a mirror has no address.
 */
#include "cli/way_back.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "base/link_dump.h"
#include "scan/routing.h"

enum {
	LINKS_MAX = 128, /* more are a host of containers, which is left alone */
	STOREYS_MAX = 4, /* such as a VLAN of a bond of a bridge */
	V4_LEN_MIN = 8,  /* a VPN halves the default route, or quarters it */
	V6_LEN_MIN = 16, /* 2000::/3 is a default route */
};

struct link {
	int number, upper, lower; /* whose part it is, and on what it stands; 0: none */
	bool is_ethernet;
	bool is_marked;
	char name[IF_NAMESIZE];
};

struct links {
	struct link at[LINKS_MAX];
	size_t count;
	bool are_clear; /* these are all, and none is confusing */
};

/* ---- interfaces that stand on each other ---- */

/*
 * A VRF has a table of its own; and what comes in tunnels is seen where they end, under
 * the name of the outer interface.
 */
static bool is_confusing(const struct rtattr *info)
{
	static const char *const kinds[] = { "vrf",      "vxlan",     "geneve",
					     "gretap",   "ip6gretap", "erspan",
					     "ip6erspan" };
	int left = (int)RTA_PAYLOAD(info);
	for (const struct rtattr *a = RTA_DATA(info); RTA_OK(a, left);
	     a = RTA_NEXT(a, left))
		for (size_t i = 0; a->rta_type == IFLA_INFO_KIND &&
				   i < sizeof(kinds) / sizeof(kinds[0]);
		     i++)
			if (RTA_PAYLOAD(a) == strlen(kinds[i]) + 1 &&
			    memcmp(RTA_DATA(a), kinds[i], RTA_PAYLOAD(a)) == 0)
				return true;
	return false;
}

static int number_in(const struct rtattr *attribute)
{
	int number = 0;
	if (RTA_PAYLOAD(attribute) >= sizeof(number))
		memcpy(&number, RTA_DATA(attribute), sizeof(number));
	return number;
}

static void take_attribute(struct link *link, const struct rtattr *a)
{
	switch (a->rta_type) {
	case IFLA_IFNAME:
		snprintf(link->name, sizeof(link->name), "%.*s", (int)RTA_PAYLOAD(a),
			 (const char *)RTA_DATA(a));
		break;
	case IFLA_MASTER:
		link->upper = number_in(a);
		break;
	case IFLA_LINK:
		link->lower = number_in(a);
		break;
	}
}

static void see_link(void *self, const struct nlmsghdr *message)
{
	struct links *links = self;
	const struct ifinfomsg *info = NLMSG_DATA(message);
	if (message->nlmsg_type != RTM_NEWLINK)
		return;
	if (links->count == LINKS_MAX) {
		links->are_clear = false;
		return;
	}
	struct link *link = &links->at[links->count++];
	*link = (struct link){ .number = info->ifi_index,
			       .is_ethernet = info->ifi_type == ARPHRD_ETHER };
	bool is_abroad = false;
	int left = (int)(message->nlmsg_len - NLMSG_LENGTH(sizeof(*info)));
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left);
	     a = RTA_NEXT(a, left)) {
		take_attribute(link, a);
		is_abroad |= a->rta_type == IFLA_LINK_NETNSID;
		if (a->rta_type == IFLA_LINKINFO && is_confusing(a))
			links->are_clear = false;
	}
	if (is_abroad) /* the number is another namespace's */
		link->lower = 0;
}

static bool read_links(struct links *links)
{
	const struct link_dump request = link_dump();
	links->count = 0;
	links->are_clear = true;
	return routing_ask(&request.header, see_link, links) == 0 && links->are_clear;
}

static struct link *link_named(struct links *links, const char *name)
{
	for (size_t i = 0; i < links->count; i++)
		if (strcmp(links->at[i].name, name) == 0)
			return &links->at[i];
	return NULL;
}

static const struct link *link_of(const struct links *links, int number)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->at[i].number == number)
			return &links->at[i];
	return NULL;
}

/* What stands on one, directly. */
static void mark_next(struct links *links, const struct link *lower)
{
	for (size_t i = 0; i < links->count; i++) {
		struct link *upper = &links->at[i];
		if (lower->upper == upper->number || upper->lower == lower->number)
			upper->is_marked = true;
	}
}

/* It, and all that stands on it. */
static void mark(struct links *links, struct link *lowest)
{
	lowest->is_marked = true;
	for (int storey = 0; storey < STOREYS_MAX; storey++)
		for (size_t i = 0; i < links->count; i++)
			if (links->at[i].is_marked)
				mark_next(links, &links->at[i]);
}

/* One of the marked takes part in that network. */
static bool have_address(struct links *links, int family)
{
	struct ifaddrs *list;
	bool is_found = false;
	if (getifaddrs(&list) != 0)
		return false;
	for (struct ifaddrs *at = list; at != NULL && !is_found; at = at->ifa_next) {
		if (at->ifa_addr == NULL || at->ifa_addr->sa_family != family)
			continue;
		const struct link *link = link_named(links, at->ifa_name);
		is_found = link != NULL && link->is_marked;
	}
	freeifaddrs(list);
	return is_found;
}

/* ---- the way ---- */

/* It leaves by one of the marked. */
static bool leaves(const struct links *links, const struct addr *to)
{
	struct route route;
	if (routing_match(to, &route) != 0)
		return true;
	const struct link *link = link_of(links, route.interface);
	return !route.is_local && (link == NULL || link->is_marked);
}

/* It came over the interface, to us or through us, and that one has a say. */
static bool has_come(struct links *links, const struct contact_record *contact)
{
	struct link *came = NULL;
	if (read_links(links))
		came = link_named(links, contact->iface);
	if (came == NULL)
		return false;
	mark(links, came);
	return came->is_ethernet && !leaves(links, &contact->server_ip) &&
	       have_address(links,
			    addr_is_v4(&contact->client_ip) ? AF_INET : AF_INET6);
}

static bool is_refusal(int error)
{
	/* No route; and those of types unreachable, prohibit and blackhole. */
	return error == -ENETUNREACH || error == -EHOSTUNREACH || error == -EACCES ||
	       error == -EINVAL;
}

static enum detect_way compare(const struct contact_record *contact, int error,
			       const struct route *route, char *by)
{
	struct links links;
	if (!has_come(&links, contact))
		return DETECT_WAY_UNKNOWN;
	if (error != 0)
		return DETECT_WAY_NONE;
	const struct link *back = link_of(&links, route->interface);
	if (back == NULL || !back->is_ethernet)
		return DETECT_WAY_UNKNOWN;
	snprintf(by, DETECT_IFACE_MAX, "%s", back->name);
	return back->is_marked ? DETECT_WAY_SAME : DETECT_WAY_OTHER;
}

enum detect_way way_back(void *self, const struct contact_record *contact,
			 char by[static DETECT_IFACE_MAX])
{
	(void)self;
	struct route route;
	int len_min = addr_is_v4(&contact->client_ip) ? V4_LEN_MIN : V6_LEN_MIN;
	int error = routing_match(&contact->client_ip, &route);
	bool is_known = error != 0 ? is_refusal(error)
				   : !route.is_local && route.len >= len_min;
	return is_known ? compare(contact, error, &route, by) : DETECT_WAY_UNKNOWN;
}
