/*
 * port_list.c: see port_list.h.
 */
#include "base/port_list.h"

#include <stdio.h>

/* How many from there on are one range; the same port twice is one. */
static size_t range_len(const uint16_t *ports, size_t count)
{
	size_t len = 1;
	while (len < count && ports[len] - ports[len - 1] <= 1)
		len++;
	return len;
}

void port_list_text(const uint16_t *ports, size_t count, char *out, size_t size)
{
	size_t written = 0;
	if (size > 0)
		out[0] = '\0';
	for (size_t i = 0, len; i < count; i += len) {
		char text[16];
		len = range_len(ports + i, count - i);
		unsigned first = ports[i], last = ports[i + len - 1];
		const char *comma = i > 0 ? "," : "";
		int n = first == last
				? snprintf(text, sizeof(text), "%s%u", comma, first)
				: snprintf(text, sizeof(text), "%s%u-%u", comma, first,
					   last);
		if (written + (size_t)n >= size)
			return;
		written += (size_t)snprintf(out + written, size - written, "%s", text);
	}
}
