/*
 * ports.c: see ports.h.
 */
#include "scan/ports.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"

enum { PORT_MAX = 65535, WELL_KNOWN_MAX = 1023 };

static void number(struct ports *ports, const bool *chosen)
{
	memset(ports, 0, sizeof(*ports));
	for (uint32_t port = 1; port <= PORT_MAX; port++) {
		if (!chosen[port])
			continue;
		ports->place[port] = (uint16_t)ports->count;
		ports->at[ports->count++] = (uint16_t)port;
	}
}

static bool complain(char *error, const char *text, size_t len, const char *why)
{
	snprintf(error, TARGET_ERROR_MAX, "ports: \"%.*s\": %s",
		 len > 40 ? 40 : (int)len, text, why);
	return false;
}

/* Digits up to `end`; if there are none, what a missing bound means. */
static bool bound(const char *text, const char *end, uint32_t missing, uint32_t *out)
{
	*out = text == end ? missing : 0;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9' || *out > PORT_MAX)
			return false;
		*out = *out * 10 + (uint32_t)(*text - '0');
	}
	return *out >= 1 && *out <= PORT_MAX;
}

static bool choose(bool *chosen, const char *text, size_t len, char *error)
{
	const char *end = text + len;
	const char *dash = memchr(text, '-', len);
	uint32_t first, last;
	bool fits = len > 0 && bound(text, dash != NULL ? dash : end, 1, &first);
	if (fits && dash != NULL)
		fits = bound(dash + 1, end, PORT_MAX, &last);
	else if (fits)
		last = first;
	if (!fits)
		return complain(error, text, len,
				"not a port; write 22,80,1000-2000 (1 to 65535), or - "
				"for all");
	if (last < first)
		return complain(error, text, len, "ends before it begins");
	for (uint32_t port = first; port <= last; port++)
		chosen[port] = true;
	return true;
}

bool ports_parse(struct ports *ports, const char *text,
		 char error[static TARGET_ERROR_MAX])
{
	bool chosen[PORT_MAX + 1] = { false };
	for (;;) {
		size_t len = strcspn(text, ",");
		if (!choose(chosen, text, len, error))
			return false;
		if (text[len] == '\0')
			break;
		text += len + 1;
	}
	number(ports, chosen);
	return true;
}

void ports_usual(struct ports *ports, const struct catalog *catalog, uint8_t transport)
{
	bool chosen[PORT_MAX + 1] = { false };
	for (uint32_t port = 1; port <= PORT_MAX; port++) {
		uint16_t at = (uint16_t)port;
		if (transport == IPPROTO_UDP)
			chosen[port] = catalog_protocol(catalog, transport, at) != NULL;
		else
			chosen[port] = port <= WELL_KNOWN_MAX ||
				       catalog_service(catalog, transport, at) != NULL;
	}
	number(ports, chosen);
}
