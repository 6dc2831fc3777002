/*
 * unsolicited.h: what comes to an address that it has not asked for, by second, as
 * evidence of floods and reflections (record unsolicited); private to the room.
 *
 *  - UDP, by the senders' port, of flows in which the receiver has sent nothing: from
 *    what looks like a server, or has a service's port that differs from the receiver's
 *    (those who use one port at both ends, as NTP does, ask with it).
 *  - All ICMP, by its type.
 *
 * Each worker tells what it saw: packets, bytes and senders of several add up, as no
 * two of them see the same pair of addresses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "flow/body.h"

struct unsolicited_row;

struct unsolicited {
	struct unsolicited_row *rows; /* NULL: not wanted */
	uint32_t *used;               /* rows with news in this second */
	uint32_t used_count;
	uint64_t left_out; /* packets there was no row for */
};

struct flows;

/* False without memory. */
bool unsolicited_init(struct unsolicited *u, const struct flows *f);
void unsolicited_fini(struct unsolicited *u);
uint64_t unsolicited_memory(const struct unsolicited *u);

/* A packet of a flow other than TCP, that is counted already. */
void unsolicited_packet(struct flows *f, const struct body *b, const struct packet *p,
			unsigned side);
/* A TCP segment of no flow that is known.  That of a client over its share, whose flows
 * are not followed, may have been asked for. */
void unsolicited_segment(struct flows *f, const struct packet *p);
/* Unkeyed, as what is estimated must be the same in each replay. */
uint64_t unsolicited_hash(const struct addr *addr);
/* The second is over. */
void unsolicited_flush(struct flows *f, int64_t end_us);
