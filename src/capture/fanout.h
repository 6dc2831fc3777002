/*
 * fanout.h: how the workers of a process share the packets; private to this room.
 */
#pragma once

#include <stdint.h>

/*
 * Makes the bound packet socket a member of the group. Packets of two addresses go
 * to one member, in both directions. steering: as of capture_steering(), -1: the
 * kernel's own hash must do. 0 or -errno.
 */
int fanout_join(int fd, uint16_t group, int steering);
