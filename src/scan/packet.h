/*
 * packet.h: the packets of a SYN scan: those we send, and what their answers say.
 *
 * No list of what was sent is kept.  A probe's sequence number and source port are a
 * keyed hash of where it goes (the cookie), and each answer brings them back: who can't
 * see our packets can't make us believe in a port.
 *
 * The SYN looks like Linux's, as some hosts and boxes don't answer those without
 * options (Durumeric et al., "Ten Years of ZMap", 2024, 4.1).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "scan/sweep.h"

enum {
	PACKET_SYN_MAX = 80, /* IPv6's header and TCP's with 20 bytes of options */
	/* Source ports: a block of 256, then 3 bits the pass, 5 bits of the cookie. */
	SOURCE_BLOCK = 256,
};

struct cookie {
	uint32_t sequence;
	uint16_t source_port;
};

/* Of the SYN to that port in that pass; block is the first of the source ports. */
struct cookie cookie_of(const struct hash_key *key, uint16_t block,
			const struct addr *to, uint16_t port, unsigned pass);

/* In which pass a packet with that source port was sent. */
static inline unsigned cookie_pass(uint16_t source_port)
{
	return source_port >> 5 & (PASSES_MAX - 1);
}

/* The IP packet; both addresses are of one family.  Returns its length. */
size_t packet_syn(uint8_t out[static PACKET_SYN_MAX], const struct addr *from,
		  const struct addr *to, uint16_t port, const struct cookie *cookie);

enum packet_says {
	SAYS_NOTHING, /* none that answers a SYN */
	SAYS_SYN_ACK,
	SAYS_RESET,
	SAYS_UNREACHABLE, /* ICMP, with our packet quoted */
};

struct packet_answer {
	enum packet_says says;
	struct addr probed;   /* whom we asked; the sender may be a router */
	uint16_t port;        /* that we asked for */
	struct cookie cookie; /* as it came back */
	uint8_t ttl;
	const char *reason; /* nmap's word: "syn-ack", "reset", "host-unreach" */
};

/* Of an IP packet, which may be cut; any bytes will do. */
struct packet_answer packet_read(struct bytes packet);

/* True if it answers a probe that we really sent. */
bool packet_is_ours(const struct packet_answer *answer, const struct hash_key *key,
		    uint16_t block);

/* nmap's word for an ICMP error; "" if it is not about a port, host or network. */
const char *unreachable_reason(bool is_v6, uint8_t type, uint8_t code);
