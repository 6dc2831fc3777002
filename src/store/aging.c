/*
 * aging.c: see aging.h.
 */
#include "store/aging.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/holds.h"
#include "store/meta.h"
#include "store/month_keys.h"
#include "store/privacy_audit.h"
#include "store/veil.h"
#include "store/writer.h"

#define SECOND_US 1000000LL
#define HOUR_US   (3600 * SECOND_US)
#define DONE      "pseudonymised" /* in meta of a day's file: the last row */

enum { ROWS_AT_ONCE = 1000, FLOWS_AT_ONCE = 4000 };

const struct private_kind private_kinds[] = {
	{ RECORD_finding,
	  "id",
	  "\"last\"",
	  "ifnull(state,'')<>'open'",
	  { "client_ip", "server_ip", "summary", "evidence" } },
	{ RECORD_login, "rowid", "at", "1", { "client_ip", "server_ip" } },
	{ RECORD_alert, "id", "at", "state='resolved'", { "summary" } },
	{ RECORD_incident,
	  "id",
	  "at",
	  "state='resolved'",
	  { "client_ip", "server_ip", "target", "first_ip", "first_target", "summary",
	    "cause", "close_reason" } },
	{ RECORD_timeline, "rowid", "at", "1", { "summary" } },
};
const size_t private_kind_count = sizeof(private_kinds) / sizeof(private_kinds[0]);

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void aging_limit(struct store_limits *limits, const struct store_privacy *privacy)
{
	if (privacy->pseudonyms_after_s == 0)
		return;
	limits->evidence_s = smaller(limits->evidence_s, privacy->pseudonyms_after_s);
	limits->packets_s = smaller(limits->packets_s, privacy->pseudonyms_after_s);
}

/* ---- rows of breakwater.db ---- */

struct rows {
	sqlite3 *db;
	int64_t before_us, now_us;
	bool more;
};

void private_assignments(struct buf *sql, const struct private_kind *of)
{
	for (size_t i = 0; i < PRIVATE_COLUMNS && of->columns[i] != NULL; i++)
		buf_printf(sql, "%s=veiled(%s,pseudonym,%s),", of->columns[i],
			   of->columns[i], of->time);
	buf_printf(sql, "pseudonym=ifnull(pseudonym,pseudonym_month(%s))", of->time);
}

/* By an index over what is clear alone: what is done costs nothing. */
static int define_index(sqlite3 *db, const struct private_kind *of)
{
	const char *table = schemas[of->kind].name;
	struct buf sql = { 0 };
	buf_printf(&sql,
		   "CREATE INDEX IF NOT EXISTS %s_clear ON %s(%s)WHERE pseudonym IS "
		   "NULL",
		   table, table, of->time);
	return db_run_buf(db, &sql);
}

static int change_kind(struct rows *rows, const struct private_kind *of)
{
	const char *table = schemas[of->kind].name;
	struct buf sql = { 0 };
	buf_printf(&sql, "UPDATE %s SET ", table);
	private_assignments(&sql, of);
	buf_printf(&sql,
		   " WHERE %s IN(SELECT %s FROM %s WHERE pseudonym IS NULL AND %s<%lld "
		   "AND %s",
		   of->key, of->key, table, of->time, (long long)rows->before_us,
		   of->over);
	holds_spare(&sql, of->kind, rows->now_us);
	buf_printf(&sql, " ORDER BY %s LIMIT %d)", of->time, ROWS_AT_ONCE);
	int code = db_run_buf(rows->db, &sql);
	rows->more = rows->more || sqlite3_changes(rows->db) == ROWS_AT_ONCE;
	return code;
}

static int change_rows(void *self)
{
	struct rows *rows = self;
	int code = SQLITE_OK;
	for (size_t i = 0; i < private_kind_count && code == SQLITE_OK; i++) {
		code = define_index(rows->db, &private_kinds[i]);
		if (code == SQLITE_OK)
			code = change_kind(rows, &private_kinds[i]);
	}
	return code;
}

/* ---- files of connections ---- */

struct flows {
	sqlite3 *db;
	int64_t day, done, last; /* rows */
};

void private_flow_assignments(struct buf *sql, int64_t day)
{
	long long at_us = day * DAY_US;
	/* A Community ID is a hash that can be tried; a name of DNS, an address. */
	buf_printf(sql,
		   "UPDATE flow SET client_ip=veiled(client_ip,pseudonym,%lld),"
		   "server_ip=veiled(server_ip,pseudonym,%lld),"
		   "name=CASE WHEN name LIKE '%%.arpa' THEN NULL "
		   "ELSE veiled(name,pseudonym,%lld) END,community_id=NULL,"
		   "pseudonym=ifnull(pseudonym,pseudonym_month(%lld))",
		   at_us, at_us, at_us, at_us);
}

static int change_flows(void *self)
{
	struct flows *flows = self;
	int64_t until = flows->done + FLOWS_AT_ONCE;
	struct buf sql = { 0 };
	private_flow_assignments(&sql, flows->day);
	buf_printf(&sql,
		   " WHERE rowid>%lld AND rowid<=%lld AND pseudonym IS "
		   "NULL;" PRIVATE_FILE_CHANGED,
		   (long long)flows->done, (long long)until);
	int code = db_run_buf(flows->db, &sql);
	flows->done = until < flows->last ? until : flows->last;
	return code == SQLITE_OK ? meta_put(flows->db, DONE, flows->done) : code;
}

static int change_file(struct veil *veil, struct day_file *file, bool *more)
{
	struct flows flows = { .db = file->db,
			       .day = file->day,
			       .done = meta_get(file->db, DONE, 0),
			       .last = db_number(file->db, "SELECT max(rowid)FROM flow",
						 0) };
	if (flows.done >= flows.last)
		return SQLITE_OK;
	int code = veil_lend(file->db, veil);
	if (code == SQLITE_OK)
		code = db_transact(file->db, change_flows, &flows);
	veil_end(file->db, veil);
	*more = flows.done < flows.last;
	return code;
}

/* A file that is damaged is said, and goes when its time has come. */
static int change_day(struct store *store, struct veil *veil, int64_t day, bool *more)
{
	struct day_file file;
	batch_close_day(store, DAYS_FLOWS, day);
	if (!day_open(&file, store->folder, day, &store->notice))
		return SQLITE_OK;
	int code = change_file(veil, &file, more);
	day_close(&file);
	return code;
}

/* One part of one file.  *more: there is more, of this one or another. */
static int change_days(struct aging *aging, struct store *store, struct veil *veil,
		       const struct rows *rows, bool *more)
{
	int64_t *days = NULL;
	long count = days_list(store->folder, DAYS_FLOWS, &days);
	int code = SQLITE_OK;
	bool is_left = false;
	for (long i = 0; i < count && !is_left && code == SQLITE_OK; i++) {
		if ((days[i] + 1) * DAY_US > rows->before_us)
			break;
		if (days[i] < aging->day ||
		    holds_day(store->trunk.db, days[i], rows->now_us))
			continue;
		code = change_day(store, veil, days[i], &is_left);
		aging->day = days[i] + !is_left;
	}
	free(days);
	*more = *more || is_left;
	return code;
}

/* ---- keys ---- */

/* False: it could not be said, and the file is closed. */
static bool destroy_key(struct store *store, uint32_t month)
{
	char subject[16];
	snprintf(subject, sizeof(subject), "%04u-%02u", month / 100, month % 100);
	/* Said before: afterwards nobody could say it. */
	if (!privacy_audit(store, "privacy_key_destroyed", "breakwater", subject, ""))
		return false;
	int error = month_key_destroy(store->folder, month);
	if (error != 0)
		trouble_say(&store->notice, STORE_FAILED,
			    "%.300s/privacy: the key of %s could not be removed: %s",
			    store->folder, subject, strerror(-error));
	return true;
}

static void destroy_keys(struct store *store, const struct store_privacy *privacy,
			 int64_t now_us)
{
	uint32_t *months = NULL;
	long count = month_keys_list(store->folder, &months);
	int64_t kept_us = (int64_t)privacy->pseudonyms_after_s * SECOND_US +
			  (int64_t)privacy->keys_kept_s * SECOND_US;
	for (long i = 0; i < count; i++)
		if (now_us >= month_end_us(months[i]) + kept_us &&
		    !destroy_key(store, months[i]))
			break;
	free(months);
}

/* ---- together ---- */

static bool run_pass(struct aging *aging, struct store *store,
		     const struct store_privacy *privacy, int64_t now_us, int *error)
{
	struct veil veil = { .folder = store->folder, .ours = &privacy->ours };
	struct rows rows = {
		.db = store->trunk.db,
		.now_us = now_us,
		.before_us = now_us - (int64_t)privacy->pseudonyms_after_s * SECOND_US
	};
	int code = veil_lend(rows.db, &veil);
	if (code == SQLITE_OK)
		code = db_transact(rows.db, change_rows, &rows);
	veil_end(rows.db, &veil);
	if (code == SQLITE_OK)
		code = change_days(aging, store, &veil, &rows, &rows.more);
	if (code != SQLITE_OK)
		trouble_say(&store->notice, STORE_FAILED,
			    "addresses could not be made pseudonyms: %s",
			    veil.error != 0 ? strerror(-veil.error)
					    : sqlite3_errstr(code));
	*error = code;
	return rows.more;
}

bool aging_work(struct aging *aging, struct store *store, int64_t now_us)
{
	pthread_mutex_lock(&store->lock);
	struct store_privacy privacy = store->privacy;
	pthread_mutex_unlock(&store->lock);
	int64_t pause_us = (int64_t)privacy.pseudonyms_after_s * SECOND_US / 4;
	int error = 0;
	if (pause_us > HOUR_US)
		pause_us = HOUR_US;
	bool is_due = aging->passed_us == 0 || now_us < aging->passed_us ||
		      now_us >= aging->passed_us + pause_us;
	if (privacy.pseudonyms_after_s == 0 || !is_due)
		return false;
	if (run_pass(aging, store, &privacy, now_us, &error) && error == 0)
		return true;
	if (error == 0)
		destroy_keys(store, &privacy, now_us);
	aging->passed_us = now_us;
	aging->day = INT64_MIN;
	return false;
}
