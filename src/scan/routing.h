/*
 * routing.h: what the kernel's tables say of a way, by rtnetlink(7).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "scan/targets.h"

struct route {
	int interface; /* 0: none */
	bool is_local; /* to this machine itself */
	bool has_gateway;
	struct addr gateway;
};

/* 0 or -errno; a route that refuses is -ENETUNREACH. */
int routing_lookup(const struct addr *to, struct route *out);

/* True if the same route leads to all of the range. */
bool routing_is_even(const struct target_range *range);

/* The hardware address of a neighbour, if the kernel knows it. */
bool routing_neighbour(int interface, const struct addr *neighbour, uint8_t mac[6]);
