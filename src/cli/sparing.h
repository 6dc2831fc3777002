/*
 * sparing.h: whom the wall is told never to block, as we alone know it: who has logged
 * in by SSH, as its server's log says, who reads the page, where the fleet's servers
 * are, and what was added to block.never since the start.
 *
 * They are kept here, as a wall that begins anew knows none of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/roster.h"
#include "guard/wall.h"
#include "policy/never.h"

/*
 * Nobody proves who he is before he reads the page, and who tells where servers are
 * talks to strangers: of both there are so many.
 */
enum { SPARED_READERS_MAX = 64, SPARED_SERVERS_MAX = 128 };

struct spared_one {
	struct roster_entry head;
	struct prefix prefix;
	enum never_reason reason;
	int64_t until_us, told_us;
};

struct sparing {
	struct roster people;
	struct spared_one readers[SPARED_READERS_MAX];
	struct spared_one servers[SPARED_SERVERS_MAX];
};

/* False without memory; sparing_close() is still to be called. */
bool sparing_open(struct sparing *sparing);
void sparing_close(struct sparing *sparing);

/*
 * They are spared for so long, from now on (CLOCK_BOOTTIME).  True if the wall is
 * to be told, by that order: not each time that somebody is there again.
 */
struct spared {
	struct prefix prefix;
	enum never_reason reason; /* NEVER_ssh, _dashboard, _fleet or _never */
	int64_t left_us;
};
bool sparing_add(struct sparing *sparing, const struct spared *who, int64_t now_us,
		 struct wall_order *out);

/* All of them, for a wall that knows none. */
void sparing_each(const struct sparing *sparing, int64_t now_us,
		  void (*take)(void *to, const struct wall_order *order), void *to);
