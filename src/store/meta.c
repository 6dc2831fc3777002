/*
 * meta.c: numbers that the store keeps about itself; see meta.h.
 */
#include "store/meta.h"

#include "store/file.h"

int meta_define(sqlite3 *db)
{
	return db_run(db, "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY,"
			  "value INTEGER)WITHOUT ROWID");
}

int meta_read(sqlite3 *db, const char *name, int64_t *value)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_table_column_metadata(db, "main", "meta", "value", NULL,
						 NULL, NULL, NULL, NULL);
	if (code == SQLITE_ERROR) /* a file of before there was such a table */
		return SQLITE_OK;
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE name=?", -1,
					  &stmt, NULL);
	if (code == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
		code = sqlite3_step(stmt);
	}
	if (code == SQLITE_ROW)
		*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

int64_t meta_get(sqlite3 *db, const char *name, int64_t other)
{
	meta_read(db, name, &other);
	return other;
}

int meta_put(sqlite3 *db, const char *name, int64_t value)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO meta VALUES(?,?)", -1,
				      &stmt, NULL);
	if (code == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 2, value);
		code = sqlite3_step(stmt);
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}
