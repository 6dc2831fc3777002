/*
 * port_set.c: see port_set.h.
 */
#include "base/port_set.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/port_list.h"

enum { PORT_TEXT_MOST = 4096 };

/* Takes 1 to 65535 off the front; 0: there is none. */
static uint16_t take_port(const char **text)
{
	uint32_t value = 0;
	for (; **text >= '0' && **text <= '9' && value <= UINT16_MAX; ++*text)
		value = value * 10 + (uint32_t)(**text - '0');
	return value <= UINT16_MAX ? (uint16_t)value : 0;
}

bool port_range_parse(const char *text, struct port_range *out)
{
	struct port_range range = { 0 };
	range.first = range.last = take_port(&text);
	if (*text == '-') {
		text++;
		range.last = take_port(&text);
	}
	range.is_udp = strcmp(text, "/udp") == 0;
	bool ends = *text == '\0' || range.is_udp || strcmp(text, "/tcp") == 0;
	if (!ends || range.first == 0 || range.last < range.first)
		return false;
	*out = range;
	return true;
}

void port_set_add(struct port_set *set, const struct port_range *range)
{
	uint64_t *words = range->is_udp ? set->udp : set->tcp;
	for (uint32_t port = range->first; port <= range->last; port++)
		words[port / 64] |= 1ULL << port % 64;
}

/* The lowest of one transport: a text has no room for more. */
static size_t list_ports(const struct port_set *set, bool is_udp, uint16_t *ports,
			 size_t most)
{
	size_t count = 0;
	for (uint32_t port = 1; port <= UINT16_MAX && count < most; port++)
		if (port_set_holds(set, is_udp, (uint16_t)port))
			ports[count++] = (uint16_t)port;
	return count;
}

void port_set_text(const struct port_set *set, char *out, size_t size)
{
	uint16_t ports[PORT_TEXT_MOST];
	size_t count = list_ports(set, false, ports, PORT_TEXT_MOST);
	port_list_text(ports, count, out, size);
	size_t len = strlen(out);
	count = list_ports(set, true, ports, PORT_TEXT_MOST);
	const char *mark = len > 0 ? ",U:" : "U:";
	if (count == 0 || len + strlen(mark) + 6 >= size)
		return;
	len += (size_t)snprintf(out + len, size - len, "%s", mark);
	port_list_text(ports, count, out + len, size - len);
}

uint32_t port_set_count(const struct port_set *set)
{
	uint32_t count = 0;
	for (size_t i = 0; i < 1024; i++)
		count += (uint32_t)(__builtin_popcountll(set->tcp[i]) +
				    __builtin_popcountll(set->udp[i]));
	return count;
}
