/*
 * privacy_find.c: where an address stands in a store; see privacy.h.
 *
 * Every column that is an address or a text is looked at, of every kind of record: what
 * a later version adds is found without being named here.  Where a row has pseudonyms,
 * the address is looked for by the one that the key of that month gives it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/days.h"
#include "store/events.h"
#include "store/evidence.h"
#include "store/evidence_erase.h"
#include "store/levels.h"
#include "store/month_keys.h"
#include "store/month_names.h"
#include "store/pack.h"
#include "store/privacy.h"
#include "store/reading.h"
#include "store/trunk.h"

enum { GOES_ON_STEPS = 100000 };

struct finder {
	struct private_look *look;
	const char *folder;
	struct month_names names;
};

static int goes_on(void *self)
{
	const struct finder *finder = self;
	const struct private_look *look = finder->look;
	return look->goes_on != NULL && !look->goes_on(look->to);
}

static int lend(sqlite3 *db, struct finder *finder)
{
	sqlite3_progress_handler(db, GOES_ON_STEPS, goes_on, finder);
	return month_names_lend(db, &finder->names);
}

/* ---- tables ---- */

static void tell(struct finder *finder, const char *what, sqlite3_stmt *stmt)
{
	struct private_place place = { .what = what,
				       .month = (uint32_t)sqlite3_column_int64(stmt, 0),
				       .rows = (uint64_t)sqlite3_column_int64(stmt, 1),
				       .first_us = sqlite3_column_int64(stmt, 2),
				       .last_us = sqlite3_column_int64(stmt, 3) };
	if (place.rows > 0)
		finder->look->place(finder->look->to, &place);
}

static int count_rows(struct finder *finder, sqlite3 *db, const char *what,
		      struct buf *sql)
{
	sqlite3_stmt *stmt = NULL;
	int code = db_prepare(db, sql, &stmt);
	while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		tell(finder, what, stmt);
		code = SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Where it may stand: addresses, and texts. */
static bool put_columns(struct buf *sql, enum record_kind kind, field_set has,
			const char *pseudonym)
{
	bool any = false;
	for (size_t i = 0; i < schemas[kind].field_count; i++) {
		const struct field *field = &schemas[kind].fields[i];
		bool is_text = field->type == TYPE_addr || field->type == TYPE_text32 ||
			       field->type == TYPE_text64 ||
			       field->type == TYPE_text256;
		bool is_bytes = field->type == TYPE_bytes1536;
		if (!(has >> i & 1) || (!is_text && !is_bytes))
			continue;
		buf_text(sql, any ? " OR " : "(");
		if (is_bytes)
			buf_printf(sql, "carries(\"%s\")", field->name);
		else
			buf_printf(sql, "names(\"%s\",%s)", field->name, pseudonym);
		any = true;
	}
	buf_text(sql, any ? ")" : "0");
	return any;
}

static int look_at(struct finder *finder, sqlite3 *db, enum record_kind kind,
		   const char *time)
{
	const char *table = schemas[kind].name;
	field_set has = reading_fields(db, table, kind);
	bool is_aged = (has & field_named(kind, "pseudonym")) != 0;
	const char *pseudonym = is_aged ? "pseudonym" : "NULL";
	struct buf sql = { 0 };
	buf_printf(
		&sql, "SELECT %s,count(*),min(%s),max(%s)FROM %s WHERE %s>=%lld AND ",
		pseudonym, time, time, table, time, (long long)finder->look->since_us);
	if (has == 0 || !put_columns(&sql, kind, has, pseudonym)) {
		buf_free(&sql);
		return SQLITE_OK;
	}
	buf_text(&sql, " GROUP BY 1 ORDER BY 1");
	return count_rows(finder, db, table, &sql);
}

static int look_at_services(struct finder *finder, sqlite3 *db)
{
	struct buf sql = { 0 };
	buf_printf(&sql,
		   "SELECT NULL,count(*),min(seen),max(seen)FROM service WHERE "
		   "seen>=%lld AND names(server_ip,NULL)",
		   (long long)finder->look->since_us);
	return count_rows(finder, db, "service", &sql);
}

static int look_at_trunk(struct finder *finder, sqlite3 *db)
{
	int code = look_at_services(finder, db);
	for (enum record_kind kind = 0; kind < RECORD_KINDS && code == SQLITE_OK;
	     kind++) {
		const struct event_table *table = event_table(kind);
		if (table != NULL)
			code = look_at(finder, db, kind, table->time);
	}
	return code;
}

/* ---- files of days ---- */

struct counting {
	const struct addr *addr;
	struct private_place place;
};

static bool count_evidence(void *to, enum record_kind kind, const void *record)
{
	struct counting *counting = to;
	struct private_place *place = &counting->place;
	int64_t at_us = evidence_time(kind, record);
	if (!record_has_addr(kind, record, counting->addr))
		return true;
	if (place->rows++ == 0 || at_us < place->first_us)
		place->first_us = at_us;
	if (place->rows == 1 || at_us > place->last_us)
		place->last_us = at_us;
	return true;
}

static int look_at_evidence(struct finder *finder, sqlite3 *db)
{
	struct counting counting = { .addr = &finder->look->addr,
				     .place = { .what = "evidence" } };
	sqlite3_stmt *stmt = NULL;
	struct buf sql = { 0 };
	buf_printf(&sql, "SELECT data FROM evidence WHERE \"last\">=%lld ORDER BY id",
		   (long long)finder->look->since_us);
	int code = db_prepare(db, &sql, &stmt);
	while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		const struct bytes block = {
			.at = sqlite3_column_blob(stmt, 0),
			.len = (size_t)sqlite3_column_bytes(stmt, 0),
		};
		pack_read(block, count_evidence, &counting);
		code = SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	if (counting.place.rows > 0)
		finder->look->place(finder->look->to, &counting.place);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int look_at_flows(struct finder *finder, sqlite3 *db)
{
	return look_at(finder, db, RECORD_flow, "\"end\"");
}

static int failed(sqlite3 *db, int code, const char *path, char *error)
{
	if (code == SQLITE_OK)
		return 0;
	snprintf(error, STORE_ERROR_MAX, "%.300s: %s", path,
		 db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(code));
	return code == SQLITE_INTERRUPT ? -ECANCELED : -EIO;
}

/* One file, if it is there. */
static int look_into(struct finder *finder, const char *path,
		     int (*look)(struct finder *finder, sqlite3 *db), char *error)
{
	int code;
	sqlite3 *db = reading_open(path, &code, error);
	if (db == NULL)
		return code == SQLITE_CANTOPEN ? 0 : -EIO;
	code = lend(db, finder);
	if (code == SQLITE_OK)
		code = look(finder, db);
	int result = failed(db, code, path, error);
	sqlite3_close(db);
	return result;
}

static int look_into_days(struct finder *finder, enum day_series series,
			  int (*look)(struct finder *finder, sqlite3 *db), char *error)
{
	char path[PATH_MAX];
	int64_t *days = NULL;
	long count = days_list(finder->folder, series, &days);
	int result = 0;
	for (long i = 0; i < count && result == 0; i++) {
		if ((days[i] + 1) * DAY_US <= finder->look->since_us)
			continue;
		day_path(finder->folder, series, days[i], path, sizeof(path));
		result = look_into(finder, path, look, error);
	}
	free(days);
	return result;
}

int store_find_private(const char *folder, struct private_look *look,
		       char error[static STORE_ERROR_MAX])
{
	char path[PATH_MAX];
	struct finder *finder = calloc(1, sizeof(*finder));
	snprintf(error, STORE_ERROR_MAX, "out of memory");
	if (finder == NULL)
		return -EIO;
	finder->look = look;
	finder->folder = folder;
	month_names_init(&finder->names, folder, &look->addr);
	trunk_path(folder, path, sizeof(path));
	int result = look_into(finder, path, look_at_trunk, error);
	if (result == 0)
		result = look_into_days(finder, DAYS_FLOWS, look_at_flows, error);
	if (result == 0)
		result = look_into_days(finder, DAYS_EVIDENCE, look_at_evidence, error);
	look->unread = finder->names.unread;
	free(finder);
	return result;
}

long store_private_keys(const char *folder, uint32_t **months)
{
	return month_keys_list(folder, months);
}
