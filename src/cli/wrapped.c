/*
 * wrapped.c: see wrapped.h.
 */
#include "cli/wrapped.h"

#include <time.h>

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

void label_text(const struct look *look, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	label_print(look, name);
	wrapped_print(look, TONE_NORMAL, LABEL_WIDTH, text);
}

void label_buf(const struct look *look, const char *name, struct buf *text)
{
	label_text(look, name, buf_cstr(text));
	buf_free(text);
}

void when_text(int64_t at_us, char out[static WHEN_MAX])
{
	time_t second = (time_t)(at_us / 1000000);
	struct tm local;
	out[0] = '\0';
	if (localtime_r(&second, &local) != NULL)
		strftime(out, WHEN_MAX, "%F %T", &local);
}
