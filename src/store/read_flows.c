/*
 * read_flows.c: flows out of the files of days, the newest first, one open at a time.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/days.h"
#include "store/reading.h"

/* Whether the file of a day may hold flows that overlap the time. */
static void add_conditions(struct buf *sql, const struct store_filter *filter)
{
	buf_printf(sql, " WHERE \"end\">=%lld AND \"start\"<=%lld",
		   (long long)filter->since_us, (long long)filter->until_us);
	if (filter->has_port)
		buf_printf(sql, " AND server_port=%u", filter->port);
	if (filter->transport != NULL)
		buf_text(sql, " AND transport=?1");
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

/* SQLite's code; *more false: enough. */
static int read_day(struct store_reader *reader, sqlite3 *db,
		    const struct store_filter *filter, store_emit emit, void *to,
		    bool *more)
{
	struct buf sql = { 0 };
	sqlite3_stmt *stmt = NULL;
	field_set fields = reading_fields(db, "flow", RECORD_flow);
	if (filter->fields != 0)
		fields &= filter->fields | needed_by(filter);
	buf_text(&sql, "SELECT ");
	columns_list(&sql, RECORD_flow, fields, "");
	columns_end(&sql, " FROM flow");
	add_conditions(&sql, filter);
	int code = db_prepare(db, &sql, &stmt);
	if (code == SQLITE_OK && filter->transport != NULL)
		sqlite3_bind_text(stmt, 1, filter->transport, -1, SQLITE_STATIC);
	while (code == SQLITE_OK && *more &&
	       (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct flow_record flow;
		record_init(RECORD_flow, &flow);
		columns_read(stmt, 0, RECORD_flow, fields, &flow);
		if (is_of_host(&flow, filter))
			*more = emit(to, &flow);
		reader->watch.rows++;
		code = SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

int read_flows(struct store_reader *reader, const struct store_filter *filter,
	       store_emit emit, void *to, char error[static STORE_ERROR_MAX])
{
	int64_t *days = NULL;
	long count = days_list(reader->folder, DAYS_FLOWS, &days);
	bool more = true;
	int result = 0;
	for (long i = count - 1; i >= 0 && more && result == 0; i--) {
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
				code = read_day(reader, db, filter, emit, to, &more);
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
