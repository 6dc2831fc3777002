/*
 * depot_postgresql_tables.c: tables of the depot in PostgreSQL, their columns and the
 * partitions of days.
 *
 * Hubs of different versions share them: each adds what it knows and lacks.  They do it
 * one at a time, under a lock that nobody who writes or reads rows waits for.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fleet/depot_postgresql.h"

/* ---- tables ---- */

static bool has_column(const PGresult *columns, const char *table, const char *column)
{
	for (int i = 0; i < PQntuples(columns); i++)
		if (strcmp(PQgetvalue(columns, i, 0), table) == 0 &&
		    (column == NULL || strcmp(PQgetvalue(columns, i, 1), column) == 0))
			return true;
	return false;
}

static void add_missing(struct buf *sql, const PGresult *columns, enum record_kind kind)
{
	const struct schema *schema = &schemas[kind];
	if (!has_column(columns, schema->name, NULL)) {
		depot_table(sql, POSTGRESQL, kind);
		return;
	}
	depot_drop_retired(sql, kind);
	depot_index_chain(sql, kind);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (has_column(columns, schema->name, field->name))
			continue;
		buf_printf(sql, "ALTER TABLE \"%s\" ADD COLUMN ", schema->name);
		depot_column(sql, POSTGRESQL, field);
		buf_text(sql, ";\n");
	}
}

static bool define_all(PGconn *conn, char error[static DEPOT_ERROR_MAX])
{
	struct buf sql = { 0 };
	PGresult *columns = postgresql_rows(
		conn,
		"SELECT c.relname,a.attname FROM pg_attribute a JOIN pg_class c ON "
		"c.oid=a.attrelid WHERE c.relnamespace=current_schema()::regnamespace "
		"AND c.relkind='p' AND a.attnum>0 AND NOT a.attisdropped",
		error);
	if (columns == NULL)
		return false;
	depot_batch_table(&sql, POSTGRESQL);
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if (depot_keeps((enum record_kind)kind))
			add_missing(&sql, columns, (enum record_kind)kind);
	PQclear(columns);
	return postgresql_run_buf(conn, &sql, error);
}

bool postgresql_define(PGconn *conn, char error[static DEPOT_ERROR_MAX])
{
	bool ok = postgresql_run(conn, "BEGIN;" POSTGRESQL_LOCK, error) &&
		  define_all(conn, error) && postgresql_run(conn, "COMMIT", error);
	postgresql_undo(conn);
	return ok;
}

/* ---- days ---- */

enum { DAY_NAME_MAX = 96 };

static void name_day(enum record_kind kind, int64_t day, char out[static DAY_NAME_MAX])
{
	struct tm tm;
	time_t at = (time_t)(day * (DEPOT_DAY_US / 1000000));
	gmtime_r(&at, &tm);
	snprintf(out, DAY_NAME_MAX, "%s_%04d%02d%02d", schemas[kind].name,
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static bool is_there(PGconn *conn, const char *name, bool *is,
		     char error[static DEPOT_ERROR_MAX])
{
	struct buf sql = { 0 };
	buf_printf(&sql, "SELECT to_regclass('\"%s\"')IS NOT NULL", name);
	PGresult *result = postgresql_rows(conn, buf_cstr(&sql), error);
	*is = result != NULL && PQgetvalue(result, 0, 0)[0] == 't';
	buf_free(&sql);
	PQclear(result);
	return result != NULL;
}

/* Made beside and then attached: so readers of other days don't wait. */
static bool attach_day(PGconn *conn, enum record_kind kind, int64_t day,
		       const char *name, char error[static DEPOT_ERROR_MAX])
{
	struct buf sql = { 0 };
	const char *table = schemas[kind].name;
	buf_printf(&sql,
		   "CREATE TABLE \"%s\"(LIKE \"%s\" INCLUDING ALL);"
		   "ALTER TABLE \"%s\" ATTACH PARTITION \"%s\" FOR VALUES FROM(%lld)"
		   "TO(%lld)",
		   name, table, table, name, (long long)(day * DEPOT_DAY_US),
		   (long long)((day + 1) * DEPOT_DAY_US));
	return postgresql_run_buf(conn, &sql, error);
}

bool postgresql_make_day(struct postgresql_depot *pg, enum record_kind kind,
			 int64_t day, char error[static DEPOT_ERROR_MAX])
{
	char name[DAY_NAME_MAX];
	bool is = false;
	int64_t *known = &pg->days[kind][day % DAYS_KNOWN];
	if (*known == day)
		return true;
	name_day(kind, day, name);
	bool ok = postgresql_run(pg->conn, "BEGIN;" POSTGRESQL_LOCK, error) &&
		  is_there(pg->conn, name, &is, error) &&
		  (is || attach_day(pg->conn, kind, day, name, error)) &&
		  postgresql_run(pg->conn, "COMMIT", error);
	postgresql_undo(pg->conn);
	if (ok)
		*known = day;
	return ok;
}

/* ---- what is old ---- */

/* Names of days sort as their days do. */
static bool drop_days(PGconn *conn, enum record_kind kind, int64_t until_us,
		      char error[static DEPOT_ERROR_MAX])
{
	struct buf sql = { 0 };
	char oldest[DAY_NAME_MAX];
	bool ok = true;
	name_day(kind, until_us / DEPOT_DAY_US, oldest);
	buf_printf(&sql,
		   "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON "
		   "c.oid=i.inhrelid WHERE i.inhparent='\"%s\"'::regclass AND "
		   "c.relname COLLATE \"C\"<'%s'",
		   schemas[kind].name, oldest);
	PGresult *days = postgresql_rows(conn, buf_cstr(&sql), error);
	for (int i = 0; ok && i < PQntuples(days); i++) {
		buf_clear(&sql);
		buf_printf(&sql, "DROP TABLE IF EXISTS \"%s\"", PQgetvalue(days, i, 0));
		ok = postgresql_run(conn, buf_cstr(&sql), error);
	}
	buf_free(&sql);
	PQclear(days);
	return ok && days != NULL;
}

static bool forget_batches(PGconn *conn, int64_t now_us,
			   char error[static DEPOT_ERROR_MAX])
{
	struct buf sql = { 0 };
	buf_printf(&sql,
		   "BEGIN;SET LOCAL statement_timeout='30min';DELETE FROM batch USING("
		   "SELECT sensor,lane,epoch,max(sequence)AS last FROM batch GROUP BY "
		   "1,2,3)AS newest WHERE batch.sensor=newest.sensor AND "
		   "batch.lane=newest.lane AND batch.epoch=newest.epoch AND "
		   "batch.sequence<=newest.last-%d;",
		   DEPOT_BATCHES_REMEMBERED);
	depot_forget_ended(&sql, now_us);
	buf_text(&sql, ";COMMIT");
	bool ok = postgresql_run_buf(conn, &sql, error);
	postgresql_undo(conn);
	return ok;
}

int postgresql_prune(struct depot *depot, const struct depot_limits *limits,
		     int64_t now_us, char error[static DEPOT_ERROR_MAX])
{
	struct postgresql_depot *pg = (struct postgresql_depot *)depot;
	if (!postgresql_is_connected(pg, error))
		return -EAGAIN;
	bool ok = forget_batches(pg->conn, now_us, error);
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++) {
		int64_t limit_s = depot_limit_s((enum record_kind)kind, limits);
		/* One that somebody reads for long is no reason to keep the others. */
		if (depot_keeps((enum record_kind)kind) && limit_s > 0 &&
		    !drop_days(pg->conn, (enum record_kind)kind,
			       now_us - limit_s * 1000000, error))
			ok = false;
	}
	memset(pg->days, 0, sizeof(pg->days));
	return ok ? 0 : -EAGAIN;
}
