/*
 * usual.h: what everybody wants to know, watched from the first start (limits.usual).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "limit/rules.h"

struct limit_usual {
	double response_ms, loss, errors; /* the settings limits.* */
	double link_bytes; /* what the fastest link carries, bytes a second; 0: unknown
			    */
};

/* The rules as a file of rules has them. */
void limit_usual_text(const struct limit_usual *usual, struct buf *out);

/*
 * Adds them; rules of files come after them, and replace those of their name.  False
 * without memory.
 */
bool limit_usual_add(struct limit_rules *rules, const struct limit_usual *usual);
