/*
 * events.c: the tables of everything that is not traffic; see events.h.
 */
#include "store/events.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/file.h"
#include "store/hours.h"
#include "store/store.h"
#include "store/uptime.h"

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
	{ RECORD_health, "", "", 0, "PRIMARY KEY(\"start\")", "", "\"start\"",
	  "\"start\" DESC" },
	{ RECORD_ruleset, "", "", 0, "PRIMARY KEY(at)", "", "at", "at DESC" },
	/* In the order of who with what: over all days that is one walk. */
	{ RECORD_conversation, "", "", 0,
	  "PRIMARY KEY(client_network,server_network,port,transport,\"start\")",
	  "CREATE INDEX IF NOT EXISTS conversation_start ON conversation(\"start\");",
	  "\"start\"", "\"start\" DESC" },
	{ RECORD_finding, "", "", 0, "PRIMARY KEY(id)", "", "\"last\"",
	  "\"last\" DESC" },
	{ RECORD_login, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS login_at ON login(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_probe, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS probe_at ON probe(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_uptime, "", "", 0, "PRIMARY KEY(interval_s,\"start\",target)", "",
	  "\"start\"", "\"start\" DESC" },
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
	{ RECORD_forecast, "", "", 0, "PRIMARY KEY(at,subject,metric)", "", "at",
	  "at DESC" },
	{ RECORD_gap, "", "", 0, "PRIMARY KEY(\"start\",reason)", "", "\"end\"",
	  "\"start\" DESC" },
	{ RECORD_block, "", "", 0, "PRIMARY KEY(id)",
	  "CREATE INDEX IF NOT EXISTS block_at ON block(at);", "at", "at DESC" },
	{ RECORD_alert, "", "", 0, "PRIMARY KEY(id)",
	  "CREATE INDEX IF NOT EXISTS alert_at ON alert(at);", "at", "at DESC" },
	{ RECORD_incident, "", "", 0, "PRIMARY KEY(id)",
	  "CREATE INDEX IF NOT EXISTS incident_at ON incident(at);", "at", "at DESC" },
	{ RECORD_timeline, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS timeline_incident ON timeline(incident);"
	  "CREATE INDEX IF NOT EXISTS timeline_at ON timeline(at);",
	  "at", "at DESC,rowid DESC" },
	{ RECORD_silence, "", "", 0, "PRIMARY KEY(id)",
	  "CREATE INDEX IF NOT EXISTS silence_at ON silence(at);", "at", "at DESC" },
	{ RECORD_hold, "", "", 0, "PRIMARY KEY(incident)", "", "at", "at DESC" },
	{ RECORD_notification, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS notification_at ON notification(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_report_made, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS report_made_at ON report_made(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_level, "", "", 0, "PRIMARY KEY(at,name,target)", "", "at", "at DESC" },
	{ RECORD_deployment, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS deployment_at ON deployment(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_approval, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS approval_at ON approval(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_anomaly, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS anomaly_at ON anomaly(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_self_test, "", "", 0, "",
	  "CREATE INDEX IF NOT EXISTS self_test_at ON self_test(at);", "at",
	  "at DESC,rowid DESC" },
	{ RECORD_audit, "", "", 0, "PRIMARY KEY(seq)", "", "at", "seq DESC" },
	{ RECORD_checkpoint, "", "", 0, "PRIMARY KEY(number)", "", "at",
	  "number DESC" },
	{ RECORD_decision, "", "", 0, "PRIMARY KEY(block)",
	  "CREATE INDEX IF NOT EXISTS decision_at ON decision(at);", "at", "at DESC" },
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

struct events {
	sqlite3 *db;
	sqlite3_stmt *put[RECORD_KINDS];
	struct chain chain;
	struct uptime uptime;
	/* self: of the minute */
	int64_t minute;
	double cpu_sum;
	unsigned cpu_count;
	uint64_t lag_most, rss_most;
	struct hours hours;
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

/*
 * By target, for the page of one.  To make it takes memory for each row: a store of
 * before that has millions of probes goes without it, and is read by time.
 */
static int index_targets(sqlite3 *db)
{
	static const char is_large[] =
		"SELECT count(*)>2000000 FROM(SELECT 1 FROM probe LIMIT 2000001)";
	if (db_number(db, is_large, 0) != 0)
		return SQLITE_OK;
	return db_run(db,
		      "CREATE INDEX IF NOT EXISTS probe_target ON probe(target,at)");
}

int events_define(sqlite3 *db)
{
	bool is_new = uptime_is_new(db);
	int code = SQLITE_OK;
	for (size_t i = 0; i < TABLES && code == SQLITE_OK; i++)
		code = define(db, &tables[i]);
	if (code == SQLITE_OK)
		code = index_targets(db);
	return code == SQLITE_OK ? uptime_define(db, is_new) : code;
}

static int lend(sqlite3 *db, const struct event_table *table)
{
	struct buf sql = { 0 };
	const char *name = schemas[table->kind].name;
	if (sqlite3_table_column_metadata(db, "main", name, NULL, NULL, NULL, NULL,
					  NULL, NULL) == SQLITE_OK)
		return SQLITE_OK;
	buf_printf(&sql, "CREATE TEMP TABLE %s(%s", name, table->extra);
	columns_define(&sql, table->kind, ALL_FIELDS);
	columns_end(&sql, ")");
	return db_run_buf(db, &sql);
}

int events_lend(sqlite3 *db)
{
	int code = db_run(db, "PRAGMA temp_store=MEMORY");
	for (size_t i = 0; i < TABLES && code == SQLITE_OK; i++)
		code = lend(db, &tables[i]);
	return code;
}

/* What is only ever added to. */
static bool is_chained(enum record_kind kind)
{
	return kind == RECORD_audit || kind == RECORD_checkpoint;
}

/* What came since the last record of a conversation, to what there was. */
#define MORE(field)                                                                    \
#field "=CASE WHEN excluded." #field " IS NULL THEN conversation." #field      \
	       " ELSE ifnull(conversation." #field ",0)+excluded." #field " END"
static const char add_conversation[] =
	"ON CONFLICT DO UPDATE SET " MORE(flows) "," MORE(disallowed) "," MORE(
		cleartext) "," MORE(client_bytes) "," MORE(server_bytes) ","
									 "\"first\"="
									 "min(ifnull("
									 "conversation."
									 "\"first\","
									 "excluded."
									 "\"first\"),"
									 "ifnull("
									 "excluded."
									 "\"first\","
									 "conversation."
									 "\"first\")),"
									 "\"last\"=max("
									 "ifnull("
									 "conversation."
									 "\"last\","
									 "excluded."
									 "\"last\"),"
									 "ifnull("
									 "excluded."
									 "\"last\","
									 "conversation."
									 "\"last\"))";
#undef MORE

static int prepare(struct events *events, const struct event_table *table)
{
	struct buf sql = { 0 };
	bool adds = table->kind == RECORD_conversation;
	size_t count = columns_count(table->kind, ALL_FIELDS);
	buf_printf(&sql, "INSERT%s INTO %s(%s",
		   is_chained(table->kind) || adds ? "" : " OR REPLACE",
		   schemas[table->kind].name, table->extra_names);
	columns_list(&sql, table->kind, ALL_FIELDS, "");
	columns_end(&sql, ")VALUES(");
	columns_places(&sql, table->extra_count + count);
	columns_end(&sql, ")");
	if (adds)
		buf_text(&sql, add_conversation);
	return db_prepare(events->db, &sql, &events->put[table->kind]);
}

struct events *events_open(sqlite3 *db, int *code)
{
	struct events *events = calloc(1, sizeof(*events));
	*code = SQLITE_NOMEM;
	if (events == NULL)
		return NULL;
	events->db = db;
	events->minute = INT64_MIN;
	hours_init(&events->hours);
	*code = SQLITE_OK;
	for (size_t i = 0; i < TABLES && *code == SQLITE_OK; i++)
		*code = prepare(events, &tables[i]);
	if (*code == SQLITE_OK)
		*code = uptime_open(&events->uptime, db);
	if (*code != SQLITE_OK) {
		events_close(events);
		return NULL;
	}
	chain_open(&events->chain, db, events->put[RECORD_audit],
		   events->put[RECORD_checkpoint]);
	return events;
}

void events_close(struct events *events)
{
	if (events == NULL)
		return;
	for (unsigned kind = 0; kind < RECORD_KINDS; kind++)
		sqlite3_finalize(events->put[kind]);
	uptime_close(&events->uptime);
	free(events);
}

int events_catch_up(struct events *events, bool *more)
{
	int code = uptime_catch_up(&events->uptime, events->db);
	*more = code == SQLITE_OK && events->uptime.mark_us != 0;
	return code;
}

struct chain *events_chain(struct events *events)
{
	return &events->chain;
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

static int put_hour(struct events *events, const struct self_record *self)
{
	struct bind_scratch scratch;
	sqlite3_stmt *stmt = events->put[RECORD_health];
	int code = hours_take(&events->hours, events->db, self);
	if (code != SQLITE_OK)
		return code;
	columns_bind(stmt, 1, RECORD_health, ALL_FIELDS, &events->hours.hour, &scratch);
	return db_finish(stmt);
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
	int code = db_finish(stmt);
	return code == SQLITE_OK ? put_hour(events, self) : code;
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

static int put_row(struct events *events, enum record_kind kind, const void *record)
{
	struct bind_scratch scratch;
	sqlite3_stmt *stmt = events->put[kind];
	if (stmt == NULL)
		return SQLITE_MISUSE;
	columns_bind(stmt, 1, kind, ALL_FIELDS, record, &scratch);
	return db_finish(stmt);
}

static int put_probe(struct events *events, const struct probe_record *probe)
{
	int code = put_row(events, RECORD_probe, probe);
	return code == SQLITE_OK ? uptime_count(&events->uptime, probe) : code;
}

int events_put(struct events *events, enum record_kind kind, const void *record)
{
	switch (kind) {
	case RECORD_audit:
		return chain_put(&events->chain, record);
	case RECORD_self:
		return put_self(events, record);
	case RECORD_socket:
		return put_socket(events, record);
	case RECORD_probe:
		return put_probe(events, record);
	default:
		return put_row(events, kind, record);
	}
}
