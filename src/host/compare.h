/*
 * compare.h: what of a listener is told, and whether that is another than before.
 * Private to the room.
 */
#pragma once

#include "host/host.h"

/* From where it can be reached, as records say it. */
const char *listener_reach(const struct host_listener *listener);

/* Whether something that is told of a socket has changed. */
bool listeners_differ(const struct host_listener *a, const struct host_listener *b);

/* Sockets of the same program on the same address and port. */
bool listeners_are_twins(const struct host_listener *a, const struct host_listener *b);
