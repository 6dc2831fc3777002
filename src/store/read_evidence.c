/*
 * read_evidence.c: evidence of attacks out of the files of days, as it came.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/days.h"
#include "store/evidence.h"
#include "store/file.h"
#include "store/reading.h"

struct passing {
	struct store_evidence *to;
	struct store_reader *reader;
	bool goes_on;
};

static bool pass_on(void *of, enum record_kind kind, const void *record)
{
	struct passing *passing = of;
	int64_t at_us = evidence_time(kind, record);
	if (at_us >= passing->to->since_us && at_us <= passing->to->until_us)
		passing->goes_on = passing->to->emit(passing->to->to, kind, record);
	return passing->goes_on;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql,
			     const struct store_evidence *evidence, int *code)
{
	sqlite3_stmt *stmt = NULL;
	*code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (*code != SQLITE_OK)
		return NULL;
	sqlite3_bind_int64(stmt, 1, evidence->since_us);
	sqlite3_bind_int64(stmt, 2, evidence->until_us);
	return stmt;
}

static int read_blocks(struct passing *passing, sqlite3 *db)
{
	int code;
	sqlite3_stmt *stmt = prepare(db,
				     "SELECT data,\"first\" FROM evidence WHERE "
				     "\"last\">=?1 AND \"first\"<=?2 ORDER BY id",
				     passing->to, &code);
	while (code == SQLITE_OK && passing->goes_on &&
	       (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		const void *data = sqlite3_column_blob(stmt, 0);
		int len = sqlite3_column_bytes(stmt, 0);
		int64_t first_us = sqlite3_column_int64(stmt, 1);
		if (first_us < passing->to->covered_us)
			passing->to->covered_us = first_us;
		code = pack_read(bytes_of(data, (size_t)len), pass_on, passing)
			       ? SQLITE_OK
			       : SQLITE_CORRUPT;
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int read_left_out(struct store_evidence *evidence, sqlite3 *db)
{
	int code;
	sqlite3_stmt *stmt = prepare(
		db,
		"SELECT sum(count)FROM left_out WHERE \"end\">=?1 AND \"start\"<=?2",
		evidence, &code);
	if (code == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		evidence->left_out += (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return code;
}

/* One that its writer has only just made has no tables yet. */
static int read_day(struct passing *passing, sqlite3 *db)
{
	if (db_number(db, "PRAGMA user_version", -1) == 0)
		return SQLITE_OK;
	int code = read_left_out(passing->to, db);
	return code == SQLITE_OK ? read_blocks(passing, db) : code;
}

/* 0, or what store_read() gives. */
static int open_day(struct passing *passing, int64_t day,
		    char error[static STORE_ERROR_MAX])
{
	struct store_reader *reader = passing->reader;
	char path[PATH_MAX];
	int code, result = 0;
	day_path(reader->folder, DAYS_EVIDENCE, day, path, sizeof(path));
	if (access(path, F_OK) != 0)
		return 0; /* removed since */
	sqlite3 *db = reading_open(path, &code, error);
	if (db != NULL) {
		watch_over(&reader->watch, db);
		code = read_day(passing, db);
	}
	if (code != SQLITE_OK && reader->watch.why != 0)
		result = reading_failed(reader, db, code, path, error);
	else if (code != SQLITE_OK)
		reading_left_out(reader, path, sqlite3_errstr(code));
	sqlite3_close(db);
	return result;
}

int store_read_evidence(struct store_reader *reader, struct store_evidence *evidence,
			char error[static STORE_ERROR_MAX])
{
	struct passing passing = { evidence, reader, true };
	int64_t *days = NULL;
	long count = days_list(reader->folder, DAYS_EVIDENCE, &days);
	int result = 0;
	watch_begin(&reader->watch, 0, NULL);
	reader->damage[0] = error[0] = '\0';
	evidence->left_out = 0;
	evidence->covered_us = INT64_MAX;
	for (long i = 0; i < count && passing.goes_on && result == 0; i++)
		if ((days[i] + 1) * DAY_US > evidence->since_us &&
		    days[i] * DAY_US <= evidence->until_us)
			result = open_day(&passing, days[i], error);
	free(days);
	if (result != 0 || reader->damage[0] == '\0')
		return result;
	snprintf(error, STORE_ERROR_MAX, "%s", reader->damage);
	return -EIO;
}
