/*
 * scrub.c: see scrub.h.
 *
 * VACUUM would do it as well, for the whole file at once: of breakwater.db that is ten
 * years of ports, which name nobody.
 */
#include "store/scrub.h"

#include <stdlib.h>

#include "store/file.h"

#define COPY "scrubbing"

enum { PAGES_AT_ONCE = 512 };

struct scrubbing {
	sqlite3 *db;
	const char *table;
	bool has_rowid;
};

/* "a","b" ...; NULL without memory, or without such a table. */
static char *columns_of(const struct scrubbing *s)
{
	sqlite3_stmt *stmt = NULL;
	char *names = NULL;
	int code = sqlite3_prepare_v2(s->db,
				      "SELECT group_concat('\"'||name||'\"')FROM "
				      "pragma_table_info(?)",
				      -1, &stmt, NULL);
	if (code == SQLITE_OK)
		sqlite3_bind_text(stmt, 1, s->table, -1, SQLITE_STATIC);
	if (code == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		names = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	return names;
}

static int write_again(void *self)
{
	const struct scrubbing *s = self;
	char *names = columns_of(s);
	struct buf sql = { 0 };
	if (names == NULL)
		return SQLITE_NOMEM;
	buf_printf(&sql, "CREATE TABLE " COPY " AS SELECT %s%s FROM %s;DELETE FROM %s;",
		   s->has_rowid ? "rowid AS row," : "", names, s->table, s->table);
	buf_printf(&sql, "INSERT INTO %s(%s%s)SELECT %s%s FROM " COPY ";", s->table,
		   s->has_rowid ? "rowid," : "", names, s->has_rowid ? "row," : "",
		   names);
	buf_text(&sql, "DROP TABLE " COPY);
	sqlite3_free(names);
	return db_run_buf(s->db, &sql);
}

int scrub_table(sqlite3 *db, const char *table, bool has_rowid)
{
	struct scrubbing scrubbing = { db, table, has_rowid };
	return db_transact(db, write_again, &scrubbing);
}

int scrub_file(sqlite3 *db, bool *more)
{
	struct buf sql = { 0 };
	*more = db_number(db, "PRAGMA freelist_count", 0) > 0;
	if (!*more)
		return sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
						 NULL, NULL);
	buf_printf(&sql, "PRAGMA incremental_vacuum(%d)", PAGES_AT_ONCE);
	return db_run_buf(db, &sql);
}
