/*
 * knock.h: the first packet of a flow, kept until it is clear what came of it; private
 * to the room.
 */
#pragma once

#include <stdint.h>

#include "flow/body.h"
#include "record/record.h"

enum technique {
	TECHNIQUE_NONE, /* no contact is made of it */
	TECHNIQUE_SYN,
	TECHNIQUE_FIN,
	TECHNIQUE_NULL,
	TECHNIQUE_XMAS,
	TECHNIQUE_ACK,
	TECHNIQUE_OTHER,
	TECHNIQUE_UDP,
	TECHNIQUE_ICMP,
	TECHNIQUE_SCTP, /* an association is asked for, or its cookie echoed */
	TECHNIQUES
};

/* What a flow waits for. */
enum expects { EXPECTS_NOTHING, EXPECTS_ANSWER, EXPECTS_RESET, EXPECTS_ACK };

/* The first packet of a flow, as far as its flow does not have it. */
struct knock {
	uint16_t ip_id, window;
	uint8_t ttl, flags;
	uint16_t technique : 4, tool : 3, fragment : 1, expects : 2;
	uint16_t is_told : 1; /* what became of it is settled */
	/* What it asks came in bits, seconds apart; or what it takes stood still. */
	uint16_t grows : 1;
	/* Folded: how much it had asked when last visited, or taken of the answer. */
	uint16_t asked : 4;
};
_Static_assert(sizeof(struct knock) == 8, "one more word for each flow");

/* Of the first packet of a flow. */
struct knock knock_of(const struct packet *p);

/* What it says of the contact, and whose it is; the rest is unknown. */
void knock_fill(const struct knock *k, const struct flow_key *key, uint8_t proto,
		struct contact_record *out);
