/*
 * flow_table.c: the table `flow` of SQL: the files of all days as one, read newest
 * first, one open at a time.
 *
 * Conditions on columns go down into the files as they are, those on `start` and `end`
 * also leave out whole files, and of one the rows before and behind; SQLite checks all
 * of them again.  Only columns that are
 * asked for are read, so that count(*) is quick.  A file that can't be read is left out
 * and said at the end.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/days.h"
#include "store/file.h"
#include "store/ranges.h"
#include "store/reading.h"

enum { CONDITIONS_MAX = 32 };

struct flow_table {
	sqlite3_vtab base; /* first: SQLite knows only this */
	struct store_reader *reader;
};

struct flow_cursor {
	sqlite3_vtab_cursor base;
	struct store_reader *reader;
	char *plan; /* owned: idxStr */
	sqlite3_value *values[CONDITIONS_MAX];
	int value_count;
	int64_t least_us, most_us; /* of `end`; of `start` the most */
	int64_t *days;
	long next; /* day to be opened, counting down */
	sqlite3 *db;
	sqlite3_stmt *stmt; /* of the open file; NULL: none, the end */
	field_set fields;   /* that the file has */
	int64_t row;
	char path[PATH_MAX];
};

static const struct schema *flow_schema(void)
{
	return &schemas[RECORD_flow];
}

/* ---- the table ---- */

static int connect_table(sqlite3 *db, void *aux, int count,
			 const char *const *arguments, sqlite3_vtab **out, char **error)
{
	(void)count;
	(void)arguments;
	(void)error;
	struct buf sql = { 0 };
	buf_text(&sql, "CREATE TABLE flow(");
	columns_define(&sql, RECORD_flow, ALL_FIELDS);
	columns_end(&sql, ")");
	const char *text = buf_cstr(&sql);
	int code = text != NULL ? sqlite3_declare_vtab(db, text) : SQLITE_NOMEM;
	buf_free(&sql);
	if (code != SQLITE_OK)
		return code;
	struct flow_table *table = calloc(1, sizeof(*table));
	if (table == NULL)
		return SQLITE_NOMEM;
	table->reader = aux;
	*out = &table->base;
	return sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
}

static int disconnect_table(sqlite3_vtab *base)
{
	free(base);
	return SQLITE_OK;
}

/* ---- the plan ---- */

static const char *operator_of(unsigned char op)
{
	switch (op) {
	case SQLITE_INDEX_CONSTRAINT_EQ:
		return "=";
	case SQLITE_INDEX_CONSTRAINT_GT:
		return ">";
	case SQLITE_INDEX_CONSTRAINT_GE:
		return ">=";
	case SQLITE_INDEX_CONSTRAINT_LT:
		return "<";
	case SQLITE_INDEX_CONSTRAINT_LE:
		return "<=";
	default:
		return NULL;
	}
}

/* Each one taken makes the rest less; by time it leaves out files. */
static double gain_of(int column, unsigned char op)
{
	bool is_time = flow_schema()->fields[column].type == TYPE_time;
	return op == SQLITE_INDEX_CONSTRAINT_EQ ? 0.01 : is_time ? 0.1 : 0.5;
}

static void add_condition(struct buf *plan, int column, const char *op)
{
	buf_printf(plan, "%s\"%s\"%s?", plan->len > 0 ? " AND " : "",
		   flow_schema()->fields[column].name, op);
}

/*
 * idxStr is the bits of the columns asked for, a space, and the conditions with a
 * parameter each.
 */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	(void)base;
	struct buf plan = { 0 };
	int taken = 0;
	double cost = 1e7;
	for (int i = 0; i < info->nConstraint && taken < CONDITIONS_MAX; i++) {
		int column = info->aConstraint[i].iColumn;
		const char *op = operator_of(info->aConstraint[i].op);
		if (!info->aConstraint[i].usable || op == NULL || column < 0 ||
		    strcmp(sqlite3_vtab_collation(info, i), "BINARY") != 0)
			continue;
		add_condition(&plan, column, op);
		info->aConstraintUsage[i].argvIndex = ++taken;
		cost *= gain_of(column, info->aConstraint[i].op);
	}
	info->estimatedCost = cost + 1000;
	info->estimatedRows = (sqlite3_int64)cost + 1;
	const char *conditions = buf_cstr(&plan);
	info->idxStr = conditions == NULL
			       ? NULL
			       : sqlite3_mprintf("%llu %s", info->colUsed, conditions);
	info->needToFreeIdxStr = 1;
	buf_free(&plan);
	return info->idxStr != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

/* ---- files ---- */

static void close_file(struct flow_cursor *cursor)
{
	sqlite3_finalize(cursor->stmt);
	sqlite3_close(cursor->db);
	cursor->stmt = NULL;
	cursor->db = NULL;
}

/* From the first row to the last that may be of that time. */
static int choose_rows(struct flow_cursor *cursor, struct row_run *rows)
{
	const struct store_filter times = { .since_us = cursor->least_us,
					    .until_us = cursor->most_us };
	struct row_runs runs;
	int code = runs_choose(cursor->db, 0, &times, &runs);
	*rows = (struct row_run){ 1, 0 };
	if (runs.count > 0)
		*rows = (struct row_run){ runs.at[runs.count - 1].first,
					  runs.at[0].last };
	runs_free(&runs);
	return code;
}

/* Columns that the file lacks, or that nobody wants, are NULL. */
static int prepare_file(struct flow_cursor *cursor)
{
	struct row_run rows;
	int code = choose_rows(cursor, &rows);
	if (code != SQLITE_OK)
		return code;
	char *conditions;
	unsigned long long used = strtoull(cursor->plan, &conditions, 10);
	conditions += *conditions == ' ';
	field_set has = reading_fields(cursor->db, "flow", RECORD_flow);
	struct buf sql = { 0 };
	buf_text(&sql, "SELECT ");
	for (size_t i = 0; i < flow_schema()->field_count; i++)
		if ((has & used) >> i & 1)
			buf_printf(&sql, "\"%s\",", flow_schema()->fields[i].name);
		else
			buf_text(&sql, "NULL,");
	columns_end(&sql, " FROM flow WHERE ");
	if (*conditions != '\0')
		buf_printf(&sql, "%s AND ", conditions);
	buf_printf(&sql, "rowid BETWEEN %lld AND %lld ORDER BY rowid DESC",
		   (long long)rows.first, (long long)rows.last);
	code = db_prepare(cursor->db, &sql, &cursor->stmt);
	for (int i = 0; i < cursor->value_count && code == SQLITE_OK; i++)
		code = sqlite3_bind_value(cursor->stmt, i + 1, cursor->values[i]);
	return code;
}

/* SQLITE_DONE: it is left out. */
static int open_file(struct flow_cursor *cursor, int64_t day)
{
	char error[STORE_ERROR_MAX];
	int code;
	if ((day + 1) * DAY_US <= cursor->least_us)
		return SQLITE_DONE;
	day_path(cursor->reader->folder, DAYS_FLOWS, day, cursor->path,
		 sizeof(cursor->path));
	if (access(cursor->path, F_OK) != 0)
		return SQLITE_DONE; /* removed since */
	cursor->db = reading_open(cursor->path, &code, error);
	if (cursor->db == NULL) {
		reading_left_out(cursor->reader, cursor->path, sqlite3_errstr(code));
		return SQLITE_DONE;
	}
	watch_over(&cursor->reader->watch, cursor->db);
	if (!reading_day_overlaps(cursor->db, cursor->least_us, cursor->most_us)) {
		close_file(cursor);
		return SQLITE_DONE;
	}
	return prepare_file(cursor);
}

/* On to the next row, of this file or another. */
static int next_row(sqlite3_vtab_cursor *base)
{
	struct flow_cursor *cursor = (struct flow_cursor *)base;
	cursor->row++;
	for (;;) {
		int code = SQLITE_DONE;
		if (cursor->stmt != NULL)
			code = sqlite3_step(cursor->stmt);
		if (code == SQLITE_ROW)
			return SQLITE_OK;
		close_file(cursor);
		if (code == SQLITE_INTERRUPT || cursor->reader->watch.why != 0)
			return SQLITE_INTERRUPT;
		if (code != SQLITE_DONE)
			reading_left_out(cursor->reader, cursor->path,
					 sqlite3_errstr(code));
		if (--cursor->next < 0)
			return SQLITE_OK;
		code = open_file(cursor, cursor->days[cursor->next]);
		if (code != SQLITE_OK && code != SQLITE_DONE) {
			reading_left_out(cursor->reader, cursor->path,
					 sqlite3_errstr(code));
			close_file(cursor);
		}
	}
}

/* ---- the cursor ---- */

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
	struct flow_cursor *cursor = calloc(1, sizeof(*cursor));
	if (cursor == NULL)
		return SQLITE_NOMEM;
	cursor->reader = ((struct flow_table *)base)->reader;
	*out = &cursor->base;
	return SQLITE_OK;
}

static void clear_cursor(struct flow_cursor *cursor)
{
	close_file(cursor);
	for (int i = 0; i < cursor->value_count; i++)
		sqlite3_value_free(cursor->values[i]);
	cursor->value_count = 0;
	free(cursor->days);
	free(cursor->plan);
	cursor->days = NULL;
	cursor->plan = NULL;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	clear_cursor((struct flow_cursor *)base);
	free(base);
	return SQLITE_OK;
}

/*
 * `"end">=?` leaves out files of earlier days, and so does `"start">=?`: a flow ends
 * after its start.  `"start"<=?` and `"end"<=?` leave out files whose flows all began
 * later.
 */
static void note_time(struct flow_cursor *cursor, const char *condition,
		      sqlite3_value *value)
{
	size_t name = strcspn(condition + 1, "\"") + 2; /* with its quotes */
	bool is_time = strncmp(condition, "\"start\"", 7) == 0 ||
		       strncmp(condition, "\"end\"", 5) == 0;
	if (!is_time || sqlite3_value_numeric_type(value) != SQLITE_INTEGER)
		return;
	int64_t at_us = sqlite3_value_int64(value);
	char op = condition[name];
	if (op != '<' && at_us > cursor->least_us)
		cursor->least_us = at_us;
	if (op != '>' && at_us < cursor->most_us)
		cursor->most_us = at_us;
}

static void note_times(struct flow_cursor *cursor)
{
	const char *condition = strchr(cursor->plan, ' ') + 1;
	cursor->least_us = INT64_MIN;
	cursor->most_us = INT64_MAX;
	for (int i = 0; i < cursor->value_count; i++) {
		note_time(cursor, condition, cursor->values[i]);
		const char *and = strstr(condition, " AND ");
		condition = and != NULL ? and+5 : condition;
	}
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *plan, int count,
		  sqlite3_value **values)
{
	(void)number;
	struct flow_cursor *cursor = (struct flow_cursor *)base;
	clear_cursor(cursor);
	cursor->plan = strdup(plan);
	if (cursor->plan == NULL)
		return SQLITE_NOMEM;
	for (int i = 0; i < count && i < CONDITIONS_MAX; i++) {
		cursor->values[i] = sqlite3_value_dup(values[i]);
		if (cursor->values[i] == NULL)
			return SQLITE_NOMEM;
		cursor->value_count++;
	}
	note_times(cursor);
	cursor->next = days_list(cursor->reader->folder, DAYS_FLOWS, &cursor->days);
	cursor->row = 0;
	return next_row(base);
}

static int is_end(sqlite3_vtab_cursor *base)
{
	return ((struct flow_cursor *)base)->stmt == NULL;
}

static int give_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct flow_cursor *cursor = (struct flow_cursor *)base;
	sqlite3_result_value(context, sqlite3_column_value(cursor->stmt, column));
	return SQLITE_OK;
}

static int give_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *row)
{
	*row = ((struct flow_cursor *)base)->row;
	return SQLITE_OK;
}

/* Without xCreate it is there without being created. */
static const sqlite3_module flow_module = {
	.iVersion = 1,
	.xConnect = connect_table,
	.xBestIndex = best_index,
	.xDisconnect = disconnect_table,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next_row,
	.xEof = is_end,
	.xColumn = give_column,
	.xRowid = give_rowid,
};

int flow_table_add(sqlite3 *db, struct store_reader *reader)
{
	int code = sqlite3_create_module(db, "flow", &flow_module, reader);
	/* Connected now: an authorizer would take its declaration for a new table. */
	return code != SQLITE_OK ? code : db_run(db, "SELECT 1 FROM flow WHERE 0");
}
