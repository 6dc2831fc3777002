/*
 * depot_postgresql.h: what the files of the depot in PostgreSQL share.  Private to
 * depot_postgresql*.c.
 */
#pragma once

#include <libpq-fe.h>

#include "fleet/depot_driver.h"

#define POSTGRESQL (&depot_dialects[DEPOT_POSTGRESQL])

/* More than there can be between the first and the last day of what is taken. */
enum { DAYS_KNOWN = 64 };

struct postgresql_depot {
	struct depot depot;
	PGconn *conn;
	/* Days (since 1970) whose partitions are there, each at its own place. */
	int64_t days[RECORD_KINDS][DAYS_KNOWN];
	char where[];
};

/* NULL and the line: not to be reached now. */
PGconn *postgresql_connect(const char *where, char error[static DEPOT_ERROR_MAX]);

/* The one there is, or a new one when it is broken. False with the line. */
bool postgresql_is_connected(struct postgresql_depot *pg,
			     char error[static DEPOT_ERROR_MAX]);

/* What is wrong, in one line. */
void postgresql_said(const PGconn *conn, const PGresult *result,
		     char error[static DEPOT_ERROR_MAX]);
/* Statements that give nothing. False with the line. */
bool postgresql_run(PGconn *conn, const char *sql, char error[static DEPOT_ERROR_MAX]);
/* The same of a buffer, which is then freed. */
bool postgresql_run_buf(PGconn *conn, struct buf *sql,
			char error[static DEPOT_ERROR_MAX]);
/* Of one that gives rows; NULL with the line. To be cleared. */
PGresult *postgresql_rows(PGconn *conn, const char *sql,
			  char error[static DEPOT_ERROR_MAX]);
/* Ends a transaction that went wrong. */
void postgresql_undo(PGconn *conn);

/* Takes the lock under which tables and partitions are made, until the transaction
 * ends. */
#define POSTGRESQL_LOCK "SELECT pg_advisory_xact_lock(6220110259551098);"

/* Tables of this version. */
bool postgresql_define(PGconn *conn, char error[static DEPOT_ERROR_MAX]);
/* The partition of that day. */
bool postgresql_make_day(struct postgresql_depot *pg, enum record_kind kind,
			 int64_t day, char error[static DEPOT_ERROR_MAX]);
int postgresql_prune(struct depot *depot, const struct depot_limits *limits,
		     int64_t now_us, char error[static DEPOT_ERROR_MAX]);

int postgresql_write(struct depot *depot, struct depot_batch *batches, size_t count,
		     char error[static DEPOT_ERROR_MAX]);

int postgresql_read(struct depot *depot, const char *sql,
		    const struct depot_query *query, struct depot_giving *giving,
		    char error[static DEPOT_ERROR_MAX]);
int postgresql_sql(struct depot *depot, const char *text, uint32_t time_limit_ms,
		   const struct store_sql *to, char error[static DEPOT_ERROR_MAX]);
