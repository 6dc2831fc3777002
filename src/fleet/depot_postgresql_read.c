/*
 * depot_postgresql_read.c: the depot in PostgreSQL is read, in transactions that may
 * not write and end in time.
 *
 * Rows come one by one as the server finds them; whoever has enough, or waits no more,
 * has the statement cancelled.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/depot_parameters.h"
#include "fleet/depot_postgresql.h"

enum { LOOK_MS = 100, TEXT_MAX = 1 << 20, PARAMETERS_MAX = 32 };

/* Returns false to end. */
typedef bool (*row_take)(void *self, const PGresult *result, int row);

struct fetching {
	PGconn *conn;
	const struct depot_watch *watch;
	row_take take;
	bool (*begin)(void *self,
		      const PGresult *result); /* once, before rows; or NULL */
	bool (*look)(void *self);              /* now and then: false: end; or NULL */
	void *self;
	bool has_begun;
};

/* Ends the statement; what it had found already is thrown away. */
static void stop(PGconn *conn)
{
	char why[256];
	PGresult *result;
	PGcancel *cancel = PQgetCancel(conn);
	if (cancel != NULL)
		PQcancel(cancel, why, sizeof(why));
	PQfreeCancel(cancel);
	while ((result = PQgetResult(conn)) != NULL)
		PQclear(result);
}

static int wait_for_more(struct fetching *fetching, char error[static DEPOT_ERROR_MAX])
{
	while (PQisBusy(fetching->conn)) {
		struct pollfd fd = { .fd = PQsocket(fetching->conn), .events = POLLIN };
		int result = depot_watch_look(fetching->watch, error);
		if (result == 0 && fetching->look != NULL &&
		    !fetching->look(fetching->self))
			result = -ECANCELED;
		if (result != 0)
			return result;
		poll(&fd, 1, LOOK_MS);
		if (!PQconsumeInput(fetching->conn)) {
			postgresql_said(fetching->conn, NULL, error);
			return -EIO;
		}
	}
	return 0;
}

/* What a failed statement means; SQLSTATE's first two characters are its class. */
static int meaning_of(const struct fetching *fetching, const PGresult *result,
		      char error[static DEPOT_ERROR_MAX])
{
	static const char *const faults[] = {
		"0A", "21", "22", "25", "2F", "42", "54"
	};
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	postgresql_said(fetching->conn, result, error);
	if (state == NULL)
		return -EIO;
	if (strcmp(state, "57014") == 0) {
		int why = depot_watch_look(fetching->watch, error);
		return why != 0 ? why : -ETIME;
	}
	if (strncmp(state, "53", 2) == 0)
		return -EBUSY;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strncmp(state, faults[i], 2) == 0)
			return -EINVAL;
	return -EIO;
}

/* 1: go on; 0: enough; negative: as depot_read(). */
static int take_result(struct fetching *fetching, const PGresult *result,
		       char error[static DEPOT_ERROR_MAX])
{
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK &&
	    status != PGRES_COMMAND_OK)
		return meaning_of(fetching, result, error);
	if (!fetching->has_begun && fetching->begin != NULL &&
	    !fetching->begin(fetching->self, result))
		return 0;
	fetching->has_begun = true;
	for (int row = 0; row < PQntuples(result); row++)
		if (!fetching->take(fetching->self, result, row))
			return 0;
	return depot_watch_look(fetching->watch, error) == 0
		       ? 1
		       : depot_watch_look(fetching->watch, error);
}

/* Of a statement that was sent. */
static int fetch(struct fetching *fetching, char error[static DEPOT_ERROR_MAX])
{
	int result = PQsetSingleRowMode(fetching->conn) ? 1 : -EIO;
	while (result == 1) {
		int waited = wait_for_more(fetching, error);
		PGresult *rows = waited == 0 ? PQgetResult(fetching->conn) : NULL;
		if (rows == NULL) {
			result = waited;
			break;
		}
		result = take_result(fetching, rows, error);
		PQclear(rows);
	}
	stop(fetching->conn);
	return result;
}

static bool begin(PGconn *conn, uint32_t limit_ms, char error[static DEPOT_ERROR_MAX])
{
	struct buf sql = { 0 };
	buf_printf(&sql, "BEGIN READ ONLY;SET LOCAL statement_timeout=%u", limit_ms);
	return postgresql_run_buf(conn, &sql, error);
}

/* ---- records ---- */

struct reading {
	const struct depot_query *query;
	struct depot_giving *giving;
};

static void set_bytes(const struct field *field, void *record, const char *text)
{
	size_t len;
	unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, &len);
	if (bytes != NULL)
		depot_set_field(field, record, (const char *)bytes, len);
	PQfreemem(bytes);
}

static bool take_record(void *self, const PGresult *result, int row)
{
	struct reading *reading = self;
	void *record = depot_giving_next(reading->giving);
	for (int i = 0; i < PQnfields(result); i++) {
		const struct field *field = reading->query->fields[i];
		if (PQgetisnull(result, row, i))
			continue;
		const char *text = PQgetvalue(result, row, i);
		if (field->type == TYPE_bytes1536)
			set_bytes(field, record, text);
		else
			depot_set_field(field, record, text,
					(size_t)PQgetlength(result, row, i));
	}
	return depot_giving_pass(reading->giving);
}

int postgresql_read(struct depot *depot, const char *sql,
		    const struct depot_query *query, struct depot_giving *giving,
		    char error[static DEPOT_ERROR_MAX])
{
	struct postgresql_depot *pg = (struct postgresql_depot *)depot;
	struct depot_watch watch;
	struct reading reading = { query, giving };
	struct fetching fetching = { .watch = &watch,
				     .take = take_record,
				     .self = &reading };
	depot_watch_begin(&watch, giving->filter->time_limit_ms,
			  giving->filter->cancel);
	if (!postgresql_is_connected(pg, error) ||
	    !begin(pg->conn, watch.limit_ms, error))
		return -EIO;
	fetching.conn = pg->conn;
	int result = -EIO;
	if (PQsendQuery(pg->conn, sql))
		result = fetch(&fetching, error);
	else
		postgresql_said(pg->conn, NULL, error);
	postgresql_undo(pg->conn);
	return result;
}

/* ---- somebody's statement ---- */

/* From pg_type.dat, where these never change. */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_OID = 26,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_TEXT = 25,
	OID_NUMERIC = 1700,
};

struct asking {
	const struct store_sql *to;
	struct buf text;
	struct store_value *values;
	uint64_t rows;
	int64_t begin_us;
	/* of the statement */
	const char *given[PARAMETERS_MAX];
	char numbers[PARAMETERS_MAX][24];
	Oid types[PARAMETERS_MAX];
	int count;
};

static void put_parameter(void *self, struct buf *out,
			  const struct store_parameter *parameter)
{
	struct asking *asking = self;
	int i = asking->count;
	if (parameter == NULL || i == PARAMETERS_MAX) {
		buf_text(out, "NULL");
		return;
	}
	asking->given[i] = parameter->text;
	asking->types[i] = OID_TEXT;
	if (parameter->text == NULL) {
		snprintf(asking->numbers[i], sizeof(asking->numbers[i]), "%lld",
			 (long long)parameter->number);
		asking->given[i] = asking->numbers[i];
		asking->types[i] = OID_INT8;
	}
	buf_printf(out, "$%d", ++asking->count);
}

static bool begin_answer(void *self, const PGresult *result)
{
	struct asking *asking = self;
	size_t count = (size_t)PQnfields(result);
	const char **names = calloc(count + 1, sizeof(*names));
	asking->values = calloc(count + 1, sizeof(*asking->values));
	bool ok = names != NULL && asking->values != NULL;
	for (size_t i = 0; ok && i < count; i++)
		names[i] = PQfname(result, (int)i);
	if (ok && asking->to->columns != NULL)
		ok = asking->to->columns(asking->to->self, names, count);
	free(names);
	return ok;
}

static void value_of(const PGresult *result, int row, int column,
		     struct store_value *value)
{
	const char *text = PQgetvalue(result, row, column);
	*value =
		(struct store_value){ .type = STORE_TEXT,
				      .bytes = text,
				      .len = (size_t)PQgetlength(result, row, column) };
	if (PQgetisnull(result, row, column)) {
		value->type = STORE_NULL;
		return;
	}
	switch (PQftype(result, column)) {
	case OID_BOOL:
		value->type = STORE_INTEGER;
		value->integer = text[0] == 't';
		return;
	case OID_INT8:
	case OID_INT2:
	case OID_INT4:
	case OID_OID:
		value->type = STORE_INTEGER;
		value->integer = strtoll(text, NULL, 10);
		return;
	case OID_FLOAT4:
	case OID_FLOAT8:
	case OID_NUMERIC:
		value->type = STORE_REAL;
		value->real = strtod(text, NULL);
		return;
	case OID_BYTEA:
		value->type = STORE_BLOB;
		value->bytes =
			PQunescapeBytea((const unsigned char *)text, &value->len);
		return;
	default:
		return;
	}
}

static bool take_row(void *self, const PGresult *result, int row)
{
	struct asking *asking = self;
	int count = PQnfields(result);
	for (int i = 0; i < count; i++)
		value_of(result, row, i, &asking->values[i]);
	asking->rows++;
	bool more = asking->to->row(asking->to->self, asking->values, (size_t)count);
	for (int i = 0; i < count; i++)
		if (asking->values[i].type == STORE_BLOB)
			PQfreemem((void *)(uintptr_t)asking->values[i].bytes);
	return more;
}

static bool tell_on(void *self)
{
	struct asking *asking = self;
	return asking->to->progress == NULL ||
	       asking->to->progress(asking->to->self, asking->rows,
				    clock_us(CLOCK_MONOTONIC) - asking->begin_us);
}

static int ask(PGconn *conn, struct asking *asking, const struct depot_watch *watch,
	       char error[static DEPOT_ERROR_MAX])
{
	struct fetching fetching = { .conn = conn,
				     .watch = watch,
				     .take = take_row,
				     .begin = begin_answer,
				     .look = tell_on,
				     .self = asking };
	const char *text = buf_cstr(&asking->text);
	if (text == NULL || !begin(conn, watch->limit_ms, error))
		return -EIO;
	/* One statement: the server takes no second one this way. */
	if (!PQsendQueryParams(conn, text, asking->count, asking->types, asking->given,
			       NULL, NULL, 0)) {
		postgresql_said(conn, NULL, error);
		return -EIO;
	}
	int result = fetch(&fetching, error);
	if (result == -ECANCELED && error[0] == '\0')
		snprintf(error, DEPOT_ERROR_MAX, "interrupted");
	return result;
}

static int refuse(const char *text, char error[static DEPOT_ERROR_MAX])
{
	const char *why = NULL;
	if (strlen(text) > TEXT_MAX)
		why = "the statement is longer than 1 MiB";
	else if (!depot_only_asks(text))
		why = "only reading is allowed: SELECT, WITH, VALUES, TABLE, SHOW or "
		      "EXPLAIN";
	if (why == NULL)
		return 0;
	snprintf(error, DEPOT_ERROR_MAX, "%s", why);
	return -EINVAL;
}

/* A connection of its own: what a statement may do to it ends with it. */
int postgresql_sql(struct depot *depot, const char *text, uint32_t time_limit_ms,
		   const struct store_sql *to, char error[static DEPOT_ERROR_MAX])
{
	struct depot_watch watch;
	struct asking asking = { .to = to, .begin_us = clock_us(CLOCK_MONOTONIC) };
	int result = refuse(text, error);
	if (result != 0)
		return result;
	PGconn *conn =
		postgresql_connect(((struct postgresql_depot *)depot)->where, error);
	if (conn == NULL)
		return -EIO;
	depot_watch_begin(&watch, time_limit_ms, NULL);
	depot_parameters(&asking.text, POSTGRESQL, text, to, put_parameter, &asking);
	result = ask(conn, &asking, &watch, error);
	buf_free(&asking.text);
	free(asking.values);
	PQfinish(conn);
	return result;
}
