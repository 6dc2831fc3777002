/*
 * scatter.h: a host whose ports are flooded all at once, each with little.  Private to
 * the room.
 *
 * A scan of all ports does that, too, but not for long: it needs 65,536 packets, and
 * as many for each time it tries again.
 */
#pragma once

#include "detect/busy.h"

enum {
	SCATTER_FLOOR = 10000,   /* packets/s: the fastest scanners of one host */
	SCATTER_PORTS_MIN = 200, /* fewer are told one by one */
	SCATTER_PORT_MOST = 50, /* packets/s of one port: what has more is told alone */
	SCATTER_TOTAL_MIN = 4 * 65536,
};

/* Of a host; all zero is nothing. */
struct scatter {
	int64_t second_us;
	uint64_t now, ports; /* of this second */
	uint64_t before; /* packets of the seconds in a row that were above the floor */
	uint64_t untold; /* packets since scatter_add() last said true */
	bool is_told, is_on; /* in this second; since some seconds */
};

/*
 * Packets to one port of the host in one second that nobody answered.  True: it is a
 * flood; once a second, with *packets those that came meanwhile.
 */
bool scatter_add(struct scatter *scatter, int64_t start_us, uint64_t count,
		 uint64_t *packets);
