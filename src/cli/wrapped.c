/*
 * wrapped.c: see wrapped.h.
 */
#include "cli/wrapped.h"

enum { LINE_MAX_LEN = 512 };

void label_print(const struct look *look, const char *text)
{
	char padded[32];
	snprintf(padded, sizeof(padded), "%-*s", LABEL_WIDTH, text);
	tone_print(look, TONE_QUIET, padded);
}

/* Octets that fit into so many columns, up to the last blank if there is one. */
static size_t fit(const char *text, size_t width)
{
	size_t len = 0, blank = 0;
	while (len < width && text[len] != '\0') {
		if (text[len] == ' ')
			blank = len;
		len++;
	}
	if (text[len] == '\0' || text[len] == ' ' || blank == 0)
		return len;
	return blank;
}

void wrapped_print(const struct look *look, enum tone tone, int indent,
		   const char *text)
{
	char clean[1024], line[LINE_MAX_LEN];
	text_clean(clean, sizeof(clean), text == NULL ? "" : text);
	size_t width = look->width > 0 ? (size_t)look->width : 79;
	width = width > (size_t)indent + 20 ? width - (size_t)indent : 20;
	const char *at = clean;
	for (bool first = true; first || *at != '\0'; first = false) {
		size_t len = fit(at, width);
		snprintf(line, sizeof(line), "%.*s", (int)len, at);
		printf("%*s", first ? 0 : indent, "");
		tone_print(look, tone, line);
		putchar('\n');
		at += len + (at[len] == ' ');
	}
}
