/*
 * tool.h: which scanner a packet looks like; private to the room.
 *
 * A hint and no more: everybody can make such packets.
 */
#pragma once

#include "flow/packet.h"

enum tool { TOOL_NONE, TOOL_NMAP, TOOL_MASSCAN, TOOL_ZMAP, TOOL_HPING, TOOLS };

/* "nmap", ...; NULL for TOOL_NONE. */
const char *tool_name(enum tool tool);

/* p: the first packet of a flow, TCP. */
enum tool tool_of(const struct packet *p);
