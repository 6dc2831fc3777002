/*
 * depot_sqlite.c: a depot in one file of SQLite, for a hub with few sensors.
 *
 * A file like the store's own (src/store), whose readers it shares.  What is told to be
 * kept must survive a loss of power, as its sensor forgets it: so each commit is
 * synced.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/depot_driver.h"
#include "store/file.h"
#include "store/reading.h"
#include "store/table.h"

enum {
	VERSION = 1,
	DELETE_AT_ONCE = 5000, /* rows, so that hubs that write needn't wait */
	DELETE_ROUNDS = 200,   /* of one kind, in one pruning */
	BATCH_COLUMNS = 4,
};

#define DIALECT (&depot_dialects[DEPOT_SQLITE])

struct sqlite_depot {
	struct depot depot;
	sqlite3 *db;                 /* writes; NULL: it only reads */
	struct store_reader *reader; /* reads: another connection */
	sqlite3_stmt *put[RECORD_KINDS], *put_batch;
};

/* ---- opening ---- */

static int define_kind(sqlite3 *db, enum record_kind kind)
{
	struct buf sql = { 0 };
	depot_table(&sql, DIALECT, kind);
	depot_drop_retired(&sql, kind);
	int code = db_run_buf(db, &sql);
	return code != SQLITE_OK
		       ? code
		       : db_add_columns(db, schemas[kind].name, kind, ALL_FIELDS);
}

static int define(sqlite3 *db)
{
	struct buf sql = { 0 };
	depot_batch_table(&sql, DIALECT);
	int code = db_run_buf(db, &sql);
	for (unsigned kind = 0; kind < RECORD_KINDS && code == SQLITE_OK; kind++)
		if (depot_keeps((enum record_kind)kind))
			code = define_kind(db, (enum record_kind)kind);
	return code;
}

static int prepare_kind(struct sqlite_depot *lite, enum record_kind kind)
{
	struct buf sql = { 0 };
	buf_printf(&sql, "INSERT INTO \"%s\"(", schemas[kind].name);
	columns_list(&sql, kind, ALL_FIELDS, "");
	buf_text(&sql, "kept_at,batch_epoch,batch_sequence,batch_row)VALUES(");
	columns_places(&sql, columns_count(kind, ALL_FIELDS) + BATCH_COLUMNS);
	columns_end(&sql, ")");
	return db_prepare(lite->db, &sql, &lite->put[kind]);
}

static int prepare_all(struct sqlite_depot *lite)
{
	int code = sqlite3_prepare_v2(lite->db,
				      "INSERT OR IGNORE INTO batch VALUES(?,?,?,?,?)",
				      -1, &lite->put_batch, NULL);
	for (unsigned kind = 0; kind < RECORD_KINDS && code == SQLITE_OK; kind++)
		if (depot_keeps((enum record_kind)kind))
			code = prepare_kind(lite, (enum record_kind)kind);
	return code;
}

static void close_sqlite(struct depot *depot)
{
	struct sqlite_depot *lite = (struct sqlite_depot *)depot;
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		sqlite3_finalize(lite->put[kind]);
	sqlite3_finalize(lite->put_batch);
	store_reader_close(lite->reader);
	sqlite3_close(lite->db);
	free(lite);
}

static bool open_reader(struct sqlite_depot *lite, const char *path,
			char error[static DEPOT_ERROR_MAX])
{
	int code;
	size_t len = strlen(path) + 1;
	lite->reader = calloc(1, sizeof(*lite->reader) + len);
	if (lite->reader == NULL)
		return false;
	memcpy(lite->reader->folder, path, len);
	lite->reader->db = reading_open(path, &code, error);
	return lite->reader->db != NULL &&
	       functions_add(lite->reader->db, lite->reader) == SQLITE_OK;
}

/*
 * A transaction of many batches touches most pages of an index over ids: those that
 * don't fit are written and read again before it ends.
 */
static const char settings[] = "PRAGMA synchronous=FULL;PRAGMA cache_size=-32768";

static bool open_writer(struct sqlite_depot *lite, const char *path,
			char error[static DEPOT_ERROR_MAX])
{
	static const struct file_kind kind = { .version = VERSION,
					       .define = define,
					       .keeps_pages = true };
	struct trouble trouble = { 0 };
	lite->db = file_open(path, &kind, &trouble);
	snprintf(error, DEPOT_ERROR_MAX, "%s", trouble.message);
	if (lite->db == NULL)
		return false;
	int code = db_run(lite->db, settings);
	if (code == SQLITE_OK)
		code = prepare_all(lite);
	if (code != SQLITE_OK)
		snprintf(error, DEPOT_ERROR_MAX, "%.200s: %.200s", path,
			 sqlite3_errmsg(lite->db));
	return code == SQLITE_OK;
}

static struct depot *open_sqlite(const char *where, bool only_reads,
				 char error[static DEPOT_ERROR_MAX])
{
	const char *path = where + strlen("sqlite:");
	struct sqlite_depot *lite = calloc(1, sizeof(*lite));
	snprintf(error, DEPOT_ERROR_MAX, "not enough memory");
	if (lite == NULL)
		return NULL;
	lite->depot.driver = &depot_sqlite;
	if ((only_reads || open_writer(lite, path, error)) &&
	    open_reader(lite, path, error))
		return &lite->depot;
	close_sqlite(&lite->depot);
	return NULL;
}

/* ---- writing ---- */

struct writing {
	struct sqlite_depot *lite;
	const struct batch_id *id;
	int64_t now_us, row;
	int64_t first[RECORD_KINDS]; /* rowid of the first one of that kind; 0: none */
	int code;                    /* SQLite's */
};

static bool put_row(void *to, enum record_kind kind, const void *record)
{
	struct writing *writing = to;
	struct bind_scratch scratch;
	sqlite3_stmt *stmt = writing->lite->put[kind];
	if (stmt == NULL) /* of no lane: nobody asked for it */
		return true;
	int at = columns_bind(stmt, 1, kind, ALL_FIELDS, record, &scratch);
	sqlite3_bind_int64(stmt, at++, depot_kept_at(kind, record, writing->now_us));
	sqlite3_bind_int64(stmt, at++, (int64_t)writing->id->epoch);
	sqlite3_bind_int64(stmt, at++, (int64_t)writing->id->sequence);
	sqlite3_bind_int64(stmt, at, writing->row++);
	writing->code = db_finish(stmt);
	if (writing->code == SQLITE_OK && writing->first[kind] == 0)
		writing->first[kind] = sqlite3_last_insert_rowid(writing->lite->db);
	return writing->code == SQLITE_OK;
}

static int put_batch_id(const struct writing *writing, bool *is_new)
{
	const struct batch_id *id = writing->id;
	sqlite3_stmt *stmt = writing->lite->put_batch;
	sqlite3_bind_text(stmt, 1, id->sensor, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, fleet_lane_name(id->lane), -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 3, (int64_t)id->epoch);
	sqlite3_bind_int64(stmt, 4, (int64_t)id->sequence);
	sqlite3_bind_int64(stmt, 5, writing->now_us);
	int code = db_finish(stmt);
	*is_new = sqlite3_changes(writing->lite->db) > 0;
	return code;
}

/*
 * Rows of a batch are the last ones of their tables: nobody else writes meanwhile.  A
 * savepoint would keep a copy of each page that a batch touches, which took longer than
 * all the rest.
 */
static int take_back(const struct writing *writing)
{
	struct buf sql = { 0 };
	const struct batch_id *id = writing->id;
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		if (writing->first[kind] != 0)
			buf_printf(&sql, "DELETE FROM \"%s\" WHERE rowid>=%lld;",
				   schemas[kind].name, (long long)writing->first[kind]);
	buf_text(&sql, "DELETE FROM batch WHERE sensor=");
	depot_literal(&sql, DIALECT, id->sensor);
	buf_printf(&sql, " AND lane='%s' AND epoch=%lld AND sequence=%lld",
		   fleet_lane_name(id->lane), (long long)id->epoch,
		   (long long)id->sequence);
	return db_run_buf(writing->lite->db, &sql);
}

/* SQLite's code; of what is no batch nothing stays. */
static int write_batch(struct sqlite_depot *lite, struct depot_batch *batch,
		       int64_t now_us)
{
	struct writing writing = { .lite = lite, .id = &batch->id, .now_us = now_us };
	char error[BATCH_ERROR_MAX];
	bool is_new;
	int code = put_batch_id(&writing, &is_new);
	if (code != SQLITE_OK)
		return code;
	if (!is_new) {
		batch->result = -EEXIST;
	} else if (!batch_read(batch->bytes, batch->len, put_row, &writing, error)) {
		if (writing.code != SQLITE_OK)
			return writing.code;
		batch->result = errno == ENOMEM ? -EAGAIN : -EBADMSG;
		code = take_back(&writing);
	}
	return code;
}

struct write_call {
	struct sqlite_depot *lite;
	struct depot_batch *batches;
	size_t count;
};

static int write_all(void *self)
{
	struct write_call *call = self;
	int64_t now_us = clock_us(CLOCK_REALTIME);
	int code = SQLITE_OK;
	for (size_t i = 0; i < call->count && code == SQLITE_OK; i++)
		if (call->batches[i].result == 0)
			code = write_batch(call->lite, &call->batches[i], now_us);
	return code;
}

static int failed(const struct sqlite_depot *lite, int code,
		  char error[static DEPOT_ERROR_MAX])
{
	if (code == SQLITE_OK)
		return 0;
	snprintf(error, DEPOT_ERROR_MAX, "%.200s: %.200s", lite->reader->folder,
		 sqlite3_errstr(code));
	return -EAGAIN;
}

static int write_sqlite(struct depot *depot, struct depot_batch *batches, size_t count,
			char error[static DEPOT_ERROR_MAX])
{
	struct sqlite_depot *lite = (struct sqlite_depot *)depot;
	struct write_call call = { lite, batches, count };
	return failed(lite, db_transact(lite->db, write_all, &call), error);
}

/* ---- reading ---- */

static void read_row(sqlite3_stmt *stmt, const struct depot_query *query,
		     enum record_kind kind, void *record)
{
	for (size_t i = 0; i < query->count; i++) {
		ptrdiff_t field = query->fields[i] - schemas[kind].fields;
		columns_read(stmt, (int)i, kind, UINT64_C(1) << field, record);
	}
}

static int read_sqlite(struct depot *depot, const char *sql,
		       const struct depot_query *query, struct depot_giving *giving,
		       char error[static DEPOT_ERROR_MAX])
{
	struct store_reader *reader = ((struct sqlite_depot *)depot)->reader;
	const struct store_filter *filter = giving->filter;
	sqlite3_stmt *stmt = NULL;
	bool more = true;
	watch_begin(&reader->watch, filter->time_limit_ms, filter->cancel);
	watch_over(&reader->watch, reader->db);
	int code = sqlite3_prepare_v2(reader->db, sql, -1, &stmt, NULL);
	while (code == SQLITE_OK && more && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		read_row(stmt, query, giving->kind, depot_giving_next(giving));
		more = depot_giving_pass(giving);
		code = more && !watch_goes_on(&reader->watch) ? SQLITE_INTERRUPT
							      : SQLITE_OK;
	}
	int result = code == SQLITE_OK || code == SQLITE_DONE
			     ? 0
			     : reading_failed(reader, reader->db, code, reader->folder,
					      error);
	sqlite3_finalize(stmt);
	return result;
}

/* A connection of its own: what a statement may do must not hold for others. */
static int sql_sqlite(struct depot *depot, const char *text, uint32_t time_limit_ms,
		      const struct store_sql *to, char error[static DEPOT_ERROR_MAX])
{
	struct store_reader *reader = ((struct sqlite_depot *)depot)->reader;
	int code, result = -EIO;
	sqlite3 *db = reading_open(reader->folder, &code, error);
	if (db != NULL && functions_add(db, reader) == SQLITE_OK)
		result = sql_run(reader, db, text, time_limit_ms, to, error);
	sqlite3_close(db);
	return result;
}

/* ---- pruning ---- */

static int prune_kind(struct sqlite_depot *lite, enum record_kind kind,
		      int64_t until_us)
{
	struct buf sql = { 0 };
	const char *table = schemas[kind].name;
	buf_printf(&sql,
		   "DELETE FROM \"%s\" WHERE rowid IN(SELECT rowid FROM \"%s\" WHERE "
		   "kept_at<%lld LIMIT %d)",
		   table, table, (long long)until_us, DELETE_AT_ONCE);
	const char *text = buf_cstr(&sql);
	int code = text != NULL ? SQLITE_OK : SQLITE_NOMEM;
	for (int i = 0; i < DELETE_ROUNDS && code == SQLITE_OK; i++) {
		code = db_run(lite->db, text);
		if (sqlite3_changes(lite->db) < DELETE_AT_ONCE)
			break;
	}
	buf_free(&sql);
	return code;
}

static int prune_batches(struct sqlite_depot *lite, int64_t now_us)
{
	struct buf sql = { 0 };
	buf_printf(&sql,
		   "DELETE FROM batch WHERE sequence<=(SELECT max(sequence)FROM batch "
		   "AS newest WHERE newest.sensor=batch.sensor AND "
		   "newest.lane=batch.lane AND newest.epoch=batch.epoch)-%d;",
		   DEPOT_BATCHES_REMEMBERED);
	depot_forget_ended(&sql, now_us);
	return db_run_buf(lite->db, &sql);
}

static int prune_sqlite(struct depot *depot, const struct depot_limits *limits,
			int64_t now_us, char error[static DEPOT_ERROR_MAX])
{
	struct sqlite_depot *lite = (struct sqlite_depot *)depot;
	int code = prune_batches(lite, now_us);
	for (unsigned kind = 0; kind < RECORD_KINDS && code == SQLITE_OK; kind++) {
		int64_t limit_s = depot_limit_s((enum record_kind)kind, limits);
		if (depot_keeps((enum record_kind)kind) && limit_s > 0)
			code = prune_kind(lite, (enum record_kind)kind,
					  now_us - limit_s * 1000000);
	}
	return failed(lite, code, error);
}

const struct depot_driver depot_sqlite = {
	.sql = DEPOT_SQLITE,
	.schemes = { "sqlite:" },
	.open = open_sqlite,
	.close = close_sqlite,
	.write = write_sqlite,
	.read = read_sqlite,
	.sql_run = sql_sqlite,
	.prune = prune_sqlite,
};
