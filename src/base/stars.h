/*
 * stars.h: texts with "*" for any part of them, in time that no pattern can blow up.
 */
#pragma once

#include <stdbool.h>

/* "*" is any run without that character; '\0': any run. */
bool stars_match(const char *pattern, const char *text, char without);
