/*
 * way_back.h: where the kernel would send what answers a packet (RFC 3704, "strict
 * reverse path forwarding"), by rtnetlink(7).
 */
#pragma once

#include "detect/way.h"

/* As detect_ask_way; self is not used. */
enum detect_way way_back(void *self, const struct contact_record *contact,
			 char by[static DETECT_IFACE_MAX]);
