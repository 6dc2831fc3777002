/*
 * heard.h: who has sent anything lately, so that silence can be told from an end that
 * we can't see, and a peer's port from a closed one; private to the room.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "flow/body.h"

struct flows;

/* The server of the flow speaks; a datagram was sent from there. */
void heard_server(struct flows *f, const struct body *b, int64_t at_us);
void heard_datagram(struct flows *f, const struct addr *src, uint16_t port,
		    int64_t at_us);

/* The flow's server has sent from its port: as a server, or as a client of others,
 * which peers are both. */
bool heard_service(const struct flows *f, const struct body *b, int64_t at_us);
/* Its client's port serves others, as those of peers do. */
bool heard_peer(const struct flows *f, const struct body *b, int64_t at_us);
/* The server has sent from any port. */
bool heard_address(const struct flows *f, const struct body *b, int64_t at_us);
