/*
 * spoken.h: which protocol was recognised last at a service, beyond the seconds in
 * which it was.
 *
 * A bounded memory: of services that share a bucket, the one recognised longest ago is
 * forgotten.
 */
#pragma once

#include "flow/flow.h"

enum { SPOKEN_BUCKETS = 4096, SPOKEN_WAYS = 4 };

/* All zero is empty. */
struct spoken_services {
	struct spoken_service {
		struct addr server;
		uint16_t port;
		uint8_t proto;
		const char *protocol; /* NULL: free */
		int64_t at_us;
	} at[SPOKEN_BUCKETS][SPOKEN_WAYS];
};

/* Remembers what the sample brings, or completes it with what is remembered. */
void spoken_complete(struct spoken_services *spoken, struct port_sample *sample);
