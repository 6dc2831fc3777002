/*
 * netlink.h: the messages of a datagram of netlink(7), one after the other.
 */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct netlink_walk {
	const uint8_t *at; /* what is left of the datagram */
	size_t len;
	/* The message; its body need not be aligned. */
	struct nlmsghdr header;
	const uint8_t *body;
	size_t body_len;
	bool is_bad; /* what was left is no message */
};

/* False: there are no more. */
static inline bool netlink_next(struct netlink_walk *walk)
{
	if (walk->len == 0)
		return false;
	walk->is_bad = walk->len < NLMSG_HDRLEN;
	if (walk->is_bad)
		return false;
	memcpy(&walk->header, walk->at, sizeof(walk->header));
	size_t size = walk->header.nlmsg_len;
	walk->is_bad = size < NLMSG_HDRLEN || size > walk->len;
	if (walk->is_bad)
		return false;
	walk->body = walk->at + NLMSG_HDRLEN;
	walk->body_len = size - NLMSG_HDRLEN;
	/* The last may end without what would align the next. */
	size_t step = NLMSG_ALIGN(size) < walk->len ? NLMSG_ALIGN(size) : walk->len;
	walk->at += step;
	walk->len -= step;
	return true;
}
