/*
 * levels.c: the tables of port roll-ups; see levels.h.
 */
#include "store/levels.h"

#include <string.h>

#include "store/file.h"

const struct level_facts levels[LEVELS] = {
	[LEVEL_10S] = { "roll_10s", "port_10s", 10 },
	[LEVEL_1M] = { "roll_1m", "port_1m", 60 },
	[LEVEL_1H] = { "roll_1h", "port_1h", 3600 },
	[LEVEL_1D] = { "roll_1d", "port_1d", 86400 },
};

/* Behind the numbers, so that a query for these does not read them. */
#define BLOBS "handshake_hist,response_hist,clients_hll"
enum { BLOB_COUNT = 3 };

/* Asked for at every row: looked up once. */
static field_set set_of(const char *const *names, size_t count)
{
	field_set set = 0;
	for (size_t i = 0; i < count; i++)
		set |= field_named(RECORD_port, names[i]);
	return set;
}

field_set service_fields(void)
{
	static const char *const names[] = { "server_ip", "port",  "transport",
					     "service",   "class", "protocol" };
	static _Thread_local field_set set;
	if (set == 0)
		set = set_of(names, sizeof(names) / sizeof(names[0]));
	return set;
}

/* start is the row's key, interval_s the table's. */
field_set roll_fields(void)
{
	static const char *const names[] = { "start", "interval_s" };
	static _Thread_local field_set set;
	if (set == 0)
		set = ALL_FIELDS & ~(service_fields() |
				     set_of(names, sizeof(names) / sizeof(names[0])));
	return set;
}

static int define_services(sqlite3 *db)
{
	struct buf sql = { 0 };
	buf_text(&sql, "CREATE TABLE IF NOT EXISTS service(id INTEGER PRIMARY KEY,");
	columns_define(&sql, RECORD_port, service_fields());
	/* answered: it did, once; seen: begin of its last minute. */
	columns_end(&sql, ",answered INTEGER,seen INTEGER);"
			  "INSERT OR IGNORE INTO service(id) VALUES(1);");
	int code = db_run_buf(db, &sql);
	return code != SQLITE_OK
		       ? code
		       : db_add_columns(db, "service", RECORD_port, service_fields());
}

static int define_level(sqlite3 *db, enum level level)
{
	struct buf sql = { 0 };
	buf_printf(&sql,
		   "CREATE TABLE IF NOT EXISTS %s(service INTEGER NOT NULL,"
		   "\"start\" INTEGER NOT NULL,seconds INTEGER,",
		   levels[level].table);
	columns_define(&sql, RECORD_port, roll_fields());
	buf_printf(&sql,
		   "handshake_hist BLOB,response_hist BLOB,clients_hll BLOB,"
		   "PRIMARY KEY(%s))WITHOUT ROWID",
		   level == LEVEL_10S ? "\"start\",service" : "service,\"start\"");
	int code = db_run_buf(db, &sql);
	return code != SQLITE_OK ? code
				 : db_add_columns(db, levels[level].table, RECORD_port,
						  roll_fields());
}

/*
 * For sums over all ports, which a chart of the whole machine asks for: in order of
 * time, with what is summed, so that the wide rows are not read.  Of the levels that
 * get few rows, and these at its end: an index in another order would cost more than it
 * gives.
 */
static int define_sums(sqlite3 *db, enum level level)
{
	struct buf sql = { 0 };
	if (level != LEVEL_1H && level != LEVEL_1D)
		return SQLITE_OK;
	buf_printf(
		&sql,
		"CREATE INDEX IF NOT EXISTS %s_sums ON %s(\"start\",client_bytes,"
		"server_bytes,client_packets,server_packets,flows,ended,errors,active)",
		levels[level].table, levels[level].table);
	return db_run_buf(db, &sql);
}

static void view_column(struct buf *sql, size_t i, enum level level)
{
	const struct field *field = &schemas[RECORD_port].fields[i];
	field_set own = UINT64_C(1) << i;
	if (strcmp(field->name, "interval_s") == 0)
		buf_printf(sql, "%u AS interval_s,", levels[level].seconds);
	else if (own & service_fields())
		columns_list(sql, RECORD_port, own, "s.");
	else
		columns_list(sql, RECORD_port, own, "r.");
}

/* Made anew each time: it is one row of the schema, and always has all columns. */
static int define_view(sqlite3 *db, enum level level)
{
	struct buf sql = { 0 };
	buf_printf(&sql, "CREATE VIEW %s AS SELECT ", levels[level].view);
	for (size_t i = 0; i < schemas[RECORD_port].field_count; i++)
		view_column(&sql, i, level);
	buf_printf(&sql,
		   "r.seconds," BLOBS " FROM service s JOIN %s r ON r.service=s.id",
		   levels[level].table);
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(
		db,
		"SELECT 1 FROM sqlite_schema WHERE type='view' AND name=? AND sql=?",
		-1, &stmt, NULL);
	const char *text = buf_cstr(&sql);
	bool is_same = false;
	if (code == SQLITE_OK && text != NULL) {
		sqlite3_bind_text(stmt, 1, levels[level].view, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
		is_same = sqlite3_step(stmt) == SQLITE_ROW;
	}
	sqlite3_finalize(stmt);
	struct buf drop = { 0 };
	buf_printf(&drop, "DROP VIEW IF EXISTS %s", levels[level].view);
	if (code == SQLITE_OK && !is_same)
		code = db_run_buf(db, &drop);
	if (code == SQLITE_OK && !is_same)
		code = db_run_buf(db, &sql);
	buf_free(&drop);
	buf_free(&sql);
	return code;
}

int levels_define(sqlite3 *db)
{
	int code = define_services(db);
	for (unsigned level = 0; level < LEVELS && code == SQLITE_OK; level++) {
		code = define_level(db, (enum level)level);
		if (code == SQLITE_OK)
			code = define_sums(db, (enum level)level);
		if (code == SQLITE_OK)
			code = define_view(db, (enum level)level);
	}
	return code;
}

/* ---- rows ---- */

static int prepare_select(struct level_access *access, enum level level,
			  const struct roll_needs *needs)
{
	struct buf sql = { 0 };
	buf_text(&sql, "SELECT \"start\",seconds,");
	columns_list(&sql, RECORD_port, access->fields, "");
	buf_printf(&sql, "%s,%s,%s", needs->handshake ? "handshake_hist" : "NULL",
		   needs->response ? "response_hist" : "NULL",
		   needs->clients ? "clients_hll" : "NULL");
	/* In roll_10s a service is found again for each start: see level_rows(). */
	buf_printf(&sql, " FROM %s WHERE service=? AND %s", levels[level].table,
		   level == LEVEL_10S
			   ? "\"start\"=?"
			   : "\"start\">=? AND \"start\"<? ORDER BY \"start\"");
	return db_prepare(access->db, &sql, &access->select[level]);
}

static int prepare_upsert(struct level_access *access, enum level level)
{
	struct buf sql = { 0 };
	buf_printf(&sql, "INSERT OR REPLACE INTO %s(service,\"start\",seconds,",
		   levels[level].table);
	columns_list(&sql, RECORD_port, roll_fields(), "");
	buf_text(&sql, BLOBS ")VALUES(");
	columns_places(&sql,
		       3 + columns_count(RECORD_port, roll_fields()) + BLOB_COUNT);
	columns_end(&sql, ")");
	return db_prepare(access->db, &sql, &access->upsert[level]);
}

int level_access_open(struct level_access *access, sqlite3 *db, field_set fields,
		      bool writes)
{
	const struct roll_needs all = { fields, true, true, true };
	int code = level_access_read(access, db, &all, UINT32_MAX);
	for (unsigned level = 0; level < LEVELS && code == SQLITE_OK && writes; level++)
		code = prepare_upsert(access, (enum level)level);
	return code;
}

int level_access_read(struct level_access *access, sqlite3 *db,
		      const struct roll_needs *needs, uint32_t whole_s)
{
	const struct roll_needs whole = { .fields = needs->fields };
	*access = (struct level_access){ .db = db, .fields = needs->fields };
	int code = SQLITE_OK;
	for (unsigned level = 0; level < LEVELS && code == SQLITE_OK; level++)
		code = prepare_select(access, (enum level)level,
				      levels[level].seconds >= whole_s ? &whole
								       : needs);
	return code;
}

void level_access_close(struct level_access *access)
{
	for (unsigned level = 0; level < LEVELS; level++) {
		sqlite3_finalize(access->select[level]);
		sqlite3_finalize(access->upsert[level]);
	}
	*access = (struct level_access){ 0 };
}

static struct bytes blob_at(sqlite3_stmt *stmt, int column)
{
	if (sqlite3_column_type(stmt, column) != SQLITE_BLOB)
		return bytes_of(NULL, 0);
	const void *at = sqlite3_column_blob(stmt, column);
	return bytes_of(at, (size_t)sqlite3_column_bytes(stmt, column));
}

static void read_row(sqlite3_stmt *stmt, field_set fields, struct roll_row *row)
{
	record_init(RECORD_port, &row->record);
	row->start = row->record.start = sqlite3_column_int64(stmt, 0);
	row->seconds = (uint64_t)sqlite3_column_int64(stmt, 1);
	int at = columns_read(stmt, 2, RECORD_port, fields, &row->record);
	row->handshake = blob_at(stmt, at);
	row->response = blob_at(stmt, at + 1);
	row->clients = blob_at(stmt, at + 2);
}

/* Steps through what the bound statement gives; *more false: enough. */
static int give_rows(sqlite3_stmt *stmt, field_set fields, struct roll_row *row,
		     level_each each, void *self, bool *more)
{
	int code;
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW && *more) {
		read_row(stmt, fields, row);
		*more = each(self, row);
	}
	sqlite3_reset(stmt);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

int level_rows(struct level_access *access, enum level level, int64_t service,
	       int64_t from, int64_t to, level_each each, void *self)
{
	sqlite3_stmt *stmt = access->select[level];
	struct roll_row row = { .service = service };
	bool more = true;
	int code = SQLITE_OK;
	sqlite3_bind_int64(stmt, 1, service);
	if (level != LEVEL_10S) {
		sqlite3_bind_int64(stmt, 2, from);
		sqlite3_bind_int64(stmt, 3, to);
		return give_rows(stmt, access->fields, &row, each, self, &more);
	}
	int64_t step = level_us(level);
	int64_t start =
		floor_to(from, step) < from ? floor_to(from, step) + step : from;
	for (; start < to && more && code == SQLITE_OK; start += step) {
		sqlite3_bind_int64(stmt, 2, start);
		code = give_rows(stmt, access->fields, &row, each, self, &more);
	}
	return code;
}

static void bind_blob(sqlite3_stmt *stmt, int at, const uint8_t *bytes, size_t len)
{
	if (len > 0)
		sqlite3_bind_blob(stmt, at, bytes, (int)len, SQLITE_STATIC);
}

int level_put(struct level_access *access, enum level level, int64_t service,
	      int64_t start, const struct port_record *record, uint64_t seconds,
	      const struct roll_packed *packed)
{
	sqlite3_stmt *stmt = access->upsert[level];
	struct bind_scratch scratch;
	sqlite3_bind_int64(stmt, 1, service);
	sqlite3_bind_int64(stmt, 2, start);
	sqlite3_bind_int64(stmt, 3, (int64_t)seconds);
	int at = columns_bind(stmt, 4, RECORD_port, roll_fields(), record, &scratch);
	bind_blob(stmt, at, packed->handshake, packed->handshake_len);
	bind_blob(stmt, at + 1, packed->response, packed->response_len);
	bind_blob(stmt, at + 2, packed->clients, packed->clients_len);
	return db_finish(stmt);
}
