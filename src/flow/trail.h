/*
 * trail.h: the packets of the last seconds that may become evidence; private to the
 * room.
 *
 * What an attack was can't be known before it is one, so packets are kept always: those
 * that begin something, refuse, answer, reset, and the first few of what goes on; of
 * each its headers.  What is said is left out, as it may hold passwords.  Memory is a
 * ring, and who fills it can't push out the others: of what one port is sent, and of
 * all that comes in a second, more and more is left out the more it is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "flow/flow.h"

enum { TRAIL_BYTES = 128, TRAIL_SERVICES = 1024, TRAIL_FIRST = 6, TRAIL_TALK = 40 };

struct trail_packet {
	int64_t at_us;
	struct addr src, dst;
	uint32_t wire_bytes;
	uint16_t sport, dport; /* ICMP: type, code */
	uint8_t proto, len;
};

struct trail {
	struct trail_packet *packets; /* NULL: nothing is kept */
	uint8_t (*bytes)[TRAIL_BYTES];
	uint32_t max;                  /* places */
	uint64_t kept;                 /* ever */
	int64_t until_us;              /* end of the second that is counted */
	uint32_t seen, taken, crowded; /* in it */
	uint8_t of_service[TRAIL_SERVICES];
};

/* False without memory.  max 0: nothing is kept. */
bool trail_init(struct trail *trail, uint32_t max);
void trail_fini(struct trail *trail);
uint64_t trail_memory(const struct trail *trail);

/* side: who of the flow sent it; the other is, or has, the port. */
void trail_note(struct trail *trail, const struct packet *packet, unsigned side);

size_t trail_find(const struct trail *trail, const struct packets_wanted *wanted,
		  packets_emit emit, void *to);
