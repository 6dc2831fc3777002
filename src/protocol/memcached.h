/*
 * memcached.h: the parts of memcached's protocol that speakers and readers share.
 */
#pragma once

#include "protocol/ask.h"

enum { MEMCACHED_FRAME = 8 /* octets before each datagram */ };

/* "VERSION 1.6.18" */
bool memcached_is_version(struct bytes line, struct bytes *version);

/* Takes a datagram's frame: its number of all; what it answers is its first word. */
bool memcached_take_frame(struct bytes *data, unsigned *number);

extern const struct asking memcached_asking;
