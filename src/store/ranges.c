/*
 * ranges.c: block ranges of a day's file; see ranges.h.
 */
#include "store/ranges.h"

#include <stdlib.h>

#include "store/file.h"
#include "store/meta.h"
#include "store/settled.h"

#define FILE_NUMBER "file" /* in meta */

/* ---- writing ---- */

/*
 * Somebody may have deleted rows by hand: their numbers are given again, and what was
 * known of them holds no more.
 */
static int forget_deleted(sqlite3 *db)
{
	int code = db_run(db, "DELETE FROM flow_range WHERE last>"
			      "(SELECT ifnull(max(rowid),0)FROM flow)");
	if (code != SQLITE_OK || sqlite3_changes(db) == 0)
		return code;
	return db_run(db, "DELETE FROM meta WHERE name='" FILE_NUMBER "'");
}

int ranges_define(sqlite3 *db)
{
	int code = db_run(db, "CREATE TABLE IF NOT EXISTS flow_range("
			      "first INTEGER PRIMARY KEY,last INTEGER,"
			      "least_start INTEGER,greatest_start INTEGER,"
			      "least_end INTEGER,greatest_end INTEGER)");
	if (code == SQLITE_OK)
		code = meta_define(db);
	if (code == SQLITE_OK)
		code = forget_deleted(db);
	return code == SQLITE_OK
		       ? db_run(db, "INSERT OR IGNORE INTO meta VALUES('" FILE_NUMBER
				    "',random())")
		       : code;
}

static struct flow_range range_begin(int64_t row)
{
	return (struct flow_range){ row,       row - 1,   INT64_MAX,
				    INT64_MIN, INT64_MAX, INT64_MIN };
}

static int64_t *bounds(struct flow_range *range, int i)
{
	int64_t *const all[] = { &range->first,       &range->last,
				 &range->least_start, &range->greatest_start,
				 &range->least_end,   &range->greatest_end };
	return all[i];
}

static void read_range(sqlite3_stmt *stmt, struct flow_range *range)
{
	for (int i = 0; i < 6; i++)
		*bounds(range, i) = sqlite3_column_int64(stmt, i);
}

/* Rows behind the last range are of a version that knew none: they stay without. */
static int load_open(struct range_writer *writer, sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;
	int64_t rows = db_number(db, "SELECT max(rowid) FROM flow", 0);
	writer->open = range_begin(rows + 1);
	int code = sqlite3_prepare_v2(
		db, "SELECT * FROM flow_range ORDER BY first DESC LIMIT 1", -1, &stmt,
		NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW && sqlite3_column_int64(stmt, 1) == rows)
		read_range(stmt, &writer->open);
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

int ranges_open(struct range_writer *writer, sqlite3 *db)
{
	*writer = (struct range_writer){ 0 };
	int code = sqlite3_prepare_v3(
		db, "INSERT OR REPLACE INTO flow_range VALUES(?,?,?,?,?,?)", -1,
		SQLITE_PREPARE_PERSISTENT, &writer->put, NULL);
	return code == SQLITE_OK ? load_open(writer, db) : code;
}

void ranges_close(struct range_writer *writer)
{
	sqlite3_finalize(writer->put);
	*writer = (struct range_writer){ 0 };
}

int ranges_end(struct range_writer *writer)
{
	if (!writer->is_changed)
		return SQLITE_OK;
	writer->is_changed = false;
	for (int i = 0; i < 6; i++)
		sqlite3_bind_int64(writer->put, i + 1, *bounds(&writer->open, i));
	return db_finish(writer->put);
}

static void widen(int64_t *least, int64_t *greatest, int64_t from_us, int64_t to_us)
{
	*least = from_us < *least ? from_us : *least;
	*greatest = to_us > *greatest ? to_us : *greatest;
}

int ranges_add(struct range_writer *writer, sqlite3 *db, const struct flow_record *flow)
{
	struct flow_range *open = &writer->open;
	int64_t row = sqlite3_last_insert_rowid(db);
	int code = SQLITE_OK;
	if (open->last - open->first + 1 >= RANGE_ROWS) {
		code = ranges_end(writer);
		*open = range_begin(row);
	}
	open->last = row;
	if (flow->start == UNKNOWN_TIME || flow->end == UNKNOWN_TIME) {
		widen(&open->least_start, &open->greatest_start, INT64_MIN, INT64_MAX);
		widen(&open->least_end, &open->greatest_end, INT64_MIN, INT64_MAX);
	} else {
		widen(&open->least_start, &open->greatest_start, flow->start,
		      flow->start);
		widen(&open->least_end, &open->greatest_end, flow->end, flow->end);
	}
	writer->is_changed = true;
	return code;
}

/* ---- reading ---- */

void ranges_free(struct range_list *list)
{
	free(list->at);
	*list = (struct range_list){ 0 };
}

static bool add_range(struct range_list *list, size_t *room, sqlite3_stmt *stmt)
{
	if (list->count == *room) {
		*room = *room == 0 ? 64 : 2 * *room;
		void *grown = reallocarray(list->at, *room, sizeof(list->at[0]));
		if (grown == NULL)
			return false;
		list->at = grown;
	}
	read_range(stmt, &list->at[list->count++]);
	return true;
}

int ranges_read(sqlite3 *db, struct range_list *out)
{
	sqlite3_stmt *stmt = NULL;
	size_t room = 0;
	*out = (struct range_list){ 0 };
	int code = meta_read(db, FILE_NUMBER, &out->file);
	if (code == SQLITE_OK)
		code = meta_read(db, RANGES_CONTENT, &out->content);
	if (code != SQLITE_OK || out->file == 0)
		return code;
	code = sqlite3_prepare_v2(db, "SELECT * FROM flow_range ORDER BY first DESC",
				  -1, &stmt, NULL);
	while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW)
		code = add_range(out, &room, stmt) ? SQLITE_OK : SQLITE_NOMEM;
	sqlite3_finalize(stmt);
	if (code == SQLITE_DONE)
		return SQLITE_OK;
	ranges_free(out);
	return code;
}

/* ---- what is read ---- */

void runs_free(struct row_runs *runs)
{
	free(runs->at);
	*runs = (struct row_runs){ 0 };
}

/* Behind those that are there: older. */
static bool add_run(struct row_runs *runs, int64_t first, int64_t last)
{
	if (first > last)
		return true;
	if (runs->count > 0 && runs->at[runs->count - 1].first - 1 == last) {
		runs->at[runs->count - 1].first = first;
		return true;
	}
	if (runs->count == runs->room) {
		runs->room = runs->room == 0 ? 16 : 2 * runs->room;
		void *grown = reallocarray(runs->at, runs->room, sizeof(runs->at[0]));
		if (grown == NULL)
			return false;
		runs->at = grown;
	}
	runs->at[runs->count++] = (struct row_run){ first, last };
	return true;
}

static bool is_of_file(const struct store_rows *rows, int64_t day, int64_t file)
{
	return rows->day == day && rows->file == file;
}

/* What is left of them without those that are settled. */
static bool add_rest(struct row_runs *runs, int64_t first, int64_t last, int64_t day,
		     int64_t file, const struct store_settled *settled)
{
	for (size_t i = 0; i < settled->row_count && first <= last; i++) {
		const struct store_rows *rows = &settled->rows[i];
		if (!is_of_file(rows, day, file) || rows->last < first ||
		    rows->first > last)
			continue;
		if (!add_run(runs, rows->last + 1, last))
			return false;
		last = rows->first - 1;
	}
	return add_run(runs, first, last);
}

static bool add_settled(struct row_runs *runs, int64_t day, int64_t file,
			const struct store_settled *settled)
{
	for (size_t i = 0; i < settled->row_count; i++) {
		const struct store_rows *rows = &settled->rows[i];
		if (is_of_file(rows, day, file) &&
		    !add_run(runs, rows->first, rows->last))
			return false;
	}
	return true;
}

/* Those of ranges that overlap, and those of none. */
static bool add_overlapping(struct row_runs *runs, const struct range_list *list,
			    int64_t day, const struct store_filter *filter)
{
	static const struct store_settled none = { 0 };
	const struct store_settled *without =
		filter->part == STORE_REST ? filter->settled : &none;
	int64_t newest = INT64_MAX; /* that is not looked at yet */
	for (size_t i = 0; i < list->count; i++) {
		const struct flow_range *range = &list->at[i];
		bool is_read =
			range_overlaps(range, filter->since_us, filter->until_us);
		int64_t first = is_read ? range->first : range->last + 1;
		if (!add_rest(runs, first, newest, day, list->file, without))
			return false;
		newest = range->first - 1;
	}
	return add_rest(runs, 1, newest, day, list->file, without);
}

int runs_choose(sqlite3 *db, int64_t day, const struct store_filter *filter,
		struct row_runs *out)
{
	struct range_list list;
	*out = (struct row_runs){ 0 };
	int code = ranges_read(db, &list);
	if (code != SQLITE_OK)
		return code;
	bool ok = filter->part == STORE_SETTLED
			  ? add_settled(out, day, list.file, filter->settled)
			  : add_overlapping(out, &list, day, filter);
	ranges_free(&list);
	if (ok)
		return SQLITE_OK;
	runs_free(out);
	return SQLITE_NOMEM;
}
