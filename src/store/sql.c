/*
 * sql.c: one read-only statement of somebody's, run within limits; see store.h and
 * sql_check.h.
 *
 * The file is opened read-only, the authorizer allows nothing but reading, and a
 * progress handler ends what takes too long or too much memory.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/events.h"
#include "store/file.h"
#include "store/reading.h"
#include "store/sql_check.h"
#include "store/trunk.h"

enum {
	TEXT_MAX = 1 << 20,   /* of a statement */
	VALUE_MAX = 16 << 20, /* of one text or blob */
};

/* ---- what is allowed ---- */

static bool is_harmless(const char *pragma)
{
	static const char *const names[] = { "table_info",     "table_xinfo",
					     "table_list",     "index_list",
					     "index_info",     "index_xinfo",
					     "database_list",  "function_list",
					     "compile_options" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (sqlite3_stricmp(pragma, names[i]) == 0)
			return true;
	return false;
}

static int may(void *self, int action, const char *first, const char *second,
	       const char *database, const char *trigger)
{
	(void)self;
	(void)database;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return sqlite3_stricmp(second, "load_extension") == 0 ? SQLITE_DENY
								      : SQLITE_OK;
	case SQLITE_PRAGMA:
		return is_harmless(first) ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static void set_limits(sqlite3 *db)
{
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, TEXT_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_set_authorizer(db, may, NULL);
}

/* ---- preparing ---- */

/* A second statement may follow only if it is none: blanks, comments, semicolons. */
static bool is_empty(sqlite3 *db, const char *text)
{
	while (*text != '\0') {
		sqlite3_stmt *stmt = NULL;
		const char *rest;
		int code = sqlite3_prepare_v2(db, text, -1, &stmt, &rest);
		bool is_statement = stmt != NULL || code != SQLITE_OK;
		sqlite3_finalize(stmt);
		if (is_statement)
			return false;
		if (rest == text)
			return true;
		text = rest;
	}
	return true;
}

static int refuse(char error[static STORE_ERROR_MAX], const char *why)
{
	snprintf(error, STORE_ERROR_MAX, "%s", why);
	return -EINVAL;
}

static int prepare(sqlite3 *db, const char *text, sqlite3_stmt **stmt,
		   char error[static STORE_ERROR_MAX])
{
	const char *rest = "";
	int code = sqlite3_prepare_v2(db, text, -1, stmt, &rest);
	if (code == SQLITE_AUTH)
		return refuse(error,
			      "only reading is allowed: SELECT, or a pragma that "
			      "describes tables");
	if (code != SQLITE_OK) {
		snprintf(error, STORE_ERROR_MAX, "%s", sqlite3_errmsg(db));
		return (code & 0xff) == SQLITE_ERROR ? -EINVAL : -EIO;
	}
	if (*stmt == NULL)
		return refuse(error, "there is no statement");
	if (!is_empty(db, rest))
		return refuse(error, "one statement at a time");
	if (!sqlite3_stmt_readonly(*stmt))
		return refuse(error, "only reading is allowed");
	return 0;
}

/* ---- running ---- */

static bool give_columns(sqlite3_stmt *stmt, const struct store_sql *to)
{
	int count = sqlite3_column_count(stmt);
	const char **names = calloc((size_t)count + 1, sizeof(*names));
	if (names == NULL)
		return false;
	for (int i = 0; i < count; i++)
		names[i] = sqlite3_column_name(stmt, i);
	bool more = to->columns == NULL || to->columns(to->self, names, (size_t)count);
	free(names);
	return more;
}

static void read_value(sqlite3_stmt *stmt, int column, struct store_value *value)
{
	*value = (struct store_value){ .type = STORE_NULL };
	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_INTEGER:
		value->type = STORE_INTEGER;
		value->integer = sqlite3_column_int64(stmt, column);
		break;
	case SQLITE_FLOAT:
		value->type = STORE_REAL;
		value->real = sqlite3_column_double(stmt, column);
		break;
	case SQLITE_TEXT:
		value->type = STORE_TEXT;
		value->bytes = sqlite3_column_text(stmt, column);
		value->len = (size_t)sqlite3_column_bytes(stmt, column);
		break;
	case SQLITE_BLOB:
		value->type = STORE_BLOB;
		value->bytes = sqlite3_column_blob(stmt, column);
		value->len = (size_t)sqlite3_column_bytes(stmt, column);
		break;
	default:
		break;
	}
}

/* SQLite's code; SQLITE_DONE also if nobody wants more. */
static int give_rows(struct store_reader *reader, sqlite3_stmt *stmt,
		     const struct store_sql *to)
{
	int count = sqlite3_column_count(stmt), code;
	struct store_value *values = calloc((size_t)count + 1, sizeof(*values));
	if (values == NULL)
		return SQLITE_NOMEM;
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (int i = 0; i < count; i++)
			read_value(stmt, i, &values[i]);
		reader->watch.rows++;
		if (!to->row(to->self, values, (size_t)count)) {
			code = SQLITE_DONE;
			break;
		}
	}
	free(values);
	return code;
}

static int set_parameters(sqlite3_stmt *stmt, const struct store_sql *to)
{
	int code = SQLITE_OK;
	for (size_t i = 0; i < to->parameter_count && code == SQLITE_OK; i++) {
		const struct store_parameter *given = &to->parameters[i];
		int place = sqlite3_bind_parameter_index(stmt, given->name);
		if (place == 0)
			continue;
		code = given->text != NULL
			       ? sqlite3_bind_text(stmt, place, given->text, -1,
						   SQLITE_STATIC)
			       : sqlite3_bind_int64(stmt, place, given->number);
	}
	return code;
}

static int run(struct store_reader *reader, sqlite3 *db, const char *text,
	       const struct store_sql *to, char error[static STORE_ERROR_MAX])
{
	sqlite3_stmt *stmt = NULL;
	int result = prepare(db, text, &stmt, error);
	if (result == 0 && give_columns(stmt, to)) {
		int code = set_parameters(stmt, to);
		if (code == SQLITE_OK)
			code = give_rows(reader, stmt, to);
		/* SQLITE_ERROR while it runs: a function was given nonsense. */
		if (code == SQLITE_ERROR && reader->watch.why == 0)
			result = refuse(error, sqlite3_errmsg(db));
		else if (code != SQLITE_DONE)
			result =
				reading_failed(reader, db, code, reader->folder, error);
	}
	sqlite3_finalize(stmt);
	return result;
}

/* A connection of its own: what a statement may do must not hold for others. */
static sqlite3 *open_for_sql(struct store_reader *reader,
			     char error[static STORE_ERROR_MAX])
{
	sqlite3 *db = NULL;
	int code;
	if (reader->db != NULL) {
		db = reading_open(sqlite3_db_filename(reader->db, "main"), &code,
				  error);
	} else {
		code = sqlite3_open_v2(":memory:", &db,
				       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				       NULL);
		if (code != SQLITE_OK)
			snprintf(error, STORE_ERROR_MAX, "%s", sqlite3_errstr(code));
	}
	if (code == SQLITE_OK)
		code = functions_add(db, reader);
	if (code == SQLITE_OK)
		code = events_lend(db);
	if (code == SQLITE_OK)
		code = flow_table_add(db, reader);
	if (code == SQLITE_OK)
		return db;
	sqlite3_close(db);
	return NULL;
}

int sql_run(struct store_reader *reader, sqlite3 *db, const char *text,
	    uint32_t time_limit_ms, const struct store_sql *to,
	    char error[static STORE_ERROR_MAX])
{
	if (strlen(text) > TEXT_MAX)
		return refuse(error, "the statement is longer than 1 MiB");
	watch_begin(&reader->watch, time_limit_ms, NULL);
	reader->watch.sql = to;
	watch_over(&reader->watch, db);
	set_limits(db);
	int result = run(reader, db, text, to, error);
	reader->watch.sql = NULL;
	return result;
}

int store_sql(struct store_reader *reader, const char *text, uint32_t time_limit_ms,
	      const struct store_sql *to, char error[static STORE_ERROR_MAX])
{
	error[0] = reader->damage[0] = '\0';
	sqlite3 *db = open_for_sql(reader, error);
	if (db == NULL)
		return -EIO;
	int result = sql_run(reader, db, text, time_limit_ms, to, error);
	sqlite3_close(db);
	if (result != 0 || reader->damage[0] == '\0')
		return result;
	memcpy(error, reader->damage, sizeof(reader->damage));
	return -EIO;
}

/* ---- checking ---- */

/* Tables as in a store that is new; the reader only stands for one. */
static sqlite3 *open_empty(struct store_reader *reader,
			   char error[static STORE_ERROR_MAX])
{
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(":memory:", &db,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		code = trunk_kind.define(db);
	if (code == SQLITE_OK)
		code = functions_add(db, reader);
	if (code == SQLITE_OK)
		code = flow_table_add(db, reader);
	if (code == SQLITE_OK)
		return db;
	snprintf(error, STORE_ERROR_MAX, "%s", sqlite3_errstr(code));
	sqlite3_close(db);
	return NULL;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count && name != NULL; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int check_parameters(sqlite3_stmt *stmt, const char *const *parameters,
			    size_t count, char error[static STORE_ERROR_MAX])
{
	for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++) {
		const char *name = sqlite3_bind_parameter_name(stmt, i);
		if (is_one_of(name, parameters, count))
			continue;
		struct buf said = { 0 };
		buf_printf(&said, "the parameter %.64s has no value; allowed are",
			   name != NULL ? name : "?");
		for (size_t j = 0; j < count; j++)
			buf_printf(&said, "%s %s", j > 0 ? "," : "", parameters[j]);
		const char *line = buf_cstr(&said);
		int result = refuse(error, line != NULL ? line : "not enough memory");
		buf_free(&said);
		return result;
	}
	return 0;
}

int store_sql_check(const char *text, const char *const *parameters, size_t count,
		    char error[static STORE_ERROR_MAX])
{
	/* Its last member is its folder's name, here the empty one. */
	struct store_reader *reader = calloc(1, sizeof(*reader) + 1);
	sqlite3_stmt *stmt = NULL;
	snprintf(error, STORE_ERROR_MAX, "not enough memory");
	sqlite3 *db = reader != NULL ? open_empty(reader, error) : NULL;
	int result = -EIO;
	if (db != NULL) {
		set_limits(db);
		result = prepare(db, text, &stmt, error);
		if (result == 0)
			result = check_parameters(stmt, parameters, count, error);
		if (result == 0)
			error[0] = '\0';
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	free(reader);
	return result;
}
