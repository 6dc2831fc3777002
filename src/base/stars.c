/*
 * stars.c: see stars.h.
 */
#include "base/stars.h"

#include <stddef.h>

bool stars_match(const char *pattern, const char *text, char without)
{
	/* One star is gone back to at most: what is before a later one stays right. */
	const char *star = NULL, *resume = NULL;
	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL && *resume != without) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
