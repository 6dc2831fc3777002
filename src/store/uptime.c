/*
 * uptime.c: see uptime.h.
 */
#include "store/uptime.h"

#include <stdio.h>
#include <string.h>

#include "store/file.h"

#define SECOND_US 1000000LL

enum { HOUR_S = 3600, DAY_S = 86400 };

/* ---- the probes of a store of before ---- */

bool uptime_is_new(sqlite3 *db)
{
	return db_number(db, "SELECT count(*) FROM sqlite_master WHERE name='uptime'",
			 0) == 0;
}

static void sum_state(struct buf *sql, const char *state)
{
	buf_printf(sql, ",sum(maintenance IS NOT 1 AND hard_state IS '%s')", state);
}

static int count_hour(sqlite3 *db, int64_t hour_us)
{
	struct buf sql = { 0 };
	buf_printf(&sql,
		   "INSERT INTO uptime(\"start\",interval_s,target,up,degraded,down,"
		   "unknown,maintenance)SELECT %lld,%d,target",
		   (long long)hour_us, HOUR_S);
	sum_state(&sql, "up");
	sum_state(&sql, "degraded");
	sum_state(&sql, "down");
	buf_printf(&sql,
		   ",sum(maintenance IS NOT 1 AND ifnull(hard_state,'')NOT IN"
		   "('up','degraded','down')),sum(maintenance IS 1)FROM probe "
		   "WHERE at>=%lld AND at<%lld AND target IS NOT NULL GROUP BY target",
		   (long long)hour_us, (long long)hour_us + HOUR_S * SECOND_US);
	return db_run_buf(db, &sql);
}

static int sum_days(sqlite3 *db)
{
	struct buf sql = { 0 };
	buf_printf(&sql,
		   "INSERT INTO uptime(\"start\",interval_s,target,up,degraded,down,"
		   "unknown,maintenance)SELECT \"start\"-\"start\"%%%lld,%d,target,"
		   "sum(up),sum(degraded),sum(down),sum(unknown),sum(maintenance)"
		   "FROM uptime WHERE interval_s=%d GROUP BY 1,3",
		   DAY_S * SECOND_US, DAY_S, HOUR_S);
	return db_run_buf(db, &sql);
}

/* When the first probe was, from then on; -1: there is none. */
static int64_t next_probe(sqlite3 *db, int64_t from_us)
{
	char sql[64];
	snprintf(sql, sizeof(sql), "SELECT min(at) FROM probe WHERE at>=%lld",
		 (long long)from_us);
	return db_number(db, sql, -1);
}

/* Hour by hour: to sort a month of a large site at once takes a gigabyte. */
int uptime_define(sqlite3 *db, bool is_new)
{
	int code = SQLITE_OK;
	if (!is_new)
		return SQLITE_OK;
	for (int64_t at = next_probe(db, 0); at >= 0 && code == SQLITE_OK;) {
		int64_t hour_us = at - at % (HOUR_S * SECOND_US);
		code = count_hour(db, hour_us);
		at = next_probe(db, hour_us + HOUR_S * SECOND_US);
	}
	return code == SQLITE_OK ? sum_days(db) : code;
}

/* ---- counting ---- */

int uptime_open(struct uptime *uptime, sqlite3 *db)
{
	struct buf sql = { 0 };
	buf_text(&sql,
		 "INSERT INTO uptime(\"start\",interval_s,target,up,degraded,down,"
		 "unknown,maintenance)VALUES(?,?,?,?,?,?,?,?)"
		 "ON CONFLICT(interval_s,\"start\",target)DO UPDATE SET "
		 "up=up+excluded.up,"
		 "degraded=degraded+excluded.degraded,down=down+excluded.down,"
		 "unknown=unknown+excluded.unknown,"
		 "maintenance=maintenance+excluded.maintenance");
	return db_prepare(db, &sql, &uptime->count);
}

void uptime_close(struct uptime *uptime)
{
	sqlite3_finalize(uptime->count);
}

/* The parameters behind the key: up, degraded, down, unknown, maintenance. */
static int place_of(const struct probe_record *probe)
{
	static const char *const states[] = { "up", "degraded", "down" };
	enum { UP = 4, UNKNOWN = 7, MAINTENANCE = 8 };
	if (probe->maintenance == 1)
		return MAINTENANCE;
	for (int i = 0; i < UNKNOWN - UP && probe->hard_state != NULL; i++)
		if (strcmp(probe->hard_state, states[i]) == 0)
			return UP + i;
	return UNKNOWN;
}

static int count_in(sqlite3_stmt *stmt, const struct probe_record *probe, int length_s)
{
	sqlite3_bind_int64(stmt, 1, probe->at - probe->at % (length_s * SECOND_US));
	sqlite3_bind_int(stmt, 2, length_s);
	sqlite3_bind_text(stmt, 3, probe->target, -1, SQLITE_STATIC);
	for (int at = 4; at <= 8; at++)
		sqlite3_bind_int(stmt, at, at == place_of(probe));
	return db_finish(stmt);
}

int uptime_count(struct uptime *uptime, const struct probe_record *probe)
{
	if (probe->at < 0 || probe->at == UNKNOWN_TIME || probe->target[0] == '\0')
		return SQLITE_OK;
	int code = count_in(uptime->count, probe, HOUR_S);
	return code == SQLITE_OK ? count_in(uptime->count, probe, DAY_S) : code;
}

/* ---- reading ---- */

void uptime_condition(struct buf *sql, const struct store_filter *filter)
{
	int length_s = filter->step_s >= DAY_S ? DAY_S : HOUR_S;
	buf_printf(sql, "interval_s=%d AND \"start\">?1-%lld AND \"start\"<=?2",
		   length_s, length_s * SECOND_US);
}
