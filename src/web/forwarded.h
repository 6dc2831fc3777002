/*
 * forwarded.h: where a request comes from that came through proxies.
 *
 * Each proxy adds at the end of a header whom it was asked by; what stands before that,
 * the client may have made up.  So the address counts that the last proxy of ours
 * added, or, if that is a proxy of ours, too, the one before it, and so on.
 */
#pragma once

#include "base/addr.h"
#include "config/config.h"

struct forwarded {
	const struct config_prefixes *proxies; /* ours; borrowed */
	bool is_standard;                      /* RFC 7239, else addresses */
	struct addr client;                    /* so far; unset: not known */
};

/* name: of the header; "Forwarded" is as RFC 7239 has it, any other a list of
 * addresses, as X-Forwarded-For. */
void forwarded_init(struct forwarded *forwarded, const char *name,
		    const struct config_prefixes *proxies);
/* Its lines, in the order in which they came. */
void forwarded_line(struct forwarded *forwarded, const char *value);

bool forwarded_is_ours(const struct config_prefixes *proxies, const struct addr *addr);
