/*
 * feed.h: for whoever gives talks their bytes: which protocol is it, and read on.
 */
#pragma once

#include "protocol/protocol.h"

/* Every protocol, in order of name; *count of them. */
const struct protocol *const *protocols(size_t *count);

/*
 * Recognisers that have not said NO.  Start with candidates_begin(); `candidates_ask`
 * returns the protocol, or NULL and what is left in *candidates: 0 if it is none of
 * ours.
 */
typedef uint64_t candidates;
candidates candidates_begin(uint8_t transport);
const struct protocol *candidates_ask(candidates *left, const struct opening *opening);

/* A talk of a known protocol begins: state zeroed, facts kept. */
void talk_begin(struct talk *talk, const struct protocol *protocol);

/*
 * Lets the reader read.  False if it wants no more of this conversation.  What it left
 * in said->data is to be given again with more behind it, unless said->ends.
 */
bool talk_read(struct talk *talk, struct said *said);
void talk_end(struct talk *talk, int64_t at_us);

/* "tcp", "udp", "icmp", "icmp6", "sctp", or "ip" for all others. */
const char *transport_name(uint8_t transport);

/* One per thread; key: what strangers must not foresee. NULL without memory. */
struct talk_room *talk_room_new(const struct hash_key *key);
void talk_room_free(struct talk_room *room);

/*
 * Asks nDPI what an opening is that no recogniser of ours knows: a name in its words,
 * lower case, at most 31 octets, as long as the room is there; NULL if it does not know
 * either, or only guesses by port or address.
 */
const char *ndpi_name_opening(struct talk_room *room, const struct opening *opening,
			      int64_t at_us);
