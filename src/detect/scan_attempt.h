/*
 * scan_attempt.h: what a contact says of who made it.  Private to the room.
 */
#pragma once

#include "detect/sources.h"

struct detect;

static inline uint32_t scan_attempt_second(int64_t at_us)
{
	return at_us > 0 ? (uint32_t)(at_us / 1000000) : 0;
}

enum attempt_transport scan_attempt_transport_of(const char *transport);
const char *scan_attempt_transport_word(uint64_t transport);

/* False if it says nothing of a source; server: a number for who was tried. */
bool scan_attempt_read(const struct contact_record *c, uint32_t server,
		       struct attempt *attempt);

/* A late answer, traceroute, or who calls back a client of his (is_back). */
bool scan_attempt_is_no_try(const struct contact_record *c,
			    const struct attempt *attempt);

/*
 * False if it is no evidence: that a service which was there lately fails says
 * something of the service, and late answers, call-backs and traceroute have other
 * reasons.  FIN alone, NULL and XMAS are sent by nobody who means a service.
 */
bool scan_attempt_is_telling(struct detect *detect, const struct contact_record *c,
			     const struct attempt *attempt);
