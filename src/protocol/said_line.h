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

/* Lines longer than that are passed over; turn_max of a reader that takes them so. */
enum { SAID_LINE_MAX = 4096 };
struct said_lines {
	bool is_long[2]; /* the line that a side is at */
};

/*
 * The next whole line of sensible length.  When there is none, what is left of a line
 * waits for more, or is dropped with the rest of that line to come; *was_long, if not
 * NULL, is set if it was too long.
 */
static inline bool said_lines_take(struct said_lines *lines, struct said *said,
				   struct bytes *line, bool *was_long)
{
	bool *is_long = &lines->is_long[said->by];
	while (said_line(said, line)) {
		bool is_end = *is_long;
		*is_long = false;
		if (!is_end && line->len < SAID_LINE_MAX)
			return true;
		if (!is_end && was_long != NULL)
			*was_long = true;
	}
	bool overflows = said->data.len >= SAID_LINE_MAX;
	if (!*is_long && overflows && was_long != NULL)
		*was_long = true;
	if (*is_long || overflows || said->ends || said->beyond > 0) {
		*is_long = *is_long || said->data.len + said->beyond > 0;
		bytes_take(&said->data, said->data.len);
	}
	return false;
}
