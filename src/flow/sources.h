/*
 * sources.h: how many flows each source has open, and what is left of the flows
 * of one that has more than its share.
 *
 * Open flows are counted in a count-min sketch (Cormode and Muthukrishnan, "An
 * improved data stream summary", 2005): it never counts too few, needs no entry
 * per source, and so a million forged sources change nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cardinality.h"
#include "base/hash.h"
#include "flow/packet.h"

/* What a source did beyond its share: one record instead of its flows. */
struct aggregate {
	struct addr source; /* host, or /64 */
	uint8_t proto;      /* of the last packet */
	uint16_t link;
	int64_t start_us, last_us;
	uint64_t packets, bytes;
	uint64_t asked; /* connection requests of its own that nothing has answered */
	struct cardinality flows;
	bool used;
};

struct sources;

/* share: flows a source may have open at a time; flows_max: that all may have. */
struct sources *sources_new(const struct hash_key *key, uint32_t share,
			    uint32_t flows_max);
void sources_free(struct sources *s);

/* True, and one more flow counted, if the client is within its share. */
bool sources_take(struct sources *s, const struct addr *client);
/* One flow less, for which sources_take() said true. */
void sources_give(struct sources *s, const struct addr *client);

/*
 * Counts a packet of a flow that was not begun because its source, `client`, is over
 * its share. If another source's aggregate must make room it is copied to *evicted and
 * true is returned.
 */
bool sources_aggregate(struct sources *s, const struct packet *p,
		       const struct addr *client, uint64_t flow_hash, uint16_t link,
		       struct aggregate *evicted);

/*
 * True if what answers a connection request, to `client`, answers one that was counted
 * so: each answers one.
 */
bool sources_was_asked(struct sources *s, const struct addr *client);

/*
 * Hands out and forgets the aggregates that began before_us or earlier, one a call;
 * false when there is none.
 */
bool sources_collect(struct sources *s, int64_t before_us, struct aggregate *out);

uint32_t sources_aggregated(const struct sources *s);
uint64_t sources_memory(const struct sources *s);
