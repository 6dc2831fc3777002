/*
 * events.c: the tables of everything that is not traffic; see events.h.
 */
#include "store/events.h"

#include <math.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "store/file.h"
#include "store/store.h"

#define MINUTE_US 60000000LL

/*
 * The indexes are over times, which rise: adding to them is cheap, and both reading and
 * retention go by time.
 */
static const struct event_table tables[] = {
	{ RECORD_listener, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS listener_at ON listener(at);", "at",
	  "at DESC,rowid DESC" },
	/* key: address, port and namespace; NULL is no part of a primary key. */
	{ RECORD_socket, "minute INTEGER NOT NULL,key BLOB NOT NULL,", "minute,key,", 2,
	  "PRIMARY KEY(minute,key)", "", "minute", "minute DESC" },
	{ RECORD_self, "minute INTEGER PRIMARY KEY,", "minute,", 1, "", "", "minute",
	  "minute DESC" },
	{ RECORD_finding, "", "", 0, "PRIMARY KEY(id)", "", "\"last\"",
	  "\"last\" DESC" },
	{ RECORD_login, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS login_at ON login(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_probe, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS probe_at ON probe(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_failure, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS failure_at ON failure(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_transcript, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS transcript_id ON transcript(id);"
	  "CREATE INDEX IF NOT EXISTS transcript_at ON transcript(at);",
	  "at", "at DESC,rowid DESC" },
	{ RECORD_packet, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS packet_id ON packet(id);"
	  "CREATE INDEX IF NOT EXISTS packet_at ON packet(at);",
	  "at", "at DESC,rowid DESC" },
	{ RECORD_scan_run, "", "", 0, "PRIMARY KEY(\"start\",user)", "", "\"start\"",
	  "\"start\" DESC" },
	{ RECORD_scan, "", "", 0, "", "CREATE INDEX IF NOT EXISTS scan_at ON scan(at);",
	  "at", "at DESC,rowid DESC" },
	{ RECORD_gap, "", "", 0, "PRIMARY KEY(\"start\",reason)", "", "\"end\"",
	  "\"start\" DESC" },
	{ RECORD_block, "", "", 0, "PRIMARY KEY(id)",
	  "CREATE INDEX IF NOT EXISTS block_at ON block(at);", "at", "at DESC" },
	{ RECORD_self_test, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS self_test_at ON self_test(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_audit, "", "", 0, "PRIMARY KEY(seq)", "", "at", "seq DESC" },
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

struct events {
	sqlite3 *db;
	sqlite3_stmt *put[RECORD_KINDS];
	/* audit */
	uint64_t seq;
	field_text64 hash;
	/* self: of the minute */
	int64_t minute;
	double cpu_sum;
	unsigned cpu_count;
	uint64_t lag_most, rss_most;
};

const struct event_table *event_table(enum record_kind kind)
{
	for (size_t i = 0; i < TABLES; i++)
		if (tables[i].kind == kind)
			return &tables[i];
	return NULL;
}

static int define(sqlite3 *db, const struct event_table *table)
{
	struct buf sql = { 0 };
	const char *name = schemas[table->kind].name;
	/* A row's own number is of use only where nothing else names it. */
	bool has_rowid = strncmp(table->key, "PRIMARY", 7) != 0;
	buf_printf(&sql, "CREATE TABLE IF NOT EXISTS %s(%s", name, table->extra);
	columns_define(&sql, table->kind, ALL_FIELDS);
	columns_end(&sql, table->key[0] != '\0' ? "," : "");
	buf_printf(&sql, "%s)%s;%s", table->key, has_rowid ? "" : "WITHOUT ROWID",
		   table->after);
	int code = db_run_buf(db, &sql);
	return code != SQLITE_OK ? code
				 : db_add_columns(db, name, table->kind, ALL_FIELDS);
}

int events_define(sqlite3 *db)
{
	int code = SQLITE_OK;
	for (size_t i = 0; i < TABLES && code == SQLITE_OK; i++)
		code = define(db, &tables[i]);
	return code;
}

static int prepare(struct events *events, const struct event_table *table)
{
	struct buf sql = { 0 };
	size_t count = columns_count(table->kind, ALL_FIELDS);
	buf_printf(&sql, "INSERT OR REPLACE INTO %s(%s", schemas[table->kind].name,
		   table->extra_names);
	columns_list(&sql, table->kind, ALL_FIELDS, "");
	columns_end(&sql, ")VALUES(");
	columns_places(&sql, table->extra_count + count);
	columns_end(&sql, ")");
	return db_prepare(events->db, &sql, &events->put[table->kind]);
}

static void load_audit(struct events *events)
{
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v2(events->db,
			       "SELECT seq,hash FROM audit ORDER BY seq DESC LIMIT 1",
			       -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		events->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		const char *hash = (const char *)sqlite3_column_text(stmt, 1);
		record_text(events->hash, sizeof(events->hash),
			    hash != NULL ? hash : "");
	}
	sqlite3_finalize(stmt);
}

struct events *events_open(sqlite3 *db, int *code)
{
	struct events *events = calloc(1, sizeof(*events));
	*code = SQLITE_NOMEM;
	if (events == NULL)
		return NULL;
	events->db = db;
	events->minute = INT64_MIN;
	*code = SQLITE_OK;
	for (size_t i = 0; i < TABLES && *code == SQLITE_OK; i++)
		*code = prepare(events, &tables[i]);
	if (*code != SQLITE_OK) {
		events_close(events);
		return NULL;
	}
	load_audit(events);
	return events;
}

void events_close(struct events *events)
{
	if (events == NULL)
		return;
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		sqlite3_finalize(events->put[kind]);
	free(events);
}

/* ---- audit ---- */

bool store_audit_hash(const char *before, const struct audit_record *audit,
		      field_text64 out)
{
	struct audit_record bare = *audit;
	struct buf text = { 0 };
	unsigned char digest[SHA256_DIGEST_LENGTH];
	memset(bare.hash, 0, sizeof(bare.hash));
	buf_text(&text, before);
	record_json(&text, RECORD_audit, &bare);
	bool ok = buf_ok(&text);
	if (ok) {
		static const char digits[] = "0123456789abcdef";
		SHA256((const unsigned char *)text.at, text.len, digest);
		for (size_t i = 0; i < sizeof(field_text64) - 1; i++)
			out[i] = digits[digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
		out[sizeof(field_text64) - 1] = '\0';
	}
	buf_free(&text);
	return ok;
}

static int put_audit(struct events *events, const struct audit_record *audit)
{
	struct audit_record next = *audit;
	struct bind_scratch scratch;
	next.seq = events->seq + 1;
	if (!store_audit_hash(events->hash, &next, next.hash))
		return SQLITE_NOMEM;
	columns_bind(events->put[RECORD_audit], 1, RECORD_audit, ALL_FIELDS, &next,
		     &scratch);
	int code = db_finish(events->put[RECORD_audit]);
	if (code != SQLITE_OK)
		return code;
	events->seq = next.seq;
	memcpy(events->hash, next.hash, sizeof(events->hash));
	return SQLITE_OK;
}

/* ---- one per minute ---- */

static int64_t minute_of(int64_t at_us)
{
	return at_us == UNKNOWN_TIME ? 0 : at_us - at_us % MINUTE_US;
}

static void most(uint64_t *kept, uint64_t value)
{
	if (value != UNKNOWN_U64 && (*kept == UNKNOWN_U64 || value > *kept))
		*kept = value;
}

/* The last of the minute, but the mean of the CPU and the most of lag and memory. */
static int put_self(struct events *events, const struct self_record *self)
{
	struct self_record row = *self;
	struct bind_scratch scratch;
	if (minute_of(self->at) != events->minute) {
		events->minute = minute_of(self->at);
		events->cpu_sum = 0;
		events->cpu_count = 0;
		events->lag_most = events->rss_most = UNKNOWN_U64;
	}
	if (isfinite(self->cpu_ratio)) {
		events->cpu_sum += self->cpu_ratio;
		events->cpu_count++;
	}
	most(&events->lag_most, self->lag_us);
	most(&events->rss_most, self->rss_bytes);
	if (events->cpu_count > 0)
		row.cpu_ratio = events->cpu_sum / events->cpu_count;
	row.lag_us = events->lag_most;
	row.rss_bytes = events->rss_most;
	sqlite3_stmt *stmt = events->put[RECORD_self];
	sqlite3_bind_int64(stmt, 1, events->minute);
	columns_bind(stmt, 2, RECORD_self, ALL_FIELDS, &row, &scratch);
	return db_finish(stmt);
}

static int put_socket(struct events *events, const struct socket_record *socket)
{
	struct {
		struct addr ip;
		uint64_t netns;
		uint64_t port;
	} key = { .ip = socket->ip, .netns = socket->netns, .port = socket->port };
	struct bind_scratch scratch;
	sqlite3_stmt *stmt = events->put[RECORD_socket];
	sqlite3_bind_int64(stmt, 1, minute_of(socket->at));
	sqlite3_bind_blob(stmt, 2, &key, sizeof(key), SQLITE_STATIC);
	columns_bind(stmt, 3, RECORD_socket, ALL_FIELDS, socket, &scratch);
	return db_finish(stmt);
}

int events_put(struct events *events, enum record_kind kind, const void *record)
{
	struct bind_scratch scratch;
	sqlite3_stmt *stmt = events->put[kind];
	switch (kind) {
	case RECORD_audit:
		return put_audit(events, record);
	case RECORD_self:
		return put_self(events, record);
	case RECORD_socket:
		return put_socket(events, record);
	default:
		if (stmt == NULL)
			return SQLITE_MISUSE;
		columns_bind(stmt, 1, kind, ALL_FIELDS, record, &scratch);
		return db_finish(stmt);
	}
}
