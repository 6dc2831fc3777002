/*
 * wrapped.h: screens of lines with a label each, and texts that are longer than a line.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "cli/table.h"

enum { LABEL_WIDTH = 13, WHEN_MAX = 32 };

/* Quiet, and as wide as all of them. */
void label_print(const struct look *look, const char *text);

/*
 * Wraps at blanks, each line but the first so far to the right; a stranger's bytes are
 * harmless.
 */
void wrapped_print(const struct look *look, enum tone tone, int indent,
		   const char *text);

/* A line of what is known; nothing of what is not (NULL or ""). */
void label_text(const struct look *look, const char *name, const char *text);
/* The same; frees the text. */
void label_buf(const struct look *look, const char *name, struct buf *text);

/* Date and time where whoever reads is. */
void when_text(int64_t at_us, char out[static WHEN_MAX]);
