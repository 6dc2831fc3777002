/*
 * flood.h: what the detectors of floods share.  Private to the room.
 */
#pragma once

#include "base/roster.h"
#include "detect/detector.h"

/* Without packets for so long, an attack is over. */
#define FLOOD_HOLD_US (60 * SECOND_US)
/*
 * What there is in the first seconds was there before; a place that was silent then is
 * known to have been.
 */
#define FLOOD_KNOWN_US (10 * SECOND_US)

/* Where everything is described by one second's records. */
#define FLOOD_TEXT_MAX 80

/* A count; none, where it is unknown. */
static inline uint64_t flood_count(uint64_t value)
{
	return value == UNKNOWN_U64 ? 0 : value;
}

/* What a roster has about an address and a port, or a kind of things. */
static inline struct roster_key flood_key(const struct addr *ip, uint64_t rest)
{
	return (struct roster_key){ .first = *ip, .rest = rest };
}

/*
 * Is what goes there our business?  In a replay, where nothing says which machine it
 * was, everything is.
 */
bool flood_is_ours(const struct detect *detect, const struct addr *addr);

/* "192.0.2.1:443/tcp", "[2001:db8::1]:53/udp". */
const char *flood_place(const struct addr *ip, uint32_t port, const char *transport,
			char text[static FLOOD_TEXT_MAX]);

/* The end of the second that a port record is about. */
int64_t flood_end(const struct port_record *port);

/* Starts evidence of a flood: unsolicited, from anybody, attempts as many packets. */
void flood_begin(struct finding_record *evidence, const char *kind,
		 const char *technique, int64_t at_us, uint64_t packets);
/* It is about that port. */
void flood_target(struct finding_record *evidence, const struct port_record *port);

/* The kernel has had trouble with connections to us, around that second. */
bool flood_is_witnessed(const struct detect *detect, const struct port_record *port);

/* Its sockets had no room for datagrams, around that second. */
bool flood_loses_datagrams(const struct detect *detect, const struct port_record *port);

/*
 * Raises a flood.  What is known of forged sources at its target goes into its
 * evidence: one attack is one finding.
 */
void flood_take(struct detect *detect, struct finding_record *evidence,
		unsigned severity);
/* The same of a network. */
void flood_take_network(struct detect *detect, struct finding_record *evidence,
			unsigned severity, const struct prefix *network);
/* Sources of what comes to that address are forged, in words. */
void flood_note_forged(struct detect *detect, const struct addr *ip, int64_t at_us,
		       const char *words);
/* That address, or its network, is flooded. */
bool flood_is_on(const struct detect *detect, const struct addr *ip, int64_t at_us);

/* One more of distinct addresses; the same number in each replay. */
void flood_count_source(struct cardinality *sources, const struct addr *source);

/* Writes a text field, as snprintf() does. */
#define FLOOD_SAY(field, ...) snprintf((field), sizeof(field), __VA_ARGS__)
