/*
 * peer.h: the other side of a notifier that speaks no HTTP, and how bytes get there.
 *
 * Each message is a connection of its own: notices are few, and one that was left open
 * would take bytes for hours after the other side has gone.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/endpoint.h"

enum { PEER_HOST_MAX = 256, PEER_ADDRESSES_MAX = 8 };

struct peer {
	char host[PEER_HOST_MAX]; /* a name or an address, without brackets */
	uint16_t port;
};

/* Of "scheme://host[:port]".  False, and message says what is wrong. */
bool peer_of_url(const char *url, uint16_t usual_port, struct peer *out,
		 struct buf *message);

/*
 * Its addresses, the best first; at most PEER_ADDRESSES_MAX.  How many; 0, and error
 * says why.
 */
size_t peer_addresses(const struct peer *peer, union endpoint *out, struct buf *error);

struct piece {
	const char *at;
	size_t len;
};

/* Each piece a datagram.  False, and error says why, if the other side refuses. */
bool peer_send_datagrams(const struct peer *peer, const struct piece *pieces,
			 size_t count, struct buf *error);

/* Files in PEM; "": none. */
struct peer_tls {
	const char *authorities;       /* none: the system's */
	const char *certificate, *key; /* ours, if the other side asks */
};

/*
 * All of it, over TLS if tls is given.  True once the other side has read to the end:
 * as syslog has no answers, its end of the connection is the only one there is.
 */
bool peer_send_stream(const struct peer *peer, const struct peer_tls *tls,
		      const struct buf *bytes, struct buf *error);
