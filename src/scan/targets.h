/*
 * targets.h: the hosts of a scan: what people write becomes a numbered list.
 *
 * Hosts are numbered from 0, in the order of their addresses, each once whatever was
 * written twice.  A list is ranges, so a /12 costs no more than one address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/home.h"

enum {
	TARGET_HOSTS_MAX = 1 << 20, /* a /12, or an IPv6 /108 */
	TARGET_ERROR_MAX = 256,
};

struct target_range {
	struct addr first;
	uint32_t count;
	uint32_t
		before; /* hosts of the ranges in front of it; after targets_finish() */
};

/* All zero is empty. */
struct targets {
	struct target_range *at; /* owned */
	size_t count, room;
	uint32_t hosts; /* after targets_finish() */
};

/*
 * "10.0.0.1", "10.0.0.0/24", "10.0.0.1-10.0.0.9", "10.0.0.1-9", "fd00::1-fd00::9",
 * "fd00::/120", or a name, of which every address is taken.  False: error says what is
 * wrong with it and what is allowed.
 */
bool targets_add(struct targets *targets, const char *text,
		 char error[static TARGET_ERROR_MAX]);

/* Sorts and numbers; false, with a sentence, if these are none or too many. */
bool targets_finish(struct targets *targets, char error[static TARGET_ERROR_MAX]);

void targets_free(struct targets *targets);

struct addr targets_addr(const struct targets *targets, uint32_t host);

/* The range that holds that host. */
const struct target_range *targets_range(const struct targets *targets, uint32_t host);

/* False if that address is none of the targets. */
bool targets_find(const struct targets *targets, const struct addr *addr,
		  uint32_t *host);

/*
 * NULL if every target is this machine's, private (RFC 1918, RFC 4193, one link) or
 * home's; else the first range that is not.
 */
const struct target_range *targets_outside(const struct targets *targets,
					   const struct home *home);

struct addr target_range_last(const struct target_range *range);
