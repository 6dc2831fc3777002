/*
 * prune_events.c: see prune_events.h.
 */
#include "store/prune_events.h"

#include <stdio.h>
#include <string.h>

#include "store/events.h"
#include "store/file.h"
#include "store/holds.h"
#include "store/kept.h"

#define SECOND_US 1000000LL
#define HOUR_US   (3600 * SECOND_US)

enum {
	MANY_AT_ONCE = 4096,
	MANY_KEPT = 100000, /* however little room there is */
	PACKETS_AT_ONCE = 64,
	PACKETS_KEPT = 8192, /* with less room than all may take: 12 MiB at most */
	MINUTES_AT_ONCE = 1440,
};

/* ---- deleting ---- */

static int delete_minutes(sqlite3 *db, const char *table, int64_t before_us, bool *more)
{
	char sql[64];
	snprintf(sql, sizeof(sql), "SELECT min(minute) FROM %s", table);
	int64_t oldest = db_number(db, sql, INT64_MAX);
	if (oldest >= before_us)
		return SQLITE_OK;
	int64_t until = oldest + MINUTES_AT_ONCE * 60 * SECOND_US;
	until = until < before_us ? until : before_us;
	*more = *more || until < before_us;
	struct buf delete = { 0 };
	buf_printf(&delete, "DELETE FROM %s WHERE minute<%lld", table,
		   (long long)until);
	return db_run_buf(db, &delete);
}

/* Which rows may go: those before that time, but what is not over or held. */
static void put_condition(struct buf *sql, const struct kept *of, int64_t before_us,
			  int64_t now_us)
{
	buf_printf(sql, "%s<%lld AND ", of->time, (long long)before_us);
	for (const char *c = of->over; *c != '\0'; c++)
		if (*c == '$')
			buf_i64(sql, before_us);
		else
			buf_char(sql, *c);
	holds_spare(sql, of->kind, now_us);
}

/* The columns that name a row. */
static void put_key(struct buf *sql, enum record_kind kind)
{
	static const char before[] = "PRIMARY KEY(";
	const char *key = event_table(kind)->key;
	size_t len = strlen(before);
	if (strncmp(key, before, len) == 0)
		buf_add(sql, key + len, strlen(key + len) - 1);
	else
		buf_text(sql, "rowid");
}

/* The oldest ones of before that time: an update may bring a limit that years are over.
 */
static int delete_some(sqlite3 *db, const struct kept *of, int64_t before_us,
		       int64_t now_us, int most)
{
	const char *table = schemas[of->kind].name;
	struct buf sql = { 0 };
	buf_printf(&sql, "DELETE FROM %s WHERE(", table);
	put_key(&sql, of->kind);
	buf_text(&sql, ")IN(SELECT ");
	put_key(&sql, of->kind);
	buf_printf(&sql, " FROM %s WHERE ", table);
	put_condition(&sql, of, before_us, now_us);
	buf_printf(&sql, " ORDER BY %s LIMIT %d)", of->time, most);
	return db_run_buf(db, &sql);
}

static const struct kept *kept_of(enum record_kind kind)
{
	for (size_t i = 0; i < kept_count; i++)
		if (kept[i].kind == kind)
			return &kept[i];
	return NULL;
}

/* However old. */
static const struct kept any_packet = { .kind = RECORD_packet,
					.time = "at",
					.over = "1" };

/* ---- too old ---- */

static int delete_packets_over(sqlite3 *db, uint64_t most_bytes, int64_t now_us,
			       bool *more)
{
	int64_t bytes = db_number(db, "SELECT sum(length(data))FROM packet", 0);
	if (bytes < 0 || (uint64_t)bytes <= most_bytes)
		return SQLITE_OK;
	/* One failure has as many as this at most. */
	int code = delete_some(db, &any_packet, INT64_MAX, now_us, PACKETS_AT_ONCE);
	*more = *more || sqlite3_changes(db) > 0; /* or all of them are held */
	return code;
}

static int prune_kind(sqlite3 *db, const struct kept *of,
		      const struct store_limits *limits, int64_t now_us, bool *more)
{
	int64_t before_us = now_us - kept_seconds(of, limits) * SECOND_US;
	int code = delete_some(db, of, before_us, now_us, MANY_AT_ONCE);
	*more = *more || sqlite3_changes(db) == MANY_AT_ONCE;
	return code;
}

int prune_events(sqlite3 *db, const struct store_limits *limits, int64_t now_us,
		 bool *more)
{
	/* As minutes of ports. */
	int64_t before_us = now_us - limits->ports_1m_s * SECOND_US;
	int code = delete_minutes(db, "socket", before_us, more);
	if (code == SQLITE_OK)
		code = delete_minutes(db, "self", before_us, more);
	for (size_t i = 0; i < kept_count && code == SQLITE_OK; i++)
		code = prune_kind(db, &kept[i], limits, now_us, more);
	return code == SQLITE_OK
		       ? delete_packets_over(db, limits->packets_bytes, now_us, more)
		       : code;
}

/* ---- too much ---- */

/* The last hundred thousand stay: an attack must not wipe out who has logged in. */
static bool delete_oldest_of_many(sqlite3 *db, enum record_kind kind, int64_t now_us,
				  int *code)
{
	const char *table = schemas[kind].name;
	char sql[128];
	/* As many, as they go in about the order they came in; counting would take
	 * long. */
	snprintf(sql, sizeof(sql),
		 "SELECT(SELECT max(rowid) FROM %s)-(SELECT min(rowid) FROM %s)", table,
		 table);
	if (db_number(db, sql, 0) <= MANY_KEPT)
		return false;
	*code = delete_some(db, kept_of(kind), INT64_MAX, now_us, MANY_AT_ONCE);
	return *code != SQLITE_OK || sqlite3_changes(db) > 0;
}

/* Evidence is nice to have: the last few failures are enough. */
static bool delete_oldest_packets(sqlite3 *db, int64_t now_us, int *code)
{
	if (db_number(db, "SELECT count(*)FROM packet", 0) <= PACKETS_KEPT)
		return false;
	*code = delete_some(db, &any_packet, INT64_MAX, now_us, PACKETS_AT_ONCE);
	return *code != SQLITE_OK || sqlite3_changes(db) > 0;
}

bool prune_oldest_events(sqlite3 *db, int64_t now_us, int *code)
{
	return delete_oldest_of_many(db, RECORD_login, now_us, code) ||
	       delete_oldest_of_many(db, RECORD_probe, now_us, code) ||
	       delete_oldest_of_many(db, RECORD_scan, now_us, code) ||
	       delete_oldest_packets(db, now_us, code);
}

bool prune_oldest_sockets(sqlite3 *db, int *code)
{
	int64_t oldest = db_number(db, "SELECT min(minute) FROM socket", INT64_MAX);
	bool more = false;
	if (oldest == INT64_MAX)
		return false;
	*code = delete_minutes(db, "socket", oldest + HOUR_US, &more);
	return true;
}
