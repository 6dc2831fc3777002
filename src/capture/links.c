/*
 * links.c: interfaces by number and name, kept up to date by rtnetlink(7).
 *
 * The list is short, sorted by number and asked for every frame, mostly for the
 * same interface as the last one.
 */
#include "capture/links.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/link_dump.h"

enum {
	MESSAGE_MAX = 32768, /* the kernel never fills more at a time in a listing */
	GONE_MAX = 64, /* vanished interfaces still known for frames in the ring */
	MESSAGES_AT_ONCE = 65536, /* then something is wrong with the socket */
};

struct link {
	int number;
	uint16_t iface;
	bool is_there;
	char name[IF_NAMESIZE];
};

struct links {
	int fd;
	struct iface_table *names;
	struct link *at; /* sorted by number */
	size_t count, size, gone;
	size_t last; /* where the last frame's interface was found */
	bool has_changed;
	union {
		struct nlmsghdr aligned;
		char bytes[MESSAGE_MAX];
	} message;
};

/* Where the number is, or has to be inserted. */
static size_t find(const struct links *links, int number)
{
	size_t low = 0, high = links->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (links->at[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct link *known(const struct links *links, int number)
{
	size_t i = find(links, number);
	if (i == links->count || links->at[i].number != number)
		return NULL;
	return &links->at[i];
}

static void remove_at(struct links *links, size_t i)
{
	links->count--;
	memmove(&links->at[i], &links->at[i + 1],
		(links->count - i) * sizeof(links->at[0]));
}

static struct link *insert(struct links *links, int number)
{
	if (links->count == links->size) {
		size_t size = links->size == 0 ? 16 : 2 * links->size;
		struct link *at = realloc(links->at, size * sizeof(*at));
		if (at == NULL)
			return NULL;
		links->at = at;
		links->size = size;
	}
	size_t i = find(links, number);
	memmove(&links->at[i + 1], &links->at[i],
		(links->count - i) * sizeof(links->at[0]));
	links->count++;
	links->at[i] = (struct link){ .number = number };
	return &links->at[i];
}

/* A name keeps its identifier, also when another interface has it later. */
static uint16_t identifier(struct iface_table *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->names[i], name) == 0)
			return (uint16_t)i;
	}
	return iface_table_add(names, name, strlen(name));
}

static void appeared(struct links *links, int number, const char *name)
{
	struct link *link = known(links, number);
	if (link != NULL && link->is_there && strcmp(link->name, name) == 0)
		return;
	if (link == NULL)
		link = insert(links, number);
	else if (!link->is_there)
		links->gone--;
	if (link == NULL)
		return;
	snprintf(link->name, sizeof(link->name), "%s", name);
	link->iface = identifier(links->names, link->name);
	link->is_there = true;
	links->has_changed = true;
}

/* The kernel counts numbers up: the lowest has most likely gone longest. */
static void forget_oldest_gone(struct links *links)
{
	for (size_t i = 0; i < links->count; i++) {
		if (links->at[i].is_there)
			continue;
		remove_at(links, i);
		links->gone--;
		return;
	}
}

static void vanished(struct links *links, int number)
{
	struct link *link = known(links, number);
	if (link == NULL || !link->is_there)
		return;
	link->is_there = false;
	links->has_changed = true;
	if (++links->gone > GONE_MAX)
		forget_oldest_gone(links);
}

static void take_link(struct links *links, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return;
	/* A bridge tells of its ports with the same messages: leaving the bridge
	 * is not vanishing. */
	if (info->ifi_family != AF_UNSPEC)
		return;
	if (message->nlmsg_type == RTM_DELLINK) {
		vanished(links, info->ifi_index);
		return;
	}
	size_t left = message->nlmsg_len - NLMSG_LENGTH(sizeof(*info));
	const struct rtattr *attribute = IFLA_RTA(info);
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		const char *name = RTA_DATA(attribute);
		size_t len = RTA_PAYLOAD(attribute);
		if (attribute->rta_type == IFLA_IFNAME && memchr(name, '\0', len))
			appeared(links, info->ifi_index, name);
	}
}

/* True at the end of a listing. */
static bool take_messages(struct links *links, size_t len)
{
	const struct nlmsghdr *message = &links->message.aligned;
	bool is_end = false;
	for (; NLMSG_OK(message, len); message = NLMSG_NEXT(message, len)) {
		switch (message->nlmsg_type) {
		case RTM_NEWLINK:
		case RTM_DELLINK:
			take_link(links, message);
			break;
		case RTM_NEWADDR:
		case RTM_DELADDR:
			links->has_changed = true;
			break;
		case NLMSG_DONE:
		case NLMSG_ERROR:
			is_end = true;
			break;
		}
	}
	return is_end;
}

/* Bytes received into message; 0 if not from the kernel, or nothing; or -errno. */
static ssize_t receive(struct links *links)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(links->fd, &links->message, sizeof(links->message),
			       MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
	if (len < 0)
		return -errno;
	return from.nl_pid == 0 ? len : 0;
}

/* Asks for all interfaces; those that are not named any more have gone. */
static int list_all(struct links *links)
{
	const struct link_dump request = link_dump();
	if (send(links->fd, &request, sizeof(request), 0) < 0)
		return -errno;

	for (size_t i = 0; i < links->count; i++)
		links->at[i].is_there = false;
	links->gone = links->count;
	for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
		ssize_t len = receive(links);
		if (len < 0 && len != -EINTR && len != -ENOBUFS)
			return (int)len;
		if (len > 0 && take_messages(links, (size_t)len))
			break;
	}
	while (links->gone > GONE_MAX)
		forget_oldest_gone(links);
	return 0;
}

bool links_update(struct links *links)
{
	links->has_changed = false;
	for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
		ssize_t len = receive(links);
		if (len == -ENOBUFS) {
			/* Messages were lost: what we know may be anything. */
			list_all(links);
			links->has_changed = true;
		} else if (len < 0) {
			break;
		}
		if (len > 0)
			take_messages(links, (size_t)len);
	}
	return links->has_changed;
}

uint16_t links_iface(struct links *links, int number)
{
	if (links->last < links->count && links->at[links->last].number == number)
		return links->at[links->last].iface;

	if (known(links, number) == NULL) {
		char name[IF_NAMESIZE];
		if (if_indextoname((unsigned)number, name) == NULL)
			return IFACES_MAX;
		appeared(links, number, name);
	}
	size_t i = find(links, number);
	if (i == links->count || links->at[i].number != number)
		return IFACES_MAX;
	links->last = i;
	return links->at[i].iface;
}

int links_number(const struct links *links, const char *name)
{
	for (size_t i = 0; i < links->count; i++) {
		const struct link *link = &links->at[i];
		if (link->is_there && strcmp(link->name, name) == 0)
			return link->number;
	}
	return 0;
}

void links_list(const struct links *links, char *out, size_t size)
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < links->count && len < size; i++) {
		const struct link *link = &links->at[i];
		if (!link->is_there)
			continue;
		const char *name = iface_table_name(links->names, link->iface);
		int n = snprintf(out + len, size - len, "%s%s", len == 0 ? "" : ", ",
				 name);
		len += n > 0 ? (size_t)n : 0;
	}
}

int links_fd(const struct links *links)
{
	return links->fd;
}

static int subscribe(struct links *links)
{
	links->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (links->fd < 0)
		return -errno;
	struct sockaddr_nl all = { .nl_family = AF_NETLINK,
				   .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
						RTMGRP_IPV6_IFADDR };
	if (bind(links->fd, (struct sockaddr *)&all, sizeof(all)) < 0)
		return -errno;
	return list_all(links);
}

struct links *links_new(struct iface_table *names)
{
	struct links *links = calloc(1, sizeof(*links));
	if (links == NULL)
		return NULL;
	links->names = names;
	int error = subscribe(links);
	if (error == 0)
		return links;
	links_free(links);
	errno = -error;
	return NULL;
}

void links_free(struct links *links)
{
	if (links == NULL)
		return;
	if (links->fd >= 0)
		close(links->fd);
	free(links->at);
	free(links);
}
