/*
 * depot.h: where hubs keep the records of all sensors: SQLite for a few, PostgreSQL or
 * ClickHouse for many.  One table per kind of record, made from schemas[], columns as
 * fields, an unknown field NULL; times are microseconds since 1970 (UTC).  A record is
 * filed, found and removed by its own time; when that is unknown, or more than 30 days
 * before the hub's or one after, by when it came.
 *
 * Any number of hubs write at once.  A batch is kept as a whole and once, by its id,
 * however often it comes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/batch.h"
#include "record/record.h"
#include "store/store.h"

enum { DEPOT_ERROR_MAX = 512 };

/* A batch as it came. */
struct depot_batch {
	struct batch_id id;
	const void *bytes; /* the message: batch_read() */
	size_t len;
	bool again; /* it may have been kept before: it was delivered or sent again */
	/*
	 * Told: 0: kept; -EEXIST: it was; -EBADMSG: it is no batch, and never will be;
	 * -EAGAIN: another hub may be keeping it just now, so it is to come again.
	 */
	int result;
};

/* Of one thread. */
struct depot;
/*
 * "sqlite:/var/lib/breakwater-hub/fleet.db", "postgresql://...", or
 * "clickhouse://user:password@host:8123/database" (clickhouses:// in TLS).  Makes what
 * is missing.  NULL and error: it can't be reached or used now.
 */
struct depot *depot_open(const char *where, char error[static DEPOT_ERROR_MAX]);
/*
 * The same to read only, of what a hub has made: nothing is made or changed.  What is
 * missing, or a server that can't be reached, may be told only by the first question.
 */
struct depot *depot_look(const char *where, char error[static DEPOT_ERROR_MAX]);
void depot_close(struct depot *depot);
/* The kind of it: "sqlite", "postgresql", "clickhouse". */
const char *depot_kind(const struct depot *depot);
/* The same of what is not open; NULL: it is no place to keep records. */
const char *depot_kind_of(const char *where);

/* Whether there is a table of that kind of record. */
bool depot_keeps(enum record_kind kind);
/* The type of a field's column in a depot of that kind; NULL: there is no such kind. */
const char *depot_type(const char *kind, const struct field *field);

/*
 * Keeps them, each as its result says: 0; -EAGAIN and error: some may be kept, try all
 * of them again, perhaps after opening it anew.  Gaps in an epoch's sequence are the
 * caller's to tell.
 */
int depot_write(struct depot *depot, struct depot_batch *batches, size_t count,
		char error[static DEPOT_ERROR_MAX]);

/*
 * As store_read(), of all sensors, or of filter->sensors; limit: of records, newest
 * first; 0: none.  Ports of filter->step_s: one per sensor, service and step, counters
 * added, of percentiles the greatest; 0: one for all the time.
 */
int depot_read(struct depot *depot, enum record_kind kind,
	       const struct store_filter *filter, size_t limit, store_emit emit,
	       void *to, char error[static DEPOT_ERROR_MAX]);

/*
 * A sensor's audit or checkpoint records with a number (audit.seq, checkpoint.seq)
 * above that one, in the order of it, then as they came; at most so many.
 */
struct depot_chain {
	const char *sensor;
	uint64_t after;
	size_t limit;
};
int depot_read_chain(struct depot *depot, enum record_kind kind,
		     const struct depot_chain *chain, store_emit emit, void *to,
		     char error[static DEPOT_ERROR_MAX]);

/* One read-only statement in the depot's own SQL; as store_sql(). */
int depot_sql(struct depot *depot, const char *text, uint32_t time_limit_ms,
	      const struct store_sql *to, char error[static DEPOT_ERROR_MAX]);

/* How long each lane's and kind's records are kept, in seconds; 0: for ever. */
struct depot_limits {
	uint32_t flows_s, ports_s, probes_s, events_s;
};
/* Removes what is older: partitions as a whole, where there are any. 0 or -EAGAIN. */
int depot_prune(struct depot *depot, const struct depot_limits *limits, int64_t now_us,
		char error[static DEPOT_ERROR_MAX]);

/* Appends the definitions of all tables in that SQL ("sqlite", ...), for docs and
 * people. */
bool depot_schema(const char *kind, struct buf *out);
