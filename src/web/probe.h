/*
 * probe.h: GET /probe, as Prometheus' blackbox_exporter answers it: while somebody is
 * asked the connection is suspended; private to the room.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>

#include "base/buf.h"
#include "web/web.h"

/* More may wait than may be asked for: a job's word is not lost because others are
 * asked, who are slow. */
enum { WEB_PROBES_MAX = 64, WEB_WAITING_MAX = 96 };

struct request;

struct probe_waiting {
	struct probe_waiting **place; /* among those that wait; NULL: answered */
	struct MHD_Connection *connection;
	unsigned way; /* of heartbeat.c */
	unsigned status;
	const char *type;
	struct buf text;
};

/* Those that wait; all zero: none. */
struct probes_waiting {
	bool ended; /* nobody is asked any more */
	struct probe_waiting *at[WEB_WAITING_MAX];
};

/*
 * The request waits for an answer, which may come at once.  NULL if it can't, or none
 * of the first so many places is free: *result is what that came to.
 */
struct probe_waiting *probe_wait(const struct request *request, size_t places,
				 enum MHD_Result *result);
/* web_probe_answer, of one that waits. */
void probe_waiting_answer(void *waiting, unsigned status, const char *type,
			  struct buf *text);
/* Nobody will answer it. */
void probe_waiting_fail(struct probe_waiting *waiting, const char *why);
/* It was answered: sends that. */
enum MHD_Result probe_waiting_send(const struct request *request);

/* At the end: all are answered that nobody can be asked any more. */
void probes_waiting_end(struct probes_waiting *waiting);
/* Its connection is done. */
void probe_waiting_free(struct probe_waiting *waiting);
