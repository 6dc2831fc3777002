/*
 * said_line.h: lines of what a side says, as it comes.
 */
#pragma once

#include "protocol/line.h"
#include "protocol/protocol.h"

/*
 * line_take() for a reader that takes every line it is given: what it left last time
 * had no end of line, and is not searched again.
 */
static inline bool said_line(struct said *said, struct bytes *line)
{
	size_t seen = said->data.len > said->fresh ? said->data.len - said->fresh : 0;
	struct bytes fresh = bytes_of(said->data.at + seen, said->data.len - seen);
	if (fresh.len == 0 || memchr(fresh.at, '\n', fresh.len) == NULL)
		return false;
	return line_take(&said->data, line);
}
