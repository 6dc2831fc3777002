/*
 * store.h: records kept on disk, in SQLite, and read again.
 *
 * The writer belongs to the daemon.  One thread of its own takes records from a ring
 * and commits them in batches, at the latest after a second, so that a crash loses no
 * more than that.  Tables come from the record table: one per kind of record, columns
 * as fields, an unknown field NULL, an address its RFC 5952 text, a time microseconds
 * since 1970.
 *
 * In FOLDER/breakwater.db is all but flows, ports in roll-ups (port_1m, port_1h ...);
 * in flows-2026-01-31.db are flows that ended on that day (UTC), so that retention is
 * deleting a file; in evidence-2026-01-31.db what attacks were judged by on it.
 *
 * Readers are independent of the writer, also of its process, and never write.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/cardinality.h"
#include "base/histogram.h"
#include "record/record.h"

enum { STORE_ERROR_MAX = 512 };

/* How long things are kept, in seconds, and how much room all of it may take. */
struct store_limits {
	uint32_t flows_s, ports_10s_s, ports_1m_s, ports_1h_s, ports_1d_s, events_s,
		probes_s, failures_s, packets_s, evidence_s; /* packets: of findings */
	uint64_t packets_bytes;  /* of packets kept: over it the oldest go */
	uint64_t evidence_bytes; /* the same of evidence of attacks */
	uint64_t size_bytes; /* over it the oldest flows go first, then fine roll-ups */
};

/* Everything is kept. */
extern const struct store_limits store_no_limits;

enum store_state {
	STORE_OK,
	STORE_FULL,      /* no space, or over the quota of the disk */
	STORE_READ_ONLY, /* or not permitted */
	STORE_LOCKED,    /* another daemon writes, or a lock lasts */
	STORE_CORRUPT,   /* set aside as NAME.corrupt-TIME, a new one begun */
	STORE_NEWER,     /* of a later version of this program: left untouched */
	STORE_FAILED,    /* anything else; see the message */
};

struct store_status {
	enum store_state state;
	char message[STORE_ERROR_MAX]; /* what is wrong and what to do; "" if nothing */
	uint64_t bytes;                /* on disk */
	int64_t oldest_us;             /* of the oldest record; UNKNOWN_TIME: none */
	int64_t written_us;            /* of the last commit */
	uint64_t written;              /* records, since the start */
	uint64_t waiting;              /* records not yet on disk */
	uint64_t lost;                 /* records that found no room to wait */
};

/* "ok", "full", "read-only" ... */
const char *store_state_name(enum store_state state);

struct store;

/*
 * Starts the writer; whatever is wrong with the folder is in store_status(), and tried
 * again: records wait in memory, in bounds.  NULL only without memory or threads.  Call
 * it after the process has given up its privileges.
 */
struct store *store_open(const char *folder, const struct store_limits *limits);

/* New limits, at a reload. */
void store_limit(struct store *store, const struct store_limits *limits);

/* From one thread.  Copies; false if there is no room, which is counted. */
bool store_put(struct store *store, enum record_kind kind, const void *record);

/*
 * A port record of one second, with its distributions (NULL: none), which roll-ups
 * merge.
 */
bool store_put_port(struct store *store, const struct port_record *port,
		    const struct histogram *handshake, const struct histogram *response,
		    const struct cardinality *clients);

/*
 * What attacks are judged by, in the order in which it is: a contact, a connection, an
 * attempt to log in, or a second of a port.  When more comes than is kept, who has
 * proven where it is goes first, and the rest is counted.
 */
bool store_put_evidence(struct store *store, enum record_kind kind, const void *record);

/* Has what was put, by this thread, written at once. False: it is not on disk yet. */
bool store_wait_written(struct store *store, uint32_t most_ms);

void store_status(struct store *store, struct store_status *out);

/*
 * The hash of an audit record after one whose hash is before ("" for the first): what
 * the writer sets, and what whoever checks the chain compares.  False without memory.
 */
bool store_audit_hash(const char *before, const struct audit_record *audit,
		      field_text64 out);

/* Writes what waits, for at most some seconds, and ends the thread. */
void store_close(struct store *store);

/* ---- reading ---- */

struct store_reader;
/* False of a folder in which nobody has kept anything yet. */
bool store_is_there(const char *folder);
/*
 * Opens what is there, for one thread.  NULL and one line in error, *status the exit
 * status: 2 no store in that folder, 4 not permitted.
 */
struct store_reader *store_reader_open(const char *folder,
				       char error[static STORE_ERROR_MAX], int *status);
void store_reader_close(struct store_reader *reader);

struct store_settled; /* settled.h */
enum store_part { STORE_ALL, STORE_SETTLED, STORE_REST };

struct store_filter {
	int64_t since_us, until_us; /* INT64_MIN, INT64_MAX: open; any overlap counts */
	bool has_port, has_host;
	uint16_t port;
	struct prefix host;    /* either end */
	const char *transport; /* NULL: any */
	uint32_t step_s; /* ports: a record per service and step; 0: per service */
	const char *id, *target;    /* of those that have one; NULL: any */
	bool id_begins;             /* with that; else it is all of it */
	const char *const *sensors; /* of a fleet: any of them; borrowed */
	size_t sensor_count;        /* 0: any, also those of none */
	field_set fields;           /* that are wanted, others may be unknown; 0: all */
	/* Only what is settled, or all but that; borrowed, NULL for all. */
	const struct store_settled *settled;
	enum store_part part;
	const atomic_bool *cancel; /* set: end early; NULL: never */
	uint32_t time_limit_ms;    /* 0: none */
};

void store_filter_init(struct store_filter *filter);

/* Whether records of that kind are kept at all. */
bool store_keeps(enum record_kind kind);

/* Returns false to end the reading, which is then no error. */
typedef bool (*store_emit)(void *to, const void *record);

/*
 * Emits the records of that kind that overlap the filter's time: newest first, ports by
 * service and time.  Ports come from the finest roll-up that still covers the begin,
 * or, with step_s, from the coarsest that is fine enough; findings as last written.
 * 0; or -ETIME, -ECANCELED, -EBUSY (for want of memory now), -EIO with one line in
 * error.
 */
int store_read(struct store_reader *reader, enum record_kind kind,
	       const struct store_filter *filter, store_emit emit, void *to,
	       char error[static STORE_ERROR_MAX]);

/*
 * Evidence of that time as it came; of a connection that stands for others, flow.flows
 * says for how many.  *left_out is how much of that time was not kept, *covered_us
 * since when there is any.  As store_read().
 */
struct store_evidence {
	int64_t since_us, until_us;
	void *to;
	bool (*emit)(void *to, enum record_kind kind, const void *record);
	uint64_t left_out; /* told */
	int64_t covered_us;
};
int store_read_evidence(struct store_reader *reader, struct store_evidence *evidence,
			char error[static STORE_ERROR_MAX]);

/* ---- SQL ---- */

enum store_value_type { STORE_NULL, STORE_INTEGER, STORE_REAL, STORE_TEXT, STORE_BLOB };
struct store_value {
	enum store_value_type type;
	int64_t integer;
	double real;
	const void *bytes; /* of TEXT and BLOB; borrowed for the call */
	size_t len;
};

/* What stands for a parameter of a statement, ":since". */
struct store_parameter {
	const char *name; /* with its colon */
	const char *text; /* NULL: the number */
	int64_t number;
};

struct store_sql {
	void *self;
	/* Once, before the rows, unless NULL; names borrowed. */
	bool (*columns)(void *self, const char *const *names, size_t count);
	/* Either returns false to end. */
	bool (*row)(void *self, const struct store_value *values, size_t count);
	/* Now and then, with the rows so far and the time taken; NULL: not wanted. */
	bool (*progress)(void *self, uint64_t rows, int64_t elapsed_us);
	/* Borrowed; those that the statement doesn't name are left out. */
	const struct store_parameter *parameters;
	size_t parameter_count;
};

/*
 * Runs one read-only statement, whose parameters have those values or are NULL.  Tables
 * are those above and `flow`, all days together: a condition on its `end` or `start`
 * leaves out the files of other days.  Functions beside SQLite's own: in_net(ip,
 * 'CIDR'), time_text(us), time_us('2h' or RFC 3339). 0; or -EINVAL (the statement),
 * -ETIME, -ECANCELED, -EBUSY, -EIO with one line in error.
 */
int store_sql(struct store_reader *reader, const char *text, uint32_t time_limit_ms,
	      const struct store_sql *to, char error[static STORE_ERROR_MAX]);
