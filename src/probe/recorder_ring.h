/*
 * recorder_ring.h: the last packets, found again by whose they are; no I/O.
 *
 * Memory is bounded: a new packet takes the place of the oldest.  Packets of the same
 * two ends are chained, the newest first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"

/* Two ends, in an order that is the same for both directions. */
struct ends {
	struct addr addr[2];
	uint16_t port[2]; /* of an echo, both its identifier */
	uint8_t protocol; /* IPPROTO_...; 0: a neighbour was asked for, addr[0] */
};

/* What a packet, which begins with its IP header, says of itself. */
struct packet_view {
	struct addr src, dst; /* of the packet itself, also if it quotes another */
	struct ends ends;     /* whose it is: of an ICMP error, those it quotes */
	bool is_error;        /* of ICMP */
	uint8_t icmp_type, icmp_code;
	uint8_t tcp_flags;
	uint32_t seq, ack;           /* of TCP */
	uint16_t src_port, dst_port; /* of TCP and UDP */
	uint8_t protocol;
	size_t payload; /* where that begins: behind TCP, UDP, ICMP */
};
bool packet_look(struct bytes packet, struct packet_view *view);
/* An ARP request, or a neighbour solicitation, and for whom. */
bool packet_asks_neighbour(struct bytes packet, struct ends *ends);

void ends_set(struct ends *ends, uint8_t protocol, const struct addr *one,
	      uint16_t one_port, const struct addr *other, uint16_t other_port);
bool ends_equal(const struct ends *a, const struct ends *b);

struct recorded {
	int64_t at_us; /* wall clock, by the kernel */
	uint32_t wire_len;
	uint16_t len;
	bool sent;
};

struct recorder_ring;
/* NULL without memory. */
struct recorder_ring *recorder_ring_new(size_t bytes);
void recorder_ring_free(struct recorder_ring *ring);

/* at: recorded->len bytes. */
void recorder_ring_put(struct recorder_ring *ring, const struct ends *ends,
		       const struct recorded *recorded, const uint8_t *at);

/* A place in time; what was put later is behind it. */
uint64_t recorder_ring_mark(const struct recorder_ring *ring);
/* Whether something from behind that place has been overwritten. */
bool recorder_ring_has_lost(const struct recorder_ring *ring, uint64_t mark);

/* Gives those of these ends from behind the mark, the newest first; false ends it. */
typedef bool (*recorder_emit)(void *to, const struct recorded *recorded,
			      const uint8_t *at);
void recorder_ring_each(const struct recorder_ring *ring, const struct ends *ends,
			uint64_t mark, recorder_emit emit, void *to);
