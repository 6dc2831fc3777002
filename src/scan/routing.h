/*
 * routing.h: what the kernel's tables say of a way, by rtnetlink(7).
 */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "scan/targets.h"

struct route {
	int interface; /* 0: none */
	bool is_local; /* to this machine itself */
	bool has_gateway;
	struct addr gateway;
	uint8_t len; /* bits that had to match, of routing_match() */
};

/* 0 or -errno; a route that refuses is -ENETUNREACH. */
int routing_lookup(const struct addr *to, struct route *out);

/*
 * The entry of the table that matches, rather than what comes of it: without interface,
 * if it names several.
 */
int routing_match(const struct addr *to, struct route *out);

/* True if the same route leads to all of the range. */
bool routing_is_even(const struct target_range *range);

/* The hardware address of a neighbour, if the kernel knows it. */
bool routing_neighbour(int interface, const struct addr *neighbour, uint8_t mac[6]);

/*
 * Asks the kernel, and shows every message of its answer.  The request is for a dump or
 * an acknowledgement, so that the answer has an end.  0 or -errno.
 */
typedef void (*routing_see)(void *self, const struct nlmsghdr *message);
int routing_ask(const struct nlmsghdr *request, routing_see see, void *self);
