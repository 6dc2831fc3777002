/*
 * depot_driver.h: what the databases of depots have in common.  Private to depot*.c.
 *
 * A table per kind of record: its fields, the sensor first, then
 *   kept_at         by which the row is filed, found and removed: the record's own
 *                   time, or when it came, if that is unknown or can't be
 * (depot_kept_at) batch_epoch, batch_sequence, batch_row   which one it was of what a
 * sensor sent and a table `batch` of those that are kept already.  Statements to read
 * are the same in all SQL but for what struct depot_dialect says.
 */
#pragma once

#include "base/buf.h"
#include "fleet/depot.h"

#define DEPOT_DAY_US 86400000000LL

/* ---- SQL ---- */

enum depot_sql { DEPOT_SQLITE, DEPOT_POSTGRESQL, DEPOT_CLICKHOUSE, DEPOT_KINDS };

struct depot_dialect {
	const char *kind;                      /* as in depot_kind() */
	const char *types[TYPE_bytes1536 + 1]; /* of fields, which may be NULL */
	const char *sensor, *number;           /* of columns that are never NULL */
	const char *integer;                   /* to cast to: 64 bits, or NULL */
	const char *least_flag; /* of a group: an aggregate of truth values */
	/* Appends the condition that an address is in a network; NULL: there is none.
	 */
	void (*put_in_net)(struct buf *out, const char *column, const char *network);
	bool has_backslashes; /* in texts; else only the quote stands for itself twice
			       */
	bool has_windows;     /* row_number() OVER; else LIMIT 1 BY */
};
extern const struct depot_dialect depot_dialects[DEPOT_KINDS];

/* Appends "name" type,... of all columns. */
void depot_columns(struct buf *out, const struct depot_dialect *dialect,
		   enum record_kind kind);
/* Appends the definition of a column of that field. */
void depot_column(struct buf *out, const struct depot_dialect *dialect,
		  const struct field *field);
/* Appends the statements, each ended by ";\n", that make what is missing of a kind. */
void depot_table(struct buf *out, const struct depot_dialect *dialect,
		 enum record_kind kind);
/* Appends the statement that removes what earlier versions made of it (PostgreSQL,
 * SQLite). */
void depot_drop_retired(struct buf *out, enum record_kind kind);
/* For depot_read_chain(); of tables of earlier versions, too. */
void depot_index_chain(struct buf *out, enum record_kind kind);
/* The same of the batches that are kept. */
void depot_batch_table(struct buf *out, const struct depot_dialect *dialect);

/* Appends a text as a literal: the one place where values become SQL. */
void depot_literal(struct buf *out, const struct depot_dialect *dialect,
		   const char *text);
/* Appends a text, what is no UTF-8 in it as U+FFFD, three bytes for one. */
void depot_utf8(struct buf *out, const char *text);
enum { DEPOT_UTF8_GROWS = 3 };
/* The same into so much room; returns its end, without a NUL. */
char *depot_put_utf8(char *out, const char *text);

/*
 * What names a thing of which there are many records, the last of them valid: columns;
 * NULL: each record stands for itself.
 */
const char *depot_name_of(enum record_kind kind);
/* Which fields a statement asks for, in order, and whether others are to be passed. */
struct depot_query {
	const struct field *fields[64];
	size_t count;
	bool is_exact; /* all that it gives is wanted: it has the limit itself */
};
/* Appends the statement of depot_read(). */
void depot_select(struct buf *out, const struct depot_dialect *dialect,
		  enum record_kind kind, const struct store_filter *filter,
		  size_t limit, struct depot_query *query);

/* The same of depot_read_chain(). */
void depot_select_chain(struct buf *out, const struct depot_dialect *dialect,
			enum record_kind kind, const struct depot_chain *chain,
			struct depot_query *query);

/* Sets a field of what a database gives as text; nonsense leaves it unknown. */
void depot_set_field(const struct field *field, void *record, const char *text,
		     size_t len);

/* ---- rows ---- */

/*
 * By which time a record is filed: its own, unless that is unknown, or more than 30
 * days before now or one after: so nobody's clock makes more partitions than that.
 */
int64_t depot_kept_at(enum record_kind kind, const void *record, int64_t now_us);
enum { DEPOT_LATE_DAYS = 30 };

/* How long records of that kind are kept, of those limits; 0: for ever. */
uint32_t depot_limit_s(enum record_kind kind, const struct depot_limits *limits);

/* Until what a batch may come again (batch.h): of its lane and epoch. */
enum { DEPOT_BATCHES_REMEMBERED = 16384 };
/*
 * Appends the statement that forgets the batches of epochs that have ended (PostgreSQL,
 * SQLite): a sensor's lane began a later one more than an hour ago, which it does when
 * all before is told, and nothing came of this one for days.
 */
void depot_forget_ended(struct buf *out, int64_t now_us);
enum { DEPOT_ENDED_DAYS = 3, DEPOT_ENDED_HOURS = 1 };

bool depot_same_batch(const struct batch_id *a, const struct batch_id *b);

/*
 * How many of them are taken together: 64, or as many as have that many bytes, with the
 * one that reaches them.
 */
size_t depot_some(const struct depot_batch *batches, size_t count, size_t bytes_max);

/* ---- reading within limits ---- */

struct depot_watch {
	int64_t until_us; /* by the monotonic clock; INT64_MAX: no limit */
	uint32_t limit_ms;
	const atomic_bool *cancel;
};
void depot_watch_begin(struct depot_watch *watch, uint32_t limit_ms,
		       const atomic_bool *cancel);
/* 0, -ETIME or -ECANCELED with the line. */
int depot_watch_look(const struct depot_watch *watch,
		     char error[static DEPOT_ERROR_MAX]);

/* Gives records to whoever reads, within limit. */
struct depot_giving {
	enum record_kind kind;
	const struct store_filter *filter;
	size_t left; /* SIZE_MAX: no limit */
	store_emit emit;
	void *to;
	void *record; /* of that kind, to be filled in */
};
/* A record, all unknown, to fill in; then it is passed on.  False: enough. */
void *depot_giving_next(struct depot_giving *giving);
bool depot_giving_pass(struct depot_giving *giving);

/* ---- databases ---- */

struct depot_driver {
	enum depot_sql sql;
	const char *schemes[3]; /* "sqlite:", ended by NULL */
	/* only_reads: makes nothing, and is never asked to write or prune. */
	struct depot *(*open)(const char *where, bool only_reads,
			      char error[static DEPOT_ERROR_MAX]);
	void (*close)(struct depot *depot);
	/* Those whose result is 0 so far; of another one nothing is to be done. */
	int (*write)(struct depot *depot, struct depot_batch *batches, size_t count,
		     char error[static DEPOT_ERROR_MAX]);
	int (*read)(struct depot *depot, const char *sql,
		    const struct depot_query *query, struct depot_giving *giving,
		    char error[static DEPOT_ERROR_MAX]);
	int (*sql_run)(struct depot *depot, const char *text, uint32_t time_limit_ms,
		       const struct store_sql *to, char error[static DEPOT_ERROR_MAX]);
	int (*prune)(struct depot *depot, const struct depot_limits *limits,
		     int64_t now_us, char error[static DEPOT_ERROR_MAX]);
};
extern const struct depot_driver depot_sqlite, depot_postgresql, depot_clickhouse;

/* What every database's own begins with. */
struct depot {
	const struct depot_driver *driver;
	bool only_reads;
};
