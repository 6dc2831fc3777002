/*
 * holds_rescue.c: see holds_rescue.h.
 *
 * The files of days go by the time of the incident, so that is needed, too.
 */
#include "store/holds_rescue.h"

#include <stdlib.h>

#include "store/file.h"
#include "store/reading.h"

struct rescue {
	sqlite3 *from;
	struct events *events;
	int count;
	bool is_unread;
};

union taken {
	struct hold_record hold;
	struct incident_record incident;
};

/* SQLite's code of writing. */
static int take_rows(struct rescue *rescue, sqlite3_stmt *stmt, enum record_kind kind,
		     field_set fields)
{
	union taken record;
	int code, written = SQLITE_OK;
	while (written == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		record_init(kind, &record);
		columns_read(stmt, 0, kind, fields, &record);
		written = events_put(rescue->events, kind, &record);
		rescue->count += kind == RECORD_hold;
	}
	rescue->is_unread =
		rescue->is_unread || (written == SQLITE_OK && code != SQLITE_DONE);
	return written;
}

static int take(struct rescue *rescue, enum record_kind kind, const char *condition)
{
	const char *table = schemas[kind].name;
	field_set fields = reading_fields(rescue->from, table, kind);
	sqlite3_stmt *stmt = NULL;
	struct buf sql = { 0 };
	int code = SQLITE_OK;
	buf_text(&sql, "SELECT ");
	columns_list(&sql, kind, fields, "");
	columns_end(&sql, " FROM ");
	buf_printf(&sql, "%s%s", table, condition);
	if (fields != 0 && db_prepare(rescue->from, &sql, &stmt) == SQLITE_OK)
		code = take_rows(rescue, stmt, kind, fields);
	else
		rescue->is_unread = true;
	buf_free(&sql);
	sqlite3_finalize(stmt);
	return code;
}

static int take_all(void *self)
{
	struct rescue *rescue = self;
	int code = take(rescue, RECORD_hold, "");
	return code == SQLITE_OK ? take(rescue, RECORD_incident,
					" WHERE id IN(SELECT incident FROM hold)")
				 : code;
}

int holds_rescue(const char *aside, sqlite3 *db, struct events *events, int *count)
{
	char error[STORE_ERROR_MAX];
	int code;
	struct rescue rescue = { .from = reading_open(aside, &code, error),
				 .events = events };
	*count = -1;
	if (rescue.from == NULL)
		return SQLITE_OK;
	code = db_transact(db, take_all, &rescue);
	sqlite3_close(rescue.from);
	if (code == SQLITE_OK && !rescue.is_unread)
		*count = rescue.count;
	return code;
}
