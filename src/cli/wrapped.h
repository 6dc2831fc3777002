/*
 * wrapped.h: screens of lines with a label each, and texts that are longer than a line.
 */
#pragma once

#include "cli/table.h"

enum { LABEL_WIDTH = 13 };

/* Quiet, and as wide as all of them. */
void label_print(const struct look *look, const char *text);

/*
 * Wraps at blanks, each line but the first so far to the right; a stranger's bytes are
 * harmless.
 */
void wrapped_print(const struct look *look, enum tone tone, int indent,
		   const char *text);
