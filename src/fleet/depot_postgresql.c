/*
 * depot_postgresql.c: a depot in PostgreSQL (12 or later): the connection.  Its tables
 * are in depot_postgresql_tables.c, writing in depot_postgresql_write.c, reading in
 * depot_postgresql_read.c.
 */
#include "fleet/depot_postgresql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OLDEST_VERSION = 120000 };

/* ---- statements ---- */

void postgresql_said(const PGconn *conn, const PGresult *result,
		     char error[static DEPOT_ERROR_MAX])
{
	const char *said = result != NULL ? PQresultErrorMessage(result) : "";
	if (said[0] == '\0')
		said = PQerrorMessage(conn);
	snprintf(error, DEPOT_ERROR_MAX, "PostgreSQL: %.400s", said);
	error[strcspn(error, "\n")] = '\0';
}

static bool is_done(PGconn *conn, PGresult *result, char error[static DEPOT_ERROR_MAX])
{
	ExecStatusType status = PQresultStatus(result);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
	if (!ok)
		postgresql_said(conn, result, error);
	return ok;
}

bool postgresql_run(PGconn *conn, const char *sql, char error[static DEPOT_ERROR_MAX])
{
	PGresult *result = PQexec(conn, sql);
	bool ok = is_done(conn, result, error);
	PQclear(result);
	return ok;
}

bool postgresql_run_buf(PGconn *conn, struct buf *sql,
			char error[static DEPOT_ERROR_MAX])
{
	const char *text = buf_cstr(sql);
	bool ok = text != NULL && postgresql_run(conn, text, error);
	if (text == NULL)
		snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
	buf_free(sql);
	return ok;
}

PGresult *postgresql_rows(PGconn *conn, const char *sql,
			  char error[static DEPOT_ERROR_MAX])
{
	PGresult *result = PQexec(conn, sql);
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	postgresql_said(conn, result, error);
	PQclear(result);
	return NULL;
}

void postgresql_undo(PGconn *conn)
{
	if (PQtransactionStatus(conn) != PQTRANS_IDLE)
		PQclear(PQexec(conn, "ROLLBACK"));
}

/* ---- the connection ---- */

/* "relation exists, skipping" is what was meant. */
static void say_nothing(void *self, const char *message)
{
	(void)self;
	(void)message;
}

/* What is asked of the server, too. */
static bool is_usable(PGconn *conn, char error[static DEPOT_ERROR_MAX])
{
	const char *encoding = PQparameterStatus(conn, "server_encoding");
	if (PQserverVersion(conn) < OLDEST_VERSION) {
		snprintf(error, DEPOT_ERROR_MAX,
			 "PostgreSQL: version %d; 12 or later is needed",
			 PQserverVersion(conn) / 10000);
		return false;
	}
	if (encoding != NULL && strcmp(encoding, "UTF8") != 0) {
		snprintf(error, DEPOT_ERROR_MAX,
			 "PostgreSQL: the database's encoding is %.40s; UTF8 is needed "
			 "(createdb -T template0 -E UTF8)",
			 encoding);
		return false;
	}
	/* Who waits for a lock that long is in somebody's way: it is tried again. */
	return postgresql_run(conn,
			      "SET standard_conforming_strings=on;"
			      "SET statement_timeout='60s';SET lock_timeout='10s'",
			      error);
}

PGconn *postgresql_connect(const char *where, char error[static DEPOT_ERROR_MAX])
{
	/* The later ones rule: what the address says, but for the encoding. */
	static const char *const names[] = { "connect_timeout",
					     "tcp_user_timeout",
					     "keepalives_idle",
					     "keepalives_interval",
					     "keepalives_count",
					     "fallback_application_name",
					     "dbname",
					     "client_encoding",
					     NULL };
	const char *const values[] = { "10",         "30000", "20",   "10", "3",
				       "breakwater", where,   "UTF8", NULL };
	PGconn *conn = PQconnectdbParams(names, values, 1);
	if (conn == NULL) {
		snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
		return NULL;
	}
	PQsetNoticeProcessor(conn, say_nothing, NULL);
	if (PQstatus(conn) != CONNECTION_OK)
		postgresql_said(conn, NULL, error);
	else if (is_usable(conn, error))
		return conn;
	PQfinish(conn);
	return NULL;
}

bool postgresql_is_connected(struct postgresql_depot *pg,
			     char error[static DEPOT_ERROR_MAX])
{
	if (PQstatus(pg->conn) == CONNECTION_OK)
		return true;
	PGconn *conn = postgresql_connect(pg->where, error);
	if (conn == NULL)
		return false;
	PQfinish(pg->conn);
	pg->conn = conn;
	return true;
}

static void close_postgresql(struct depot *depot)
{
	struct postgresql_depot *pg = (struct postgresql_depot *)depot;
	PQfinish(pg->conn);
	free(pg);
}

static struct depot *open_postgresql(const char *where, bool only_reads,
				     char error[static DEPOT_ERROR_MAX])
{
	size_t len = strlen(where) + 1;
	struct postgresql_depot *pg = calloc(1, sizeof(*pg) + len);
	snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
	if (pg == NULL)
		return NULL;
	pg->depot.driver = &depot_postgresql;
	memcpy(pg->where, where, len);
	pg->conn = postgresql_connect(where, error);
	if (pg->conn != NULL && (only_reads || postgresql_define(pg->conn, error)))
		return &pg->depot;
	close_postgresql(&pg->depot);
	return NULL;
}

const struct depot_driver depot_postgresql = {
	.sql = DEPOT_POSTGRESQL,
	.schemes = { "postgresql://", "postgres://" },
	.open = open_postgresql,
	.close = close_postgresql,
	.write = postgresql_write,
	.read = postgresql_read,
	.sql_run = postgresql_sql,
	.prune = postgresql_prune,
};
