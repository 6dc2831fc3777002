/*
 * text.c: numbers and strings as people read them; see view.h.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/view.h"

void text_clean(char *out, size_t size, const char *text)
{
	size_t len = 0;
	for (; *text != '\0' && len + 1 < size; text++)
		out[len++] = (*text >= 0x20 && *text < 0x7f) ? *text : '?';
	out[len] = '\0';
}

void text_fit(char out[static CELL_MAX], const char *text, int width)
{
	int len = (int)strnlen(text, CELL_MAX - 1);
	if (width >= len || width < 1) {
		snprintf(out, CELL_MAX, "%s", text);
		return;
	}
	bool is_address = strchr(text, ':') != NULL && strchr(text, ' ') == NULL;
	int tail = is_address ? (width - 1) / 2 : 0;
	int head = width - 1 - tail;
	snprintf(out, CELL_MAX, "%.*s~%s", head, text, text + len - tail);
}

static bool is_unknown(char *out, size_t size, double value)
{
	if (!isnan(value))
		return false;
	snprintf(out, size, "-");
	return true;
}

/* Three digits, so that a column of them can be compared at a glance. */
static int decimals(double value)
{
	return value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
}

void text_bytes(char *out, size_t size, double bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	size_t unit = 0;
	if (is_unknown(out, size, bytes))
		return;
	while (bytes >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1000;
		unit++;
	}
	snprintf(out, size, "%.*f %s",
		 unit == 0             ? 0
		 : decimals(bytes) > 1 ? 1
				       : decimals(bytes),
		 bytes, units[unit]);
}

void text_count(char *out, size_t size, double count)
{
	char digits[32];
	size_t len = 0;
	if (is_unknown(out, size, count))
		return;
	int total = snprintf(digits, sizeof(digits), "%.0f", fabs(count));
	if (count <= -0.5 && size > 1)
		out[len++] = '-';
	for (int i = 0; i < total && len + 2 < size; i++) {
		if (i > 0 && (total - i) % 3 == 0)
			out[len++] = ',';
		out[len++] = digits[i];
	}
	out[len] = '\0';
}

void text_duration(char *out, size_t size, double us)
{
	if (is_unknown(out, size, us))
		return;
	if (us < 1000)
		snprintf(out, size, "%.0f us", us);
	else if (us < 999500)
		snprintf(out, size, "%.*f ms", decimals(us / 1000), us / 1000);
	else if (us < 120e6)
		snprintf(out, size, "%.*f s", decimals(us / 1e6), us / 1e6);
	else
		text_span(out, size, us / 1e6);
}

void text_percent(char *out, size_t size, double ratio)
{
	if (is_unknown(out, size, ratio))
		return;
	if (ratio <= 0)
		snprintf(out, size, "0%%");
	else if (ratio < 0.0001)
		snprintf(out, size, "<0.01%%");
	else
		snprintf(out, size, "%.*f%%", decimals(ratio * 100), ratio * 100);
}

void text_span(char *out, size_t size, double seconds)
{
	if (is_unknown(out, size, seconds))
		return;
	if (seconds < 120)
		snprintf(out, size, "%.0f s", floor(seconds));
	else if (seconds < 2 * 3600)
		snprintf(out, size, "%.0f min", floor(seconds / 60));
	else if (seconds < 48 * 3600)
		snprintf(out, size, "%.0f h", floor(seconds / 3600));
	else
		snprintf(out, size, "%.0f d", floor(seconds / 86400));
}
