/*
 * range.c: see range.h.
 */
#include "cli/range.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* strtod(3) also takes blanks, hexadecimal numbers and names of infinity. */
static bool take_number(const char **s, double *value)
{
	size_t len = strspn(*s, "-+.0123456789");
	char *end;
	if (len == 0)
		return false;
	*value = strtod(*s, &end);
	bool ok = end == *s + len;
	*s = end;
	return ok;
}

static bool take_start(const char **s, double *start)
{
	if (**s == '~') {
		(*s)++;
		*start = -INFINITY;
		return true;
	}
	return take_number(s, start);
}

bool range_parse(const char *text, struct range *out)
{
	struct range range = { .end = INFINITY, .is_set = true };
	const char *s = text;
	range.is_inverted = *s == '@';
	s += range.is_inverted;
	if (strchr(s, ':') == NULL) {
		if (!take_number(&s, &range.end) || *s != '\0')
			return false;
	} else {
		if (*s != ':' && !take_start(&s, &range.start))
			return false;
		if (*s++ != ':' || (*s != '\0' && !take_number(&s, &range.end)))
			return false;
	}
	if (*s != '\0' || range.start > range.end)
		return false;
	*out = range;
	return true;
}

bool range_alerts(const struct range *range, double value)
{
	bool is_inside = value >= range->start && value <= range->end;
	return range->is_set && is_inside == range->is_inverted;
}

void range_write(const struct range *range, double factor, struct buf *out)
{
	if (!range->is_set)
		return;
	if (range->is_inverted)
		buf_char(out, '@');
	if (isinf(range->start))
		buf_text(out, "~:");
	else if (range->start != 0 || isinf(range->end))
		buf_printf(out, "%f:", range->start * factor);
	if (!isinf(range->end))
		buf_printf(out, "%f", range->end * factor);
}
