/*
 * read_flows.c: flows out of the files of days, the newest first, one open at a time.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "store/days.h"
#include "store/ranges.h"
#include "store/reading.h"
#include "store/settled.h"

enum { TRANSPORT = 1, FIRST_ROW, LAST_ROW }; /* parameters of the statement */

static void add_conditions(struct buf *sql, const struct store_filter *filter,
			   field_set all)
{
	buf_printf(sql,
		   " WHERE rowid BETWEEN ?%d AND ?%d AND \"end\">=%lld AND "
		   "\"start\"<=%lld",
		   FIRST_ROW, LAST_ROW, (long long)filter->since_us,
		   (long long)filter->until_us);
	if (filter->has_port)
		buf_printf(sql, " AND server_port=%u", filter->port);
	if (filter->transport != NULL)
		buf_printf(sql, " AND transport=?%d", TRANSPORT);
	reading_sensors(sql, filter, RECORD_flow, all);
	buf_text(sql, " ORDER BY rowid DESC");
}

static bool is_of_host(const struct flow_record *flow,
		       const struct store_filter *filter)
{
	return !filter->has_host || prefix_holds(&filter->host, &flow->client_ip) ||
	       prefix_holds(&filter->host, &flow->server_ip);
}

/* What this file asks of a flow. */
static field_set needed_by(const struct store_filter *filter)
{
	/* Of no column there would be no statement. */
	field_set fields = field_named(RECORD_flow, "end");
	if (filter->has_host)
		fields |= field_named(RECORD_flow, "client_ip") |
			  field_named(RECORD_flow, "server_ip");
	return fields;
}

/* One statement for all runs of rows. */
struct day_reading {
	struct store_reader *reader;
	const struct store_filter *filter;
	store_emit emit;
	void *to;
	sqlite3_stmt *stmt;
	field_set fields;
	bool more; /* false: enough */
};

static int prepare_day(struct day_reading *day, sqlite3 *db)
{
	const struct store_filter *filter = day->filter;
	struct buf sql = { 0 };
	field_set all = reading_fields(db, "flow", RECORD_flow);
	day->fields = all;
	if (filter->fields != 0)
		day->fields &= filter->fields | needed_by(filter);
	buf_text(&sql, "SELECT ");
	columns_list(&sql, RECORD_flow, day->fields, "");
	columns_end(&sql, " FROM flow");
	add_conditions(&sql, filter, all);
	int code = db_prepare(db, &sql, &day->stmt);
	if (code == SQLITE_OK && filter->transport != NULL)
		sqlite3_bind_text(day->stmt, TRANSPORT, filter->transport, -1,
				  SQLITE_STATIC);
	return code;
}

static int read_run(struct day_reading *day, const struct row_run *run)
{
	int code = SQLITE_OK;
	sqlite3_bind_int64(day->stmt, FIRST_ROW, run->first);
	sqlite3_bind_int64(day->stmt, LAST_ROW, run->last);
	while (code == SQLITE_OK && day->more &&
	       (code = sqlite3_step(day->stmt)) == SQLITE_ROW) {
		struct flow_record flow;
		record_init(RECORD_flow, &flow);
		columns_read(day->stmt, 0, RECORD_flow, day->fields, &flow);
		if (is_of_host(&flow, day->filter))
			day->more = day->emit(day->to, &flow);
		day->reader->watch.rows++;
		code = SQLITE_OK;
	}
	sqlite3_reset(day->stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* SQLite's code. */
static int read_day(struct day_reading *day, sqlite3 *db, int64_t number)
{
	struct row_runs runs;
	int code = runs_choose(db, number, day->filter, &runs);
	if (code == SQLITE_OK)
		code = prepare_day(day, db);
	for (size_t i = 0; i < runs.count && code == SQLITE_OK && day->more; i++) {
		code = read_run(day, &runs.at[i]);
		if (code == SQLITE_OK && !watch_goes_on(&day->reader->watch))
			code = SQLITE_INTERRUPT;
	}
	sqlite3_finalize(day->stmt);
	day->stmt = NULL;
	runs_free(&runs);
	return code;
}

int read_flows(struct store_reader *reader, const struct store_filter *filter,
	       store_emit emit, void *to, char error[static STORE_ERROR_MAX])
{
	int64_t *days = NULL;
	long count = days_list(reader->folder, DAYS_FLOWS, &days);
	struct day_reading day = {
		.reader = reader, .filter = filter, .emit = emit, .to = to, .more = true
	};
	int result = 0;
	for (long i = count - 1; i >= 0 && day.more && result == 0; i--) {
		char path[PATH_MAX];
		int code;
		/* Flows of a day end on it. */
		if ((days[i] + 1) * DAY_US <= filter->since_us)
			break;
		day_path(reader->folder, DAYS_FLOWS, days[i], path, sizeof(path));
		if (access(path, F_OK) != 0)
			continue; /* removed since */
		sqlite3 *db = reading_open(path, &code, error);
		if (db != NULL) {
			watch_over(&reader->watch, db);
			if (reading_day_overlaps(db, filter->since_us,
						 filter->until_us))
				code = read_day(&day, db, days[i]);
		}
		if (code != SQLITE_OK && reader->watch.why != 0)
			result = reading_failed(reader, db, code, path, error);
		else if (code != SQLITE_OK)
			reading_left_out(reader, path, sqlite3_errstr(code));
		sqlite3_close(db);
		if (result == 0 && !watch_goes_on(&reader->watch))
			result = reading_failed(reader, NULL, 0, path, error);
	}
	free(days);
	return result;
}

/* ---- what is settled ---- */

/* A flow is written when it is given up, five minutes after its last packet or less. */
#define LAG_US INT64_C(600000000)

struct settling {
	const struct store_filter *filter;
	int64_t before_us;
	int64_t written_us; /* the last end in files of later days */
	struct store_settled *out;
	size_t room;
};

/* A range that grows would be another each second. */
static bool is_whole(const struct settling *s, const struct range_list *list, size_t i,
		     int64_t day)
{
	const struct flow_range *range = &list->at[i];
	return i > 0 || range->last - range->first + 1 >= RANGE_ROWS ||
	       s->written_us >= (day + 1) * DAY_US + LAG_US;
}

static bool add_rows(struct settling *s, const struct store_rows *rows)
{
	struct store_settled *out = s->out;
	struct store_rows *newer =
		out->row_count > 0 ? &out->rows[out->row_count - 1] : NULL;
	if (newer != NULL && newer->day == rows->day &&
	    newer->first - 1 == rows->last) {
		newer->first = rows->first;
		return true;
	}
	if (out->rows == NULL || out->row_count == s->room) {
		s->room = s->room == 0 ? 16 : 2 * s->room;
		void *grown = reallocarray(out->rows, s->room, sizeof(out->rows[0]));
		if (grown == NULL)
			return false;
		out->rows = grown;
	}
	out->rows[out->row_count++] = *rows;
	return true;
}

static bool settle_ranges(struct settling *s, const struct range_list *list,
			  int64_t day)
{
	static const struct hash_key any = { 0 };
	const struct store_filter *filter = s->filter;
	for (size_t i = 0; i < list->count; i++) {
		const struct flow_range *range = &list->at[i];
		struct store_rows rows = { day, list->file, range->first, range->last };
		if (!is_whole(s, list, i, day) || range->greatest_end >= s->before_us ||
		    !range_lies_within(range, filter->since_us, filter->until_us))
			continue;
		if (!add_rows(s, &rows))
			return false;
		uint64_t words[3 + sizeof(*range) / sizeof(uint64_t)] = {
			s->out->revision, (uint64_t)list->file, (uint64_t)list->content
		};
		memcpy(&words[3], range, sizeof(*range));
		s->out->revision =
			hash_words(&any, words, sizeof(words) / sizeof(words[0]));
	}
	return true;
}

/* A file that can't be read has nothing settled: who reads the rest says so. */
static bool settle_day(struct settling *s, struct store_reader *reader, int64_t day)
{
	char path[PATH_MAX], error[STORE_ERROR_MAX];
	struct range_list list = { 0 };
	int code;
	bool ok = true;
	day_path(reader->folder, DAYS_FLOWS, day, path, sizeof(path));
	sqlite3 *db = reading_open(path, &code, error);
	if (db != NULL)
		watch_over(&reader->watch, db);
	if (db != NULL && ranges_read(db, &list) == SQLITE_OK && list.count > 0) {
		ok = settle_ranges(s, &list, day);
		int64_t end = db_number(db, "SELECT \"end\" FROM span", INT64_MIN);
		s->written_us = end > s->written_us ? end : s->written_us;
	}
	ranges_free(&list);
	sqlite3_close(db);
	return ok;
}

bool settled_flows(struct store_reader *reader, const struct store_filter *filter,
		   int64_t before_us, struct store_settled *out)
{
	struct settling s = { .filter = filter,
			      .before_us = before_us,
			      .written_us = INT64_MIN,
			      .out = out };
	int64_t *days = NULL;
	long count = days_list(reader->folder, DAYS_FLOWS, &days);
	bool ok = true;
	for (long i = count - 1; i >= 0 && ok; i--) {
		if ((days[i] + 1) * DAY_US <= filter->since_us)
			break;
		ok = settle_day(&s, reader, days[i]) && watch_goes_on(&reader->watch);
	}
	free(days);
	if (ok && out->row_count > 0)
		return true;
	free(out->rows);
	*out = (struct store_settled){ 0 };
	return false;
}
