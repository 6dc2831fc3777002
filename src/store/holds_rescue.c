/*
 * holds_rescue.c: see holds_rescue.h.
 *
 * The files of days go by the time of the incident, so that is needed, too.
 */
#include "store/holds_rescue.h"

#include <stdlib.h>

#include "store/days.h"
#include "store/file.h"
#include "store/holds.h"
#include "store/meta.h"
#include "store/reading.h"

struct rescue {
	sqlite3 *from;
	struct trunk *to;
	int64_t now_us;
	int count;
	bool is_unread;
};

#define TAKEN "holds_taken" /* from a file set aside, or there was none */

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
		written = events_put(rescue->to->events, kind, &record);
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

static int take_all(struct rescue *rescue)
{
	int code = take(rescue, RECORD_hold, "");
	return code == SQLITE_OK ? take(rescue, RECORD_incident,
					" WHERE id IN(SELECT incident FROM hold)")
				 : code;
}

static int take_and_note(void *self)
{
	struct rescue *rescue = self;
	int code = rescue->from != NULL ? take_all(rescue) : SQLITE_OK;
	if (code == SQLITE_OK && rescue->is_unread)
		code = meta_put(rescue->to->db, HOLDS_UNKNOWN,
				rescue->now_us + HOLDS_UNKNOWN_DAYS * DAY_US);
	return code == SQLITE_OK ? meta_put(rescue->to->db, TAKEN, 1) : code;
}

/* A file of before this was noted has been in use since. */
static bool is_due(sqlite3 *db)
{
	return meta_get(db, TAKEN, 0) == 0 &&
	       db_number(db, "SELECT count(*)FROM hold", 0) == 0;
}

int holds_rescue(const char *path, struct trunk *trunk, int64_t now_us,
		 char aside[static PATH_MAX], int *count)
{
	char error[STORE_ERROR_MAX];
	int code;
	struct rescue rescue = { .to = trunk, .now_us = now_us };
	*count = 0;
	if (!is_due(trunk->db))
		return SQLITE_OK;
	if (file_find_aside(path, aside)) {
		rescue.from = reading_open(aside, &code, error);
		rescue.is_unread = rescue.from == NULL;
	}
	code = db_transact(trunk->db, take_and_note, &rescue);
	sqlite3_close(rescue.from);
	*count = rescue.is_unread ? -1 : rescue.count;
	return code;
}
