/*
 * days.c: files of days, and those of flows; see days.h.
 */
#include "store/days.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "store/table.h"

enum { DAYS_VERSION = 1 };

#define SUFFIX ".db"

static const char *const prefixes[DAY_SERIES] = {
	[DAYS_FLOWS] = "flows-", [DAYS_EVIDENCE] = "evidence-"
};

void day_path(const char *folder, enum day_series series, int64_t day, char *out,
	      size_t size)
{
	char text[TIME_TEXT_MAX]; /* "2026-01-31T..." */
	record_time_text(day * DAY_US, text);
	snprintf(out, size, "%s/%s%.10s" SUFFIX, folder, prefixes[series], text);
}

/* True for exactly "flows-YYYY-MM-DD.db" of a day that exists. */
static bool parse_name(const char *name, enum day_series series, int64_t *day)
{
	char date[11];
	int64_t at_us;
	size_t prefix = strlen(prefixes[series]);
	if (strlen(name) != prefix + 10 + strlen(SUFFIX) ||
	    strncmp(name, prefixes[series], prefix) != 0 ||
	    strcmp(name + prefix + 10, SUFFIX) != 0)
		return false;
	memcpy(date, name + prefix, 10);
	date[10] = '\0';
	if (!when_parse(date, 0, &at_us))
		return false;
	*day = day_of(at_us);
	return true;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

long days_list(const char *folder, enum day_series series, int64_t **days)
{
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return -errno;
	long count = 0, size = 0;
	*days = NULL;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		int64_t day;
		if (!parse_name(entry->d_name, series, &day))
			continue;
		if (count == size) {
			size = size == 0 ? 16 : size * 2;
			int64_t *grown = realloc(*days, (size_t)size * sizeof(*grown));
			if (grown == NULL)
				break;
			*days = grown;
		}
		(*days)[count++] = day;
	}
	closedir(dir);
	if (count > 0)
		qsort(*days, (size_t)count, sizeof(**days), by_number);
	return count;
}

int day_remove(const char *folder, enum day_series series, int64_t day)
{
	static const char *const parts[] = { "-wal", "-shm", "" };
	char path[PATH_MAX], name[PATH_MAX + 8];
	int result = 0;
	day_path(folder, series, day, path, sizeof(path));
	/* The database last: without it the others would be taken for a new one's. */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, parts[i]);
		if (unlink(name) != 0 && errno != ENOENT)
			result = -errno;
	}
	return result;
}

int64_t day_of_flow(const struct flow_record *flow)
{
	if (flow->end != UNKNOWN_TIME)
		return day_of(flow->end);
	return flow->start != UNKNOWN_TIME ? day_of(flow->start) : 0;
}

/* ---- writing ---- */

static int define_day(sqlite3 *db)
{
	struct buf sql = { 0 };
	buf_text(&sql, "CREATE TABLE IF NOT EXISTS flow(");
	columns_define(&sql, RECORD_flow, ALL_FIELDS);
	columns_end(&sql, ");"
			  "CREATE TABLE IF NOT EXISTS span(id INTEGER PRIMARY KEY,"
			  "\"start\" INTEGER,\"end\" INTEGER);");
	int code = db_run_buf(db, &sql);
	if (code == SQLITE_OK)
		code = db_add_columns(db, "flow", RECORD_flow, ALL_FIELDS);
	return code == SQLITE_OK ? ranges_define(db) : code;
}

static const struct file_kind day_kind = { .version = DAYS_VERSION,
					   .define = define_day };

static int prepare_writing(struct day_file *file)
{
	struct buf sql = { 0 };
	buf_text(&sql, "INSERT INTO flow(");
	columns_list(&sql, RECORD_flow, ALL_FIELDS, "");
	columns_end(&sql, ")VALUES(");
	columns_places(&sql, columns_count(RECORD_flow, ALL_FIELDS));
	columns_end(&sql, ")");
	int code = db_prepare(file->db, &sql, &file->insert);
	if (code != SQLITE_OK)
		return code;
	buf_text(&sql, "INSERT OR REPLACE INTO span VALUES(1,?,?)");
	code = db_prepare(file->db, &sql, &file->put_span);
	return code == SQLITE_OK ? ranges_open(&file->ranges, file->db) : code;
}

bool day_open(struct day_file *file, const char *folder, int64_t day,
	      struct trouble *trouble)
{
	char path[PATH_MAX];
	day_path(folder, DAYS_FLOWS, day, path, sizeof(path));
	*file = (struct day_file){ .day = day };
	file->db = file_open(path, &day_kind, trouble);
	if (file->db == NULL)
		return false;
	int code = prepare_writing(file);
	if (code != SQLITE_OK) {
		trouble_of(trouble, file->db, code, path);
		day_close(file);
		return false;
	}
	file->least_start =
		db_number(file->db, "SELECT \"start\" FROM span", INT64_MAX);
	file->greatest_end = db_number(file->db, "SELECT \"end\" FROM span", INT64_MIN);
	return true;
}

void day_close(struct day_file *file)
{
	sqlite3_finalize(file->insert);
	sqlite3_finalize(file->put_span);
	ranges_close(&file->ranges);
	wal_leave(&file->wal);
	sqlite3_close(file->db);
	*file = (struct day_file){ 0 };
}

static void widen(struct day_file *file, int64_t at_us)
{
	if (at_us == UNKNOWN_TIME)
		return;
	if (at_us < file->least_start) {
		file->least_start = at_us;
		file->span_changed = true;
	}
	if (at_us > file->greatest_end) {
		file->greatest_end = at_us;
		file->span_changed = true;
	}
}

int day_insert(struct day_file *file, const struct flow_record *flow)
{
	struct bind_scratch scratch;
	columns_bind(file->insert, 1, RECORD_flow, ALL_FIELDS, flow, &scratch);
	widen(file, flow->start);
	widen(file, flow->end);
	int code = db_finish(file->insert);
	return code == SQLITE_OK ? ranges_add(&file->ranges, file->db, flow) : code;
}

int day_end(struct day_file *file)
{
	int code = ranges_end(&file->ranges);
	if (code != SQLITE_OK || !file->span_changed)
		return code;
	file->span_changed = false;
	sqlite3_bind_int64(file->put_span, 1, file->least_start);
	sqlite3_bind_int64(file->put_span, 2, file->greatest_end);
	return db_finish(file->put_span);
}
