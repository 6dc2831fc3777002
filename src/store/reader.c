/*
 * reader.c: the store read again, by processes that may only read it; see store.h.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/days.h"
#include "store/events.h"
#include "store/filter.h"
#include "store/reading.h"
#include "store/settled.h"
#include "store/trunk.h"

enum {
	STATUS_NONE = 2,
	STATUS_NOT_PERMITTED = 4,
	BUSY_MS = 2000,
	LOOK_OPS = 10000, /* of SQLite's machine between two looks at the clock */
	TELL_US = 100000, /* between two calls of progress */
	MEMORY_MAX_MIB =
		512, /* more than when it began: a sort may want all there is */
};

/* ---- watching the time ---- */

void watch_begin(struct watch *watch, uint32_t time_limit_ms, const atomic_bool *cancel)
{
	*watch = (struct watch){ .begin_us = clock_us(CLOCK_MONOTONIC),
				 .time_limit_us = (int64_t)time_limit_ms * 1000,
				 .cancel = cancel,
				 .memory_before = sqlite3_memory_used() };
	watch->told_us = watch->begin_us;
}

static bool is_told_on(struct watch *watch, int64_t now)
{
	if (watch->sql == NULL || watch->sql->progress == NULL ||
	    now - watch->told_us < TELL_US)
		return true;
	watch->told_us = now;
	return watch->sql->progress(watch->sql->self, watch->rows,
				    now - watch->begin_us);
}

static bool is_cancelled(const struct watch *watch)
{
	return watch->cancel != NULL && atomic_load(watch->cancel);
}

bool watch_goes_on(struct watch *watch)
{
	int64_t now = clock_us(CLOCK_MONOTONIC), taken_us = now - watch->begin_us;
	if (watch->why != 0)
		return false;
	if (watch->time_limit_us > 0 && taken_us > watch->time_limit_us)
		watch->why = -ETIME;
	else if (sqlite3_memory_used() - watch->memory_before > (int64_t)MEMORY_MAX_MIB
									<< 20)
		watch->why = -ENOMEM;
	else if (is_cancelled(watch) || !is_told_on(watch, now))
		watch->why = -ECANCELED;
	return watch->why == 0;
}

static int look(void *watch)
{
	return !watch_goes_on(watch);
}

void watch_over(struct watch *watch, sqlite3 *db)
{
	sqlite3_progress_handler(db, LOOK_OPS, look, watch);
}

/* ---- opening ---- */

/* For a URI: what is special there becomes %XX. */
static void add_escaped(struct buf *uri, const char *path)
{
	for (const char *c = path; *c != '\0'; c++)
		if (strchr("%?#", *c) != NULL)
			buf_printf(uri, "%%%02X", (unsigned)(unsigned char)*c);
		else
			buf_char(uri, *c);
}

static sqlite3 *try_open(const char *path, const char *options, int *code)
{
	struct buf uri = { 0 };
	sqlite3 *db = NULL;
	buf_text(&uri, "file:");
	add_escaped(&uri, path);
	buf_text(&uri, options);
	const char *text = buf_cstr(&uri);
	*code = text == NULL
			? SQLITE_NOMEM
			: sqlite3_open_v2(text, &db,
					  SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
						  SQLITE_OPEN_URI,
					  NULL);
	buf_free(&uri);
	if (db == NULL)
		return NULL;
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, BUSY_MS);
	if (*code == SQLITE_OK) /* the first look into the file */
		*code = db_run(db, "SELECT count(*) FROM sqlite_schema;"
				   "PRAGMA temp_store=MEMORY;PRAGMA cache_size=-16384;"
				   "PRAGMA trusted_schema=OFF");
	return db;
}

/* Whole in itself: what was committed last is not beside it. */
static bool has_no_wal(const char *path)
{
	char wal[PATH_MAX];
	struct stat st;
	snprintf(wal, sizeof(wal), "%s-wal", path);
	return stat(wal, &st) != 0 ? errno == ENOENT : st.st_size == 0;
}

sqlite3 *reading_open(const char *path, int *code, char error[static STORE_ERROR_MAX])
{
	sqlite3 *db = try_open(path, "?mode=ro", code);
	int primary = *code & 0xff;
	if ((primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY) &&
	    access(path, R_OK) == 0 && has_no_wal(path)) {
		/* Who may not write can't share memory with a writer: there is none. */
		sqlite3_close(db);
		db = try_open(path, "?mode=ro&immutable=1", code);
	}
	if (*code == SQLITE_OK)
		return db;
	int system = db != NULL ? sqlite3_system_errno(db) : 0;
	if (access(path, R_OK) != 0)
		system = errno;
	snprintf(error, STORE_ERROR_MAX, "%.300s: %s", path,
		 system != 0 ? strerror(system) : sqlite3_errstr(*code));
	sqlite3_close(db);
	return NULL;
}

bool reading_day_overlaps(sqlite3 *db, int64_t since_us, int64_t until_us)
{
	return db_number(db, "PRAGMA user_version", -1) != 0 &&
	       db_number(db, "SELECT \"start\" FROM span", INT64_MIN) <= until_us &&
	       db_number(db, "SELECT \"end\" FROM span", INT64_MAX) >= since_us;
}

static bool exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

static int status_of(int error)
{
	return error == EACCES || error == EPERM ? STATUS_NOT_PERMITTED : STATUS_NONE;
}

bool store_is_there(const char *folder)
{
	char path[PATH_MAX];
	int64_t *days = NULL;
	trunk_path(folder, path, sizeof(path));
	long count = days_list(folder, DAYS_FLOWS, &days);
	if (count >= 0)
		free(days);
	return count > 0 || exists(path) || (count < 0 && count != -ENOENT);
}

/* 0, or the exit status: there must be something to read. */
static int look_for_store(const char *folder, char error[static STORE_ERROR_MAX])
{
	char path[PATH_MAX];
	int64_t *days = NULL;
	trunk_path(folder, path, sizeof(path));
	long count = days_list(folder, DAYS_FLOWS, &days);
	free(days);
	if (count > 0 || (count == 0 && exists(path)))
		return 0;
	snprintf(error, STORE_ERROR_MAX, "%.300s: %s", folder,
		 count < 0 ? strerror((int)-count)
			   : "no records here; breakwater run keeps them");
	return count < 0 ? status_of((int)-count) : STATUS_NONE;
}

struct store_reader *store_reader_open(const char *folder,
				       char error[static STORE_ERROR_MAX], int *status)
{
	char path[PATH_MAX];
	int code;
	*status = look_for_store(folder, error);
	if (*status != 0)
		return NULL;
	size_t len = strlen(folder) + 1;
	struct store_reader *reader = calloc(1, sizeof(*reader) + len);
	if (reader == NULL) {
		snprintf(error, STORE_ERROR_MAX, "not enough memory");
		*status = STATUS_NONE;
		return NULL;
	}
	memcpy(reader->folder, folder, len);
	trunk_path(folder, path, sizeof(path));
	if (!exists(path))
		return reader; /* flows only */
	reader->db = reading_open(path, &code, error);
	if (reader->db != NULL)
		return reader;
	if (access(path, R_OK) != 0)
		*status = status_of(errno);
	else
		*status = (code & 0xff) == SQLITE_CANTOPEN ? STATUS_NOT_PERMITTED
							   : STATUS_NONE;
	free(reader);
	return NULL;
}

void store_reader_close(struct store_reader *reader)
{
	if (reader == NULL)
		return;
	sqlite3_close(reader->db);
	free(reader);
}

/* ---- what went wrong ---- */

int reading_failed(struct store_reader *reader, sqlite3 *db, int code, const char *path,
		   char error[static STORE_ERROR_MAX])
{
	switch (reader->watch.why) {
	case -ETIME:
		snprintf(error, STORE_ERROR_MAX, "took longer than allowed (%.1f s)",
			 (double)reader->watch.time_limit_us / 1e6);
		return -ETIME;
	case -ECANCELED:
		snprintf(error, STORE_ERROR_MAX, "interrupted");
		return -ECANCELED;
	case -ENOMEM:
		snprintf(error, STORE_ERROR_MAX,
			 "busy: this, and what is read and written at the same time, "
			 "needs more than %d MiB of memory; ask again, or for less at "
			 "once",
			 MEMORY_MAX_MIB);
		return -EBUSY;
	default:
		snprintf(error, STORE_ERROR_MAX, "%.200s: %.200s", path,
			 db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(code));
		return -EIO;
	}
}

void reading_left_out(struct store_reader *reader, const char *path, const char *why)
{
	if (reader->damage[0] == '\0')
		snprintf(reader->damage, sizeof(reader->damage),
			 "incomplete: %.200s could not be read (%.200s)", path, why);
}

field_set reading_fields(sqlite3 *db, const char *table, enum record_kind kind)
{
	field_set fields = 0;
	for (size_t i = 0; i < schemas[kind].field_count; i++)
		if (sqlite3_table_column_metadata(db, "main", table,
						  schemas[kind].fields[i].name, NULL,
						  NULL, NULL, NULL, NULL) == SQLITE_OK)
			fields |= UINT64_C(1) << i;
	return fields;
}

/* ---- filters ---- */

void store_filter_init(struct store_filter *filter)
{
	*filter = (struct store_filter){ .since_us = INT64_MIN, .until_us = INT64_MAX };
}

void reading_sensors(struct buf *sql, const struct store_filter *filter,
		     enum record_kind kind, field_set fields)
{
	if (filter->sensor_count == 0)
		return;
	if ((fields & field_named(kind, "sensor")) == 0) {
		buf_text(sql, " AND 0");
		return;
	}
	for (size_t i = 0; i < filter->sensor_count; i++) {
		buf_text(sql, i == 0 ? " AND sensor IN('" : ",'");
		for (const char *c = filter->sensors[i]; *c != '\0'; c++) {
			if (*c == '\'')
				buf_char(sql, *c);
			buf_char(sql, *c);
		}
		buf_char(sql, '\'');
	}
	buf_char(sql, ')');
}

/* ---- everything but flows and ports ---- */

/* The moment of a record that is not of a time. */
static const char *moment_of(enum record_kind kind)
{
	return kind == RECORD_conversation ? "\"start\"" : "at";
}

static void other_conditions(struct buf *sql, enum record_kind kind,
			     const struct store_filter *filter)
{
	bool is_range = field_named(kind, "port_last") != 0;
	if (filter->has_port && is_range)
		buf_printf(sql, " AND %u BETWEEN port AND port_last", filter->port);
	else if (filter->has_port && field_named(kind, "port") != 0)
		buf_printf(sql, " AND port=%u", filter->port);
	if (filter->has_port && field_named(kind, "server_port") != 0)
		buf_printf(sql, " AND server_port=%u", filter->port);
	if (filter->transport != NULL && field_named(kind, "transport") != 0)
		buf_text(sql, " AND transport=?3");
	if (filter->target != NULL && field_named(kind, "target") != 0)
		buf_text(sql, " AND target=?5");
	if (filter->id == NULL || field_named(kind, "id") == 0)
		return;
	/* Up to the last character there is: an index knows what to do with that. */
	buf_text(sql, filter->id_begins ? " AND id>=?4 AND id<?4||char(1114111)"
					: " AND id=?4");
}

/* Of what the table has; a host is looked for in all addresses. */
static field_set wanted_fields(const struct store_filter *filter, field_set all)
{
	field_set wanted = filter->fields & all;
	return wanted == 0 || filter->has_host ? all : wanted;
}

static int prepare_events(struct store_reader *reader, const struct event_table *table,
			  const struct store_filter *filter, field_set all,
			  sqlite3_stmt **stmt)
{
	struct buf sql = { 0 };
	buf_text(&sql, "SELECT ");
	columns_list(&sql, table->kind, wanted_fields(filter, all), "");
	columns_end(&sql, " FROM ");
	buf_printf(&sql, "%s WHERE ", schemas[table->kind].name);
	filter_time(&sql, table->kind, filter->step_s, "?1", "?2",
		    moment_of(table->kind));
	other_conditions(&sql, table->kind, filter);
	reading_sensors(&sql, filter, table->kind, all);
	buf_printf(&sql, " ORDER BY %s", table->order);
	int code = db_prepare(reader->db, &sql, stmt);
	if (code != SQLITE_OK)
		return code;
	sqlite3_bind_int64(*stmt, 1, filter->since_us);
	sqlite3_bind_int64(*stmt, 2, filter->until_us);
	if (sqlite3_bind_parameter_count(*stmt) >= 3)
		sqlite3_bind_text(*stmt, 3, filter->transport, -1, SQLITE_STATIC);
	if (sqlite3_bind_parameter_count(*stmt) >= 4)
		sqlite3_bind_text(*stmt, 4, filter->id, -1, SQLITE_STATIC);
	if (sqlite3_bind_parameter_count(*stmt) >= 5)
		sqlite3_bind_text(*stmt, 5, filter->target, -1, SQLITE_STATIC);
	return SQLITE_OK;
}

static const size_t record_size_max = sizeof(union {
#define RECORD(r, doc) struct r##_record r;
#define FIELD(r, type, name, role, doc)
#define END(r)
#include "record/record.def"
#undef RECORD
#undef FIELD
#undef END
});

static int read_events(struct store_reader *reader, enum record_kind kind,
		       const struct store_filter *filter, store_emit emit, void *to,
		       char error[static STORE_ERROR_MAX])
{
	const struct event_table *table = event_table(kind);
	field_set fields = reading_fields(reader->db, schemas[kind].name, kind);
	sqlite3_stmt *stmt = NULL;
	void *record = malloc(record_size_max);
	if (record == NULL || fields == 0) {
		free(record);
		return 0; /* a store of before there were such records */
	}
	int code = prepare_events(reader, table, filter, fields, &stmt);
	fields = wanted_fields(filter, fields);
	bool more = true;
	while (code == SQLITE_OK && more && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		record_init(kind, record);
		columns_read(stmt, 0, kind, fields, record);
		if (filter_is_of_host(filter, kind, record))
			more = emit(to, record);
		code = SQLITE_OK;
	}
	int result = code == SQLITE_OK || code == SQLITE_DONE
			     ? 0
			     : reading_failed(reader, reader->db, code, reader->folder,
					      error);
	sqlite3_finalize(stmt);
	free(record);
	return result;
}

bool store_keeps(enum record_kind kind)
{
	return kind == RECORD_flow || kind == RECORD_port || event_table(kind) != NULL;
}

int store_read(struct store_reader *reader, enum record_kind kind,
	       const struct store_filter *filter, store_emit emit, void *to,
	       char error[static STORE_ERROR_MAX])
{
	watch_begin(&reader->watch, filter->time_limit_ms, filter->cancel);
	reader->damage[0] = error[0] = '\0';
	if (reader->db != NULL)
		watch_over(&reader->watch, reader->db);
	int result = 0;
	if (kind == RECORD_flow)
		result = read_flows(reader, filter, emit, to, error);
	else if (reader->db != NULL && kind == RECORD_port)
		result = read_ports(reader, filter, emit, to, error);
	else if (reader->db != NULL && event_table(kind) != NULL)
		result = read_events(reader, kind, filter, emit, to, error);
	if (result != 0 || reader->damage[0] == '\0')
		return result;
	memcpy(error, reader->damage, sizeof(reader->damage));
	return -EIO;
}

bool store_settled(struct store_reader *reader, enum record_kind kind,
		   const struct store_filter *filter, int64_t before_us,
		   struct store_settled *out)
{
	*out = (struct store_settled){ 0 };
	watch_begin(&reader->watch, filter->time_limit_ms, filter->cancel);
	if (kind == RECORD_flow)
		return settled_flows(reader, filter, before_us, out);
	return kind == RECORD_port && reader->db != NULL &&
	       settled_ports(reader, filter, before_us, out);
}
