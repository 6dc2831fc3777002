/*
 * services.h: what each service did in the current second.
 *
 * A service is (server address, port, transport). Counters are added up here while
 * packets pass and given out, then cleared, when the second is over.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "flow/flow.h"
#include "flow/scattered.h"

enum {
	SERVICE_OTHER = 0,         /* shared by those the table had no room for */
	SERVICE_NONE = UINT16_MAX, /* ICMP and others without ports */
};

struct service {
	struct port_sample now; /* of this second; .active is kept over seconds */
	uint32_t detail;        /* in the detail slab; DETAIL_NONE */
	uint16_t touched;       /* next one with news this second */
	bool is_touched;
	uint32_t spoke_s; /* when its server spoke first in a flow, last; 0: never */
	uint16_t strange; /* flows in a row that nDPI was to name, and could not */
};

struct services;

struct services *services_new(const struct hash_key *key);
void services_free(struct services *s);

/* Finds or makes; SERVICE_NONE for a transport without ports. */
uint16_t services_find(struct services *s, const struct addr *server, uint16_t port,
		       uint8_t proto);

/* For counting: the service is given out at the end of this second. */
struct service *services_at(struct services *s, uint16_t number);
/* For looking only: it is no news. */
const struct service *services_peek(const struct services *s, uint16_t number);

void services_handshake(struct services *s, uint16_t number, uint64_t us);
void services_response(struct services *s, uint16_t number, uint64_t us);
void services_client(struct services *s, uint16_t number, const struct addr *client);

/*
 * Gives what the second that began at start_us brought, in no order, and clears it.
 * Before that: where they are so many that some may get lost on their way, gives all
 * but those that got little and answered nothing; what those amount to is returned.
 */
struct scattered *services_flush_telling(struct services *s, int64_t start_us,
					 const struct flow_sink *sink);
void services_flush(struct services *s, int64_t start_us, const struct flow_sink *sink);

uint32_t services_count(const struct services *s);
uint64_t services_memory(const struct services *s);
