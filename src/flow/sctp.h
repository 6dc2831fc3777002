/*
 * sctp.h: how an association begins (RFC 9260 5.1): INIT, INIT ACK, COOKIE ECHO, COOKIE
 * ACK; each is the first chunk of its packet.  Private to the room.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>

#include "flow/packet.h"

enum sctp_chunk {
	SCTP_INIT = 1,
	SCTP_INIT_ACK = 2,
	SCTP_ABORT = 6,
	SCTP_COOKIE_ECHO = 10,
	SCTP_COOKIE_ACK = 11,
	SCTP_NO_CHUNK = 255, /* none that can be read (RFC 9260 3.2: reserved) */
};

/* The type of the first chunk; of other transports there is none. */
static inline uint8_t sctp_chunk(const struct packet *p)
{
	enum { CHUNK_HEADER = 4 };
	bool has_chunk = p->proto == IPPROTO_SCTP && p->payload.len >= CHUNK_HEADER &&
			 !(p->flags & (PACKET_LATER_FRAGMENT | PACKET_NO_PORTS));
	return has_chunk ? p->payload.at[0] : SCTP_NO_CHUNK;
}

/* Only who wants an association sends that. */
static inline bool sctp_asks(const struct packet *p)
{
	uint8_t chunk = sctp_chunk(p);
	return chunk == SCTP_INIT || chunk == SCTP_COOKIE_ECHO;
}
