/*
 * anomalies_table.h: the places of services, sums and targets, and their hosts.
 * Private to the room.
 *
 * Strangers can make services (a server that answers on every port), so places are
 * bounded, and who has learned keeps his for weeks of silence: a new one takes that of
 * one that is as new and silent, or waits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/home.h"
#include "limit/anomaly.h"
#include "limit/crowd.h"
#include "record/record.h"

enum {
	PLACES_MAX = 4096,
	PLACES_ASKED = 16, /* where one may be */
	PLACE_SERIES = 7,
	ANOMALY_HOSTS_MAX = 256,
};
#define HOST_NONE UINT32_MAX

enum place_kind { PLACE_FREE, PLACE_SERVICE, PLACE_HOST, PLACE_PROBE, PLACE_KINDS };

struct place {
	uint64_t key[2];
	enum place_kind kind;
	uint32_t host;
	int64_t seen_us; /* of the last record */
	struct addr ip;
	uint32_t port;
	char transport[8], service[32];
	char target[256];
	struct anomaly series[PLACE_SERIES];
};

enum { HOST_SUMS = 3 };

struct anomaly_host {
	struct addr ip; /* unset: this machine */
	uint32_t places;
	uint32_t things; /* of them that have learned; see anomalies_inside.h */
	struct crowd crowd;
	double sums[HOST_SUMS];    /* of the minute that is being added up */
	struct alert_record alert; /* fires, unless its id is "" */
};

struct anomaly_table {
	struct hash_key keys[2];
	struct place *at;           /* owned; PLACES_MAX */
	struct anomaly_host *hosts; /* owned; ANOMALY_HOSTS_MAX */
	const struct home *own;     /* borrowed */
};

/* False without memory; anomaly_table_close() is still to be called. */
bool anomaly_table_open(struct anomaly_table *table, const struct home *own);
void anomaly_table_close(struct anomaly_table *table);

/* Of a service, or with UNKNOWN_U32 of a host; of a probe's target. */
void anomaly_table_key(const struct anomaly_table *table, const struct addr *ip,
		       uint32_t port, const char *transport, uint64_t key[2]);
void anomaly_table_target_key(const struct anomaly_table *table, const char *target,
			      uint64_t key[2]);

/* NULL: it has none. */
struct place *anomaly_table_find(const struct anomaly_table *table,
				 const uint64_t key[2]);
/* An empty one, with its key, kind, address and host; NULL: there is no room. */
struct place *anomaly_table_add(struct anomaly_table *table, const uint64_t key[2],
				enum place_kind kind, const struct addr *ip,
				int64_t now_us);
void anomaly_table_drop(struct anomaly_table *table, struct place *place);

/* The number of the host that has that address; HOST_NONE: there is no room. */
uint32_t anomaly_table_host(struct anomaly_table *table, const struct addr *ip);

/* Has any of its series learned? */
bool anomaly_place_has_learned(const struct place *place);
/* What nobody has seen for a month is over. */
bool anomaly_place_is_over(const struct place *place, int64_t now_us);
