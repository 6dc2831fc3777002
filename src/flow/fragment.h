/*
 * fragment.h: which datagrams are under way in pieces, bounded.
 *
 * Nothing is put together again: each fragment is a packet of its own.  The table
 * only remembers the ports that the first fragment had, and which bytes came, to
 * judge overlaps:
 *  - IPv6: the whole datagram is discarded, with all that follows of it (RFC 5722).
 *  - IPv4: the first copy of a byte wins.  The overlapping fragment is reported and
 *    still counts as a packet of its flow; ports are those of the first fragment of
 *    offset 0 that was seen.
 * A fragment that repeats another's exact range is a duplicate, not an overlap
 * (RFC 8200 4.5).  The oldest datagram makes room; one ends after 30 s (IPv4) or
 * 60 s (IPv6, RFC 8200 4.5).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "flow/packet.h"

enum { FRAGMENT_DATAGRAMS = 4096, FRAGMENT_RANGES = 64 };

struct fragment {
	int64_t at_us;
	struct addr src, dst;
	uint32_t id;
	uint32_t offset,
		len; /* bytes of the datagram after its IP header, on the wire */
	bool more, is_ip6;
	/* Given with offset 0; else filled in from the datagram's first fragment. */
	uint8_t proto;
	uint16_t sport, dport, icmp_id;
	bool has_ports; /* out: the first fragment is known */
};

struct fragments;

/* NULL without memory. */
struct fragments *fragments_new(void);
void fragments_free(struct fragments *fragments);

/* True unless no datagram can have such a piece (RFC 791, RFC 8200 4.5). */
bool fragment_is_possible(const struct fragment *fragment);

/*
 * Notes a possible fragment.  DECODE_OK; FRAG_OVERLAP as above; FRAG_BAD if it lies
 * beyond the datagram's end; FRAG_TABLE if a datagram still under way was forgotten
 * for it, or it is the one piece too many of its own.
 */
enum decode_reason fragments_see(struct fragments *fragments,
				 struct fragment *fragment);
