/*
 * wall_links.c: see wall_links.h.
 */
#include "guard/wall_links.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/link_dump.h"
#include "guard/netlink.h"
#include "guard/self_test.h"

/* What nobody tells: that another program has gone, that ours was taken off. */
#define CHECK_US (10 * 1000000LL)

struct wall_link {
	const char *name;
	int fd;      /* as long as it is open, the program is attached; -1: not */
	int ifindex; /* of the interface of that name; 0: there is none */
	int error;   /* why it is not attached */
	bool is_generic;
	bool is_of_test; /* comes and goes; nobody has named it */
};

struct wall_links {
	struct config_names names;
	struct wall_link at[CONFIG_LIST_MAX + 1];
	size_t count;
	struct mnl_socket *socket;
	int program;
	int64_t next_us;
};

/* ---- one of them ---- */

static void detach(struct wall_link *link, int error)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	link->is_generic = false;
	link->error = error;
}

static int attach_as(int program, int ifindex, uint32_t mode)
{
	struct bpf_link_create_opts options = { .sz = sizeof(options), .flags = mode };
	int fd = bpf_link_create(program, ifindex, BPF_XDP, &options);
	return fd >= 0 ? fd : -errno;
}

/* Another program: in the same mode EBUSY, in the other one EEXIST. */
static bool is_taken(int error)
{
	return error == -EBUSY || error == -EEXIST;
}

static void attach(struct wall_link *link, int program)
{
	int fd = attach_as(program, link->ifindex, XDP_FLAGS_DRV_MODE);
	link->is_generic = fd < 0 && !is_taken(fd);
	if (link->is_generic)
		fd = attach_as(program, link->ifindex, XDP_FLAGS_SKB_MODE);
	if (fd >= 0) {
		link->fd = fd;
		link->error = 0;
		return;
	}
	detach(link, is_taken(fd) ? -EBUSY : fd);
}

static bool is_attached(const struct wall_link *link)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);
	return link->fd >= 0 && bpf_obj_get_info_by_fd(link->fd, &info, &len) == 0 &&
	       info.xdp.ifindex == (uint32_t)link->ifindex;
}

static void check(struct wall_link *link, int program)
{
	if (link->ifindex == 0 || is_attached(link))
		return;
	detach(link, 0);
	attach(link, program);
}

static void lose(struct wall_link *link)
{
	detach(link, -ENODEV);
	link->ifindex = 0;
}

/* ---- what the kernel tells ---- */

static int see_name(const struct nlattr *attribute, void *to)
{
	const char **name = to;
	if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
	    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
		*name = mnl_attr_get_str(attribute);
	return MNL_CB_OK;
}

/* One may have got another one's name, or a new one the name of an old one. */
static void note(struct wall_link *link, int ifindex, const char *name)
{
	bool is_named = name != NULL && strcmp(name, link->name) == 0;
	if (link->ifindex == ifindex ? !is_named : is_named)
		lose(link);
	if (is_named)
		link->ifindex = ifindex;
}

static void take_message(struct wall_links *links, const struct nlmsghdr *message)
{
	const struct ifinfomsg *body = mnl_nlmsg_get_payload(message);
	const char *name = NULL;
	if ((message->nlmsg_type != RTM_NEWLINK &&
	     message->nlmsg_type != RTM_DELLINK) ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*body))
		return;
	/* A bridge tells of its ports alike: leaving it is not vanishing. */
	if (body->ifi_family != AF_UNSPEC)
		return;
	if (message->nlmsg_type == RTM_NEWLINK)
		mnl_attr_parse(message, sizeof(*body), see_name, &name);
	for (size_t i = 0; i < links->count; i++)
		note(&links->at[i], body->ifi_index, name);
}

static void ask_for_all(struct wall_links *links)
{
	const struct link_dump request = link_dump();
	mnl_socket_sendto(links->socket, &request, sizeof(request));
}

/* True if there was any. */
static bool take_messages(struct wall_links *links)
{
	char room[NETLINK_ROOM] __attribute__((aligned(8)));
	ssize_t got;
	bool any = false;
	while ((got = mnl_socket_recvfrom(links->socket, room, sizeof(room))) > 0) {
		int left = (int)got;
		const struct nlmsghdr *at = (const struct nlmsghdr *)room;
		for (; mnl_nlmsg_ok(at, left); at = mnl_nlmsg_next(at, &left))
			take_message(links, at);
		any = true;
	}
	if (got < 0 && errno == ENOBUFS)
		ask_for_all(links);
	return any;
}

/* ---- all of them ---- */

struct wall_links *wall_links_open(const struct config_names *names, int program)
{
	struct wall_links *links = calloc(1, sizeof(*links));
	if (links == NULL)
		return NULL;
	links->names = *names;
	links->program = program;
	for (size_t i = 0; i < names->count; i++)
		links->at[i] = (struct wall_link){ .name = links->names.at[i],
						   .fd = -1,
						   .error = -ENODEV };
	links->at[names->count] = (struct wall_link){ .name = SELF_TEST_LINK,
						      .fd = -1,
						      .is_of_test = true };
	links->count = names->count + 1;
	links->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (links->socket != NULL &&
	    mnl_socket_bind(links->socket, RTMGRP_LINK, MNL_SOCKET_AUTOPID) == 0) {
		ask_for_all(links);
		return links;
	}
	int error = errno;
	wall_links_close(links);
	errno = error;
	return NULL;
}

void wall_links_close(struct wall_links *links)
{
	if (links == NULL)
		return;
	for (size_t i = 0; i < links->count; i++)
		detach(&links->at[i], 0);
	if (links->socket != NULL)
		mnl_socket_close(links->socket);
	free(links);
}

int wall_links_fd(const struct wall_links *links)
{
	return mnl_socket_get_fd(links->socket);
}

void wall_links_run(struct wall_links *links, int64_t now_us)
{
	if (!take_messages(links) && now_us < links->next_us)
		return;
	links->next_us = now_us + CHECK_US;
	for (size_t i = 0; i < links->count; i++)
		check(&links->at[i], links->program);
}

int64_t wall_links_next_us(const struct wall_links *links)
{
	return links->next_us;
}

struct wall_links_state wall_links_state(const struct wall_links *links)
{
	struct wall_links_state state = { 0 };
	for (size_t i = 0; i < links->count; i++) {
		const struct wall_link *link = &links->at[i];
		if (link->is_of_test)
			continue;
		state.attached += link->fd >= 0;
		state.generic += link->fd >= 0 && link->is_generic;
		if (state.error == 0)
			state.error = link->error;
	}
	return state;
}
