/*
 * links.h: the few ways by which packets come (interface, VLANs, tunnel), numbered.
 */
#pragma once

#include <stdint.h>

#include "flow/packet.h"

enum { LINKS_MAX = 4096 };

struct link {
	uint16_t iface, vlan, vlan_inner;
	uint8_t tunnel;
};

struct links {
	uint32_t count;
	uint16_t last; /* most packets come as the one before */
	struct link at[LINKS_MAX];
};

/* Number of the packet's way; 0, the unknown one, when there are too many. */
uint16_t links_find(struct links *links, const struct packet *p);
