/*
 * dns_tunnel.h: data carried in the names that are asked for and in their answers.
 *
 * A tunnel's client sends by asking for names under one domain that nobody asked for
 * before, since an answer from a cache would carry nothing; its server sends by
 * answering in records that have room.  So what is counted is what one client asks
 * under one domain, whatever the connections.
 */
#pragma once

#include "protocol/dns_message.h"

/* Of one thread; bounded. */
struct dns_tunnels;
struct dns_tunnels *dns_tunnels_new(const struct hash_key *key);
void dns_tunnels_free(struct dns_tunnels *tunnels); /* NULL is nothing */

struct dns_lookup {
	const struct addr *client;
	const struct dns_name *name;
	uint16_t type;
	int64_t at_us;
};

enum { DNS_TUNNEL_TEXT_MAX = 160 };

/*
 * A question was asked; answered with that first record.  True, and what was seen in
 * words, if it is a tunnel; then not again for that pair until its window is over.
 */
bool dns_tunnel_asked(struct dns_tunnels *tunnels, const struct dns_lookup *lookup,
		      char text[static DNS_TUNNEL_TEXT_MAX]);
bool dns_tunnel_answered(struct dns_tunnels *tunnels, const struct dns_lookup *lookup,
			 const struct dns_message *message, const struct dns_rr *first,
			 char text[static DNS_TUNNEL_TEXT_MAX]);
