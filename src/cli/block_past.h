/*
 * block_past.h: what blocking would have done while it only observed, for who turns it
 * on.
 */
#pragma once

#include <stdint.h>

struct buf;

/* One line, of the last 30 days in the store of that folder; none if there was none. */
void block_past_say(const char *folder, int64_t now_us, struct buf *out);
