/*
 * ports.h: the ports of a scan, each once, in order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "scan/targets.h"

struct catalog;

struct ports {
	uint32_t count;
	uint16_t at[65536];
	uint16_t place[65536]; /* where in `at`; 0 also for ports that are not */
};

/*
 * "22,80,1000-2000", "-" for all from 1 to 65535, "-1023", "60000-". False: error says
 * what is wrong and what is allowed.
 */
bool ports_parse(struct ports *ports, const char *text,
		 char error[static TARGET_ERROR_MAX]);

/*
 * Without -p.  TCP: the well-known ports (RFC 6335: 1 to 1023), where a service needs
 * privileges to be, and every port above that has a name in the catalog.  UDP: the
 * ports whose protocol the catalog knows, as without a fitting payload silence says
 * nothing.
 */
void ports_usual(struct ports *ports, const struct catalog *catalog, uint8_t transport);

/* False if the port is none of them. */
static inline bool ports_find(const struct ports *ports, uint16_t port, uint32_t *place)
{
	*place = ports->place[port];
	return ports->at[*place] == port;
}
