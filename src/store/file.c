/*
 * file.c: one database file opened for writing; see file.h.
 */
#include "store/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/table.h"

enum { BUSY_MS = 500 };

/*
 * WAL with synchronous NORMAL: a commit is a write into the page cache, which outlives
 * the process; the disk is waited for at checkpoints (wal.h).  8 KiB pages hold a
 * port's distributions beside its numbers.  Nothing is written outside the folder. What
 * is deleted from a page is overwritten with it, which costs no writing; pages that are
 * free are not, until they are used again or given back (scrub.h).
 */
static const char page_size[] = "PRAGMA page_size=8192";
static const char settings[] = "PRAGMA journal_mode=WAL;"
			       "PRAGMA synchronous=NORMAL;"
			       "PRAGMA temp_store=MEMORY;"
			       "PRAGMA cache_size=-8192;"
			       "PRAGMA wal_autocheckpoint=2000;"
			       "PRAGMA journal_size_limit=33554432;"
			       "PRAGMA secure_delete=FAST;"
			       "PRAGMA foreign_keys=OFF;"
			       "PRAGMA trusted_schema=OFF;";

/* ---- what went wrong ---- */

void trouble_say(struct trouble *trouble, enum store_state state, const char *format,
		 ...)
{
	va_list list;
	trouble->state = state;
	va_start(list, format);
	vsnprintf(trouble->message, sizeof(trouble->message), format, list);
	va_end(list);
}

static bool is_denied(int error)
{
	return error == EACCES || error == EPERM || error == EROFS;
}

static bool is_no_space(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* From the primary code, and for input and output from what the system said. */
static enum store_state state_of(int code, int error)
{
	switch (code & 0xff) {
	case SQLITE_OK:
		return STORE_OK;
	case SQLITE_FULL:
		return STORE_FULL;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return STORE_READ_ONLY;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STORE_LOCKED;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return STORE_CORRUPT;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return is_no_space(error) ? STORE_FULL
		       : is_denied(error) ? STORE_READ_ONLY
					  : STORE_FAILED;
	default:
		return STORE_FAILED;
	}
}

static const char *advice(enum store_state state)
{
	static const char *const texts[] = {
		[STORE_OK] = "",
		[STORE_FULL] = "free some space or lower retention.size",
		[STORE_READ_ONLY] = "make the folder writable for this user",
		[STORE_LOCKED] = "another program is writing to it; it is tried again",
		[STORE_CORRUPT] = "it is set aside and a new one begun",
		[STORE_NEWER] = "",
		[STORE_FAILED] = "it is tried again",
	};
	return texts[state];
}

void trouble_of(struct trouble *trouble, sqlite3 *db, int code, const char *path)
{
	int error = db != NULL ? sqlite3_system_errno(db) : 0;
	enum store_state state = state_of(code, error);
	/* The message of the system says more than "disk I/O error". */
	bool io = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
	const char *what = io && error != 0 ? strerror(error) : sqlite3_errstr(code);
	trouble_say(trouble, state, "%s: %s; %s", path, what, advice(state));
}

/* ---- helpers ---- */

int db_run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int db_run_buf(sqlite3 *db, struct buf *sql)
{
	const char *text = buf_cstr(sql);
	int code = text != NULL ? db_run(db, text) : SQLITE_NOMEM;
	buf_free(sql);
	return code;
}

int db_prepare(sqlite3 *db, struct buf *sql, sqlite3_stmt **stmt)
{
	const char *text = buf_cstr(sql);
	int code = text == NULL
			   ? SQLITE_NOMEM
			   : sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT,
						stmt, NULL);
	buf_free(sql);
	return code;
}

int db_finish(sqlite3_stmt *stmt)
{
	int code = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

int64_t db_number(sqlite3 *db, const char *sql, int64_t other)
{
	sqlite3_stmt *stmt = NULL;
	int64_t number = other;
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_type(stmt, 0) != SQLITE_NULL)
		number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

static int add_column(sqlite3 *db, const char *table, enum record_kind kind,
		      field_set field)
{
	struct buf sql = { 0 };
	buf_printf(&sql, "ALTER TABLE \"%s\" ADD COLUMN ", table);
	columns_define(&sql, kind, field);
	columns_end(&sql, "");
	return db_run_buf(db, &sql);
}

int db_add_columns(sqlite3 *db, const char *table, enum record_kind kind,
		   uint64_t fields)
{
	for (size_t i = 0; i < schemas[kind].field_count; i++) {
		field_set field = UINT64_C(1) << i & fields;
		const char *name = schemas[kind].fields[i].name;
		if (field == 0 ||
		    sqlite3_table_column_metadata(db, "main", table, name, NULL, NULL,
						  NULL, NULL, NULL) == SQLITE_OK)
			continue;
		int code = add_column(db, table, kind, field);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

/* ---- versions ---- */

static int back_up(sqlite3 *db, const char *path, int version)
{
	char backup[PATH_MAX];
	snprintf(backup, sizeof(backup), "%s.v%d-backup", path, version);
	unlink(backup); /* of a migration that was not finished */
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, "VACUUM INTO ?", -1, &stmt, NULL);
	if (code == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, backup, -1, SQLITE_STATIC);
		code = sqlite3_step(stmt);
	}
	sqlite3_finalize(stmt);
	if (code != SQLITE_DONE && code != SQLITE_OK)
		unlink(backup);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int take_steps(sqlite3 *db, const struct file_kind *kind, int64_t version)
{
	for (size_t i = 0; i < kind->step_count; i++) {
		if (kind->steps[i].from < version)
			continue;
		int code = db_run(db, kind->steps[i].sql);
		if (code != SQLITE_OK)
			return code;
	}
	return SQLITE_OK;
}

/* All or nothing. */
static int define(sqlite3 *db, const struct file_kind *kind, int64_t version)
{
	int code = db_run(db, "BEGIN IMMEDIATE");
	if (code != SQLITE_OK)
		return code;
	if (version > 0)
		code = take_steps(db, kind, version);
	if (code == SQLITE_OK)
		code = kind->define(db);
	if (code == SQLITE_OK && version != kind->version) {
		struct buf sql = { 0 };
		buf_printf(&sql, "PRAGMA user_version=%d", kind->version);
		code = db_run_buf(db, &sql);
	}
	if (code == SQLITE_OK)
		code = db_run(db, "COMMIT");
	if (code != SQLITE_OK)
		db_run(db, "ROLLBACK");
	return code;
}

/* version 0 is a new file. */
static int prepare_file(sqlite3 *db, const char *path, const struct file_kind *kind,
			int64_t version)
{
	/* Both of a file that is new: before anything is in it, and in this order. */
	int code = db_run(db, page_size);
	if (code == SQLITE_OK && !kind->keeps_pages)
		code = db_run(db, "PRAGMA auto_vacuum=INCREMENTAL");
	if (code == SQLITE_OK)
		code = db_run(db, settings);
	if (code == SQLITE_OK && version > 0 && version < kind->version)
		code = back_up(db, path, (int)version);
	if (code == SQLITE_OK)
		code = define(db, kind, version);
	return code;
}

sqlite3 *file_open(const char *path, const struct file_kind *kind,
		   struct trouble *trouble)
{
	sqlite3 *db = NULL;
	/* SQLite would let everybody read it. */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd >= 0)
		close(fd);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int code = sqlite3_open_v2(path, &db, flags, NULL);
	if (db == NULL) {
		trouble_of(trouble, NULL, SQLITE_NOMEM, path);
		return NULL;
	}
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, BUSY_MS);
	if (code == SQLITE_OK) /* the first look into the file */
		code = db_run(db, "SELECT count(*) FROM sqlite_schema");
	int64_t version =
		code == SQLITE_OK ? db_number(db, "PRAGMA user_version", 0) : 0;
	if (version > kind->version) {
		trouble_say(trouble, STORE_NEWER,
			    "%s: written by a later version of breakwater (format %d, "
			    "this one knows %d); left untouched: use that version, or "
			    "another folder for state",
			    path, (int)version, kind->version);
		sqlite3_close(db);
		return NULL;
	}
	if (code == SQLITE_OK)
		code = prepare_file(db, path, kind, version);
	if (code == SQLITE_OK)
		return db;
	trouble_of(trouble, db, code, path);
	sqlite3_close(db);
	return NULL;
}

int db_transact(sqlite3 *db, int (*run)(void *self), void *self)
{
	int code = db_run(db, "BEGIN IMMEDIATE");
	if (code != SQLITE_OK)
		return code;
	code = run(self);
	if (code == SQLITE_OK)
		code = db_run(db, "COMMIT");
	if (code != SQLITE_OK)
		db_run(db, "ROLLBACK");
	return code;
}

/* ---- on disk ---- */

static const char *const parts[] = { "", "-wal", "-shm" };

/* Its name last: a new file beside an old journal would be read with that. */
int file_set_aside(const char *path, int64_t now_us, char *to, size_t to_size)
{
	time_t now = (time_t)(now_us / 1000000);
	struct tm tm;
	char stamp[32], from[PATH_MAX], name[PATH_MAX];
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(to, to_size, "%s.corrupt-%s", path, stamp);
	for (size_t i = sizeof(parts) / sizeof(parts[0]); i-- > 0;) {
		snprintf(from, sizeof(from), "%s%s", path, parts[i]);
		snprintf(name, sizeof(name), "%s%s", to, parts[i]);
		if (rename(from, name) != 0 && (i == 0 || errno != ENOENT))
			return -errno;
	}
	return 0;
}

bool file_find_aside(const char *path, char out[static PATH_MAX])
{
	const char *name = strrchr(path, '/') + 1;
	char folder[PATH_MAX], begin[NAME_MAX], newest[NAME_MAX + 1] = "";
	snprintf(folder, sizeof(folder), "%.*s", (int)(name - path), path);
	snprintf(begin, sizeof(begin), "%s.corrupt-", name);
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		const char *stamp = entry->d_name + strlen(begin);
		if (strncmp(entry->d_name, begin, strlen(begin)) == 0 &&
		    strchr(stamp, '-') == NULL && strcmp(entry->d_name, newest) > 0)
			memcpy(newest, entry->d_name, strlen(entry->d_name) + 1);
	}
	if (dir != NULL)
		closedir(dir);
	snprintf(out, PATH_MAX, "%s%s", folder, newest);
	return newest[0] != '\0';
}

uint64_t file_bytes(const char *path)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < 2; i++) {
		char name[PATH_MAX];
		struct stat st;
		snprintf(name, sizeof(name), "%s%s", path, parts[i]);
		if (stat(name, &st) == 0)
			bytes += (uint64_t)st.st_size;
	}
	return bytes;
}
