/*
 * uptime.c: see uptime.h.
 */
#include "store/uptime.h"

#include <stdio.h>
#include <string.h>

#include "store/file.h"
#include "store/meta.h"

#define SECOND_US 1000000LL

enum { HOUR_S = 3600, DAY_S = 86400 };

/* ---- the probes of a store of before ---- */

/*
 * Hour by hour, the newest first, and each with the mark of how far that came: probes
 * of before the mark are left to that, those of later ones are counted as they come.
 * So an hour or a day either has no row, or has all of it.
 */
#define MARK "uptime_from" /* in meta */

static int count_hour(sqlite3 *db, int64_t hour_us)
{
	static const char *const states[] = { "up", "degraded", "down" };
	struct buf sql = { 0 };
	buf_printf(&sql,
		   "INSERT INTO uptime(\"start\",interval_s,target,up,degraded,down,"
		   "unknown,maintenance)SELECT %lld,%d,target",
		   (long long)hour_us, HOUR_S);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		buf_printf(&sql, ",sum(maintenance IS NOT 1 AND hard_state IS '%s')",
			   states[i]);
	buf_printf(&sql,
		   ",sum(maintenance IS NOT 1 AND ifnull(hard_state,'')NOT IN"
		   "('up','degraded','down')),sum(maintenance IS 1)FROM probe "
		   "WHERE at>=%lld AND at<%lld AND target IS NOT NULL GROUP BY target",
		   (long long)hour_us, (long long)hour_us + HOUR_S * SECOND_US);
	return db_run_buf(db, &sql);
}

static int sum_day(sqlite3 *db, int64_t day_us)
{
	struct buf sql = { 0 };
	buf_printf(&sql,
		   "INSERT OR REPLACE INTO uptime(\"start\",interval_s,target,up,"
		   "degraded,down,unknown,maintenance)SELECT %lld,%d,target,sum(up),"
		   "sum(degraded),sum(down),sum(unknown),sum(maintenance)"
		   "FROM uptime WHERE interval_s=%d AND \"start\">=%lld AND "
		   "\"start\"<%lld GROUP BY target",
		   (long long)day_us, DAY_S, HOUR_S, (long long)day_us,
		   (long long)day_us + DAY_S * SECOND_US);
	return db_run_buf(db, &sql);
}

/* When the last probe of before the mark was; -1: there is none. */
static int64_t last_probe(sqlite3 *db, int64_t mark_us)
{
	char sql[80];
	snprintf(sql, sizeof(sql), "SELECT max(at)FROM probe WHERE at>=0 AND at<%lld",
		 (long long)mark_us);
	return db_number(db, sql, -1);
}

static int64_t floor_to(int64_t at_us, int length_s)
{
	return at_us - at_us % (length_s * SECOND_US);
}

bool uptime_is_new(sqlite3 *db)
{
	return db_number(db, "SELECT count(*) FROM sqlite_master WHERE name='uptime'",
			 0) == 0;
}

int uptime_define(sqlite3 *db, bool is_new)
{
	int64_t last_us = is_new ? last_probe(db, INT64_MAX) : -1;
	if (last_us < 0)
		return SQLITE_OK;
	return meta_put(db, MARK, floor_to(last_us, HOUR_S) + HOUR_S * SECOND_US);
}

/* One hour, and the days that it ends. */
struct step {
	sqlite3 *db;
	int64_t mark_us; /* told: where it is then; 0: all are counted */
};

static int take_step(void *self)
{
	struct step *step = self;
	int64_t before_us = step->mark_us, last_us = last_probe(step->db, before_us);
	int64_t day_us = floor_to(before_us, DAY_S);
	int code = SQLITE_OK;
	step->mark_us = last_us < 0 ? 0 : floor_to(last_us, HOUR_S);
	if (day_us < before_us && step->mark_us < day_us)
		code = sum_day(step->db, day_us);
	if (code == SQLITE_OK && last_us >= 0)
		code = count_hour(step->db, step->mark_us);
	if (code == SQLITE_OK && last_us >= 0 &&
	    step->mark_us % (DAY_S * SECOND_US) == 0)
		code = sum_day(step->db, step->mark_us);
	return code == SQLITE_OK ? meta_put(step->db, MARK, step->mark_us) : code;
}

int uptime_catch_up(struct uptime *uptime, sqlite3 *db)
{
	struct step step = { .db = db, .mark_us = uptime->mark_us };
	if (uptime->mark_us == 0)
		return SQLITE_OK;
	int code = db_transact(db, take_step, &step);
	if (code == SQLITE_OK)
		uptime->mark_us = step.mark_us;
	return code;
}

/* ---- counting ---- */

int uptime_open(struct uptime *uptime, sqlite3 *db)
{
	struct buf sql = { 0 };
	uptime->mark_us = meta_get(db, MARK, 0);
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

static int count_in(const struct uptime *uptime, const struct probe_record *probe,
		    int length_s)
{
	sqlite3_stmt *stmt = uptime->count;
	int64_t start_us = floor_to(probe->at, length_s);
	if (start_us < uptime->mark_us)
		return SQLITE_OK;
	sqlite3_bind_int64(stmt, 1, start_us);
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
	int code = count_in(uptime, probe, HOUR_S);
	return code == SQLITE_OK ? count_in(uptime, probe, DAY_S) : code;
}

/* ---- reading ---- */
