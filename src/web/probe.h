/*
 * probe.h: GET /probe, as Prometheus' blackbox_exporter answers it: while somebody is
 * asked the connection is suspended; private to the room.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>

#include "base/buf.h"
#include "web/web.h"

enum { WEB_PROBES_MAX = 64 };

struct probe_waiting;

/* Those that wait; all zero: none. */
struct probes_waiting {
	bool ended; /* nobody is asked any more */
	struct probe_waiting *at[WEB_PROBES_MAX];
};

/* At the end: all are answered that nobody can be asked any more. */
void probes_waiting_end(struct probes_waiting *waiting);
/* Its connection is done. */
void probe_waiting_free(struct probe_waiting *waiting);
