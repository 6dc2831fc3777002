/*
 * members.h: a target that stands for several: all addresses of a name, one of each
 * family, or the hosts of an SRV record (RFC 2782).
 *
 * Asked itself it only finds out which they are.  Each member is a target as anybody
 * could have written it.
 */
#pragma once

#include <stddef.h>

#include "probe/target.h"

struct prober;

/* Takes the member over. */
typedef void (*member_take)(void *to, struct target *member);

/* In the answer of a target that stands for several: the members as they are now. */
void prober_members(struct prober *p, const struct target *target, member_take take,
		    void *to);

/* What it is called among them: an address, "IPv6", "host:port". */
void member_name(const struct target *target, const struct target *member, char *out,
		 size_t size);

/*
 * Can the members be written?  False with why; called when a target is read.
 */
bool members_check(struct target *target, char why[TARGET_WHY_MAX]);

/* The URL with an option in another's place; false: it has none, or is too long. */
bool members_with_option(const struct target *target, const char *option,
			 const char *instead, char *out, size_t size);
/* The URL with another host and port. */
bool members_with_host(const struct target *target, const char *host, uint16_t port,
		       char *out, size_t size);
