/*
 * firewall_facts.h: what there is to say of the packet filter's rules as a whole: a
 * hash by which a change shows, how many there are, and whether what no rule names is
 * dropped.
 *
 * All of it from the JSON of nft(8).  The hash is of what people write: not of handles,
 * counters, what sets hold for a time only, and whom fail2ban or sshguard block, which
 * change while the rules stay.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { FIREWALL_SHA256 = 32 };

struct firewall_facts {
	uint8_t sha256[FIREWALL_SHA256];
	uint32_t tables, chains, rules;
	/* Of IPv4 and of IPv6 some chain of the input hook drops or refuses what none
	 * of its rules names. */
	bool drops_unnamed;
};

/* False: it is no such document, or there is no memory. */
bool firewall_facts(const json_t *document, struct firewall_facts *out);

/* What rules have counted that drop or refuse, and count; of a document with counters.
 */
struct firewall_counts {
	uint64_t packets, bytes;
};
struct firewall_counts firewall_counts(const json_t *document);
