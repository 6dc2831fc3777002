/*
 * refused.c: see refused.h.
 */
#include "web/refused.h"

#include <inttypes.h>
#include <stdio.h>

bool refused_add(struct refused *refused, const struct addr *from, int64_t now_ms)
{
	addr_text(from, refused->from);
	if (refused->is_burst) {
		refused->count++;
		return false;
	}
	refused->is_burst = true;
	refused->since_ms = now_ms;
	return true;
}

bool refused_take(struct refused *refused, int64_t now_ms, bool at_end,
		  char text[static REFUSED_TEXT_MAX])
{
	if (!refused->is_burst ||
	    (!at_end && now_ms - refused->since_ms < REFUSED_BURST_MS))
		return false;
	uint64_t count = refused->count;
	refused->count = 0;
	refused->since_ms = now_ms;
	/* Ten minutes of quiet: the next is the first again. */
	refused->is_burst = count > 0;
	if (count == 0)
		return false;
	snprintf(text, REFUSED_TEXT_MAX, "%" PRIu64 " more, the last from %s", count,
		 refused->from);
	return true;
}
