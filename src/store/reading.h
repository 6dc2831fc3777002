/*
 * reading.h: what readers of all tables share.  Private to the room, and to the fleet's
 * depot in SQLite (depot_sqlite.c), which is such a file with tables of its own.
 */
#pragma once

#include <sqlite3.h>

#include "base/buf.h"
#include "store/store.h"
#include "store/table.h"

/* Ends a statement that takes too long, or that nobody waits for. */
struct watch {
	int64_t begin_us, time_limit_us; /* 0: none */
	const atomic_bool *cancel;
	const struct store_sql *sql; /* for its progress; NULL: none */
	uint64_t rows;
	int64_t told_us;
	int64_t memory_before; /* what SQLite had in this process: not of this reading
				*/
	int why;               /* -ETIME, -ECANCELED, -ENOMEM; 0: it goes on */
};

struct store_reader {
	sqlite3 *db; /* breakwater.db; NULL: there is none */
	struct watch watch;
	/* What could not be read, while the rest was. */
	char damage[STORE_ERROR_MAX];
	char folder[];
};

/*
 * Opens a file that nobody here writes to, also one that may only be read.  NULL with
 * SQLite's code and one line in error.
 */
sqlite3 *reading_open(const char *path, int *code, char error[static STORE_ERROR_MAX]);

/* The watch begins; every connection of the reader is then under it. */
void watch_begin(struct watch *watch, uint32_t time_limit_ms,
		 const atomic_bool *cancel);
void watch_over(struct watch *watch, sqlite3 *db);

/* Every now and then, from loops that SQLite does not see. False: end. */
bool watch_goes_on(struct watch *watch);

/*
 * What a failed call means: -ETIME, -ECANCELED, -EBUSY or -EIO, with the line in
 * error.
 */
int reading_failed(struct store_reader *reader, sqlite3 *db, int code, const char *path,
		   char error[static STORE_ERROR_MAX]);

/* False of a day's file that has no flows of that time; of one that its writer has only
 * just made, and nothing is in yet, too. */
bool reading_day_overlaps(sqlite3 *db, int64_t since_us, int64_t until_us);

/* A file that can't be read is left out, and said at the end. */
void reading_left_out(struct store_reader *reader, const char *path, const char *why);

/* The fields of a kind that a table has; another version's may have fewer. */
field_set reading_fields(sqlite3 *db, const char *table, enum record_kind kind);

/*
 * Appends " AND sensor IN(...)" if the filter wants sensors; of a table that knows none
 * of them, nothing is wanted then.
 */
void reading_sensors(struct buf *sql, const struct store_filter *filter,
		     enum record_kind kind, field_set fields);

/* The ways to read a kind; as store_read(). */
int read_flows(struct store_reader *reader, const struct store_filter *filter,
	       store_emit emit, void *to, char error[static STORE_ERROR_MAX]);
int read_ports(struct store_reader *reader, const struct store_filter *filter,
	       store_emit emit, void *to, char error[static STORE_ERROR_MAX]);

/* The ways to know what is settled; as store_settled(). */
bool settled_flows(struct store_reader *reader, const struct store_filter *filter,
		   int64_t before_us, struct store_settled *out);
bool settled_ports(struct store_reader *reader, const struct store_filter *filter,
		   int64_t before_us, struct store_settled *out);

/*
 * Adds in_net(), time_text(), time_us(), and oldest_day() and newest_day() of the
 * reader's files.  SQLite's code.
 */
int functions_add(sqlite3 *db, struct store_reader *reader);

/* Adds the table `flow` over all days. SQLite's code. */
int flow_table_add(sqlite3 *db, struct store_reader *reader);

/*
 * As store_sql(), on that connection, which is the statement's alone: from then on it
 * may only read.
 */
int sql_run(struct store_reader *reader, sqlite3 *db, const char *text,
	    uint32_t time_limit_ms, const struct store_sql *to,
	    char error[static STORE_ERROR_MAX]);
