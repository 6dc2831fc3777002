/*
 * anomalies.h: a detector (anomaly.h) for each value of each service, host and probe
 * that matters: records in, marks and alerts out.  No clock, no I/O.
 *
 * A mark tells nobody.  What a service's series say of the same thing (bytes, requests
 * and clients rise together) counts once; three such things of a host at a time are an
 * alert (crowd.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

struct buf;
struct home;

struct anomalies_sink {
	void *self;
	void (*mark)(void *self, const struct anomaly_record *mark);
	/* Begins to fire, or is resolved. */
	void (*alert)(void *self, const struct alert_record *alert);
};

struct anomalies;

/* own: addresses of one host, this machine; borrowed.  NULL without memory. */
struct anomalies *anomalies_new(const struct anomalies_sink *sink,
				const struct home *own);
void anomalies_free(struct anomalies *anomalies);

/*
 * A minute: what each service did in it (once), then its end, which knows who did
 * nothing.  A service has a place from its first answer on.
 */
void anomalies_port(struct anomalies *anomalies, const struct port_record *port,
		    int64_t now_us);
void anomalies_minute(struct anomalies *anomalies, int64_t now_us);

/* Any of them. */
void anomalies_probe(struct anomalies *anomalies, const struct probe_record *probe,
		     int64_t now_us);

/* Once a second: what is to be kept is written. */
void anomalies_tick(struct anomalies *anomalies, int64_t now_us);

/*
 * What was learned outlives a restart: in that folder, from now on.  False with a
 * sentence in why if what is there can't be used.
 */
bool anomalies_keep(struct anomalies *anomalies, const char *folder, int64_t now_us,
		    struct buf *why);

/*
 * One that fired when the daemon ended: it ends when it is calm from now on.  False if
 * there is no room.
 */
bool anomalies_recall(struct anomalies *anomalies, const struct alert_record *alert,
		      int64_t now_us);

struct anomalies_totals {
	uint32_t places, hosts;   /* services, sums and targets that are known */
	uint64_t marks, left_out; /* records that found no room, since the start */
};
struct anomalies_totals anomalies_totals(const struct anomalies *anomalies);
