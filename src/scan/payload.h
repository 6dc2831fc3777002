/*
 * payload.h: the datagram that a service behind a UDP port is likely to answer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"

struct catalog;

enum { PAYLOAD_MAX = 4096 };

struct payload_to {
	struct addr local, remote;
	uint16_t local_port, port;
};

/*
 * In the words of the port's usual protocol: its own dialogue's first ones, else those
 * of a small table.  Returns the length; 0, an empty datagram, if neither knows it.
 */
size_t payload_make(uint8_t out[static PAYLOAD_MAX], const struct catalog *catalog,
		    const struct hash_key *key, const struct payload_to *to);
