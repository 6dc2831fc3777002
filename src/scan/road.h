/*
 * road.h: how packets get to a range of targets.
 *
 * Whole frames are fastest, and what a router or one neighbour is at the other end of
 * needs one hardware address.  All else (loopback, many neighbours, links without
 * Ethernet, a range that several routes lead to) goes through the kernel's IP, which
 * finds the way of each packet.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "scan/targets.h"

enum { ROAD_FRAME_HEAD = 14 };

struct road {
	struct addr source;
	bool by_frames;
	int interface;
	uint8_t frame_head[ROAD_FRAME_HEAD];
};

/*
 * 0 or -errno: -ENETUNREACH without a route.  A neighbour that the kernel does not know
 * yet is asked for, by a datagram, if we may wait for it.
 */
int road_find(const struct target_range *range, bool may_wait, struct road *out);

/* The address this machine would send from; 0 or -errno. */
int road_source(const struct addr *to, struct addr *out);
