/*
 * expression.h: regular expressions of PCRE2 that answers must match.
 *
 * An expression is its owner's, the text a stranger's: what takes too many steps is
 * given up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct expression;

enum expression_fit { EXPRESSION_FITS, EXPRESSION_FITS_NOT, EXPRESSION_GAVE_UP };

/* NULL, with why, if it can't be read. */
struct expression *expression_new(const char *text, char *why, size_t why_size);
void expression_free(struct expression *expression);
/* Anywhere in the text, byte by byte; '^' and '$' are its ends. */
enum expression_fit expression_fit(const struct expression *expression,
				   struct bytes text);
