/*
 * audit_check.c: the parts of the audit check put together; see audit.h.
 */
#include "store/audit_check.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/file.h"

enum { FAULT_TEXT_MAX = 512, STATUS_NONE = 2 };

/* ---- telling ---- */

static void tell(struct audit_check *check, struct audit_fault fault,
		 const char *format, va_list list)
{
	char text[FAULT_TEXT_MAX];
	vsnprintf(text, sizeof(text), format, list);
	fault.text = text;
	check->verdict.faults += !fault.is_notice;
	check->verdict.notices += fault.is_notice;
	check->sink.fault(check->sink.self, &fault);
}

void audit_tell(struct audit_check *check, const char *what, uint64_t from, uint64_t to,
		int64_t at_us, const char *format, ...)
{
	const struct audit_fault fault = {
		.what = what, .from = from, .to = to, .at_us = at_us
	};
	va_list list;
	va_start(list, format);
	tell(check, fault, format, list);
	va_end(list);
}

void audit_note(struct audit_check *check, const char *what, uint64_t from, uint64_t to,
		int64_t at_us, const char *format, ...)
{
	const struct audit_fault fault = {
		.what = what, .is_notice = true, .from = from, .to = to, .at_us = at_us
	};
	va_list list;
	va_start(list, format);
	tell(check, fault, format, list);
	va_end(list);
}

/* ---- opening and running ---- */

static void take_keys(struct audit_check *check, const char *folder,
		      const struct seal_key *keys, size_t count)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/audit.pub", folder);
	check->has_own = seal_read_keys(path, &check->own, 1) == 1;
	check->is_key_given = count > 0;
	if (count > AUDIT_KEYS_MAX)
		count = AUDIT_KEYS_MAX;
	for (size_t i = 0; i < count; i++)
		check->keys[i] = keys[i];
	check->key_count = count;
	if (count == 0 && check->has_own)
		check->keys[check->key_count++] = check->own;
}

struct audit_check *audit_check_open(const char *folder, const struct seal_key *keys,
				     size_t count, const struct audit_check_sink *sink,
				     char error[static STORE_ERROR_MAX], int *status)
{
	struct audit_check *check = calloc(1, sizeof(*check));
	snprintf(error, STORE_ERROR_MAX, "not enough memory");
	*status = STATUS_NONE;
	if (check == NULL)
		return NULL;
	check->sink = *sink;
	check->at_us = check->verdict.held_us = UNKNOWN_TIME;
	check->reader = store_reader_open(folder, error, status);
	if (check->reader != NULL && check->reader->db != NULL) {
		take_keys(check, folder, keys, count);
		return check;
	}
	if (check->reader != NULL)
		snprintf(error, STORE_ERROR_MAX, "%.300s: no breakwater.db in it",
			 folder);
	store_reader_close(check->reader);
	free(check);
	return NULL;
}

static int prepare_rows(sqlite3 *db, enum record_kind kind, field_set fields,
			const char *order, sqlite3_stmt **stmt)
{
	struct buf sql = { 0 };
	buf_text(&sql, "SELECT ");
	columns_list(&sql, kind, fields, "");
	columns_end(&sql, " FROM ");
	buf_printf(&sql, "%s ORDER BY %s", schemas[kind].name, order);
	return db_prepare(db, &sql, stmt);
}

int audit_check_rows(struct audit_check *check, enum record_kind kind,
		     const char *order, audit_take take)
{
	sqlite3 *db = check->reader->db;
	field_set fields = reading_fields(db, schemas[kind].name, kind);
	sqlite3_stmt *stmt = NULL;
	if (fields == 0)
		return SQLITE_OK; /* a store of before there were such records */
	void *record = malloc(schemas[kind].size);
	int code = record == NULL ? SQLITE_NOMEM
				  : prepare_rows(db, kind, fields, order, &stmt);
	while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		record_init(kind, record);
		columns_read(stmt, 0, kind, fields, record);
		bool holds = columns_hold(stmt, 0, kind, fields, record);
		code = take(check, record, holds) ? SQLITE_OK : SQLITE_INTERRUPT;
	}
	sqlite3_finalize(stmt);
	free(record);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

int audit_check_run(struct audit_check *check, char error[static STORE_ERROR_MAX])
{
	struct store_reader *reader = check->reader;
	watch_begin(&reader->watch, 0, NULL);
	/* One state of the file, whoever writes meanwhile. */
	int code = db_run(reader->db, "BEGIN");
	if (code == SQLITE_OK)
		code = audit_check_records(check);
	if (code == SQLITE_OK)
		code = audit_check_checkpoints(check);
	if (code == SQLITE_INTERRUPT)
		return -ECANCELED;
	return code == SQLITE_OK ? 0
				 : reading_failed(reader, reader->db, code,
						  reader->folder, error);
}

/* ---- begin and end of the chain ---- */

static void check_unsigned_begin(struct audit_check *check)
{
	const struct audit_verdict *v = &check->verdict;
	check->verdict.is_in_doubt = true;
	audit_note(check, "unsigned", v->first, v->last, check->begin.at,
		   "no checkpoint holds this chain: who may write the store may have "
		   "made all of it");
	if (v->first > 1)
		audit_note(check, "missing", 1, v->first - 1, UNKNOWN_TIME,
			   "records 1 to %" PRIu64
			   " are gone, and nothing says that retention has taken them",
			   v->first - 1);
}

/* The oldest record against what the checkpoints say was before it. */
static void check_first_link(struct audit_check *check)
{
	field_text64 hash;
	const struct audit_record *begin = &check->begin;
	if (begin->seq > 1 && check->before[0] == '\0') {
		audit_note(check, "unsigned", begin->seq, begin->seq, begin->at,
			   "what was before the oldest record was taken by retention "
			   "when there were no checkpoints: its text can't be checked");
		return;
	}
	store_audit_hash(check->before, begin, hash);
	if (strcmp(hash, begin->hash) != 0)
		audit_tell(check, "changed", begin->seq, begin->seq, begin->at,
			   "record %" PRIu64 ", the oldest, was changed", begin->seq);
}

static void check_begin(struct audit_check *check)
{
	const struct audit_verdict *v = &check->verdict;
	if (v->records == 0)
		return;
	if (check->promised == 0)
		check_unsigned_begin(check);
	else if (v->first > check->first)
		audit_tell(check, "missing", check->first, v->first - 1,
			   check->begin.at,
			   "records %" PRIu64 " to %" PRIu64
			   ", the oldest, are missing, and retention has not taken "
			   "them",
			   check->first, v->first - 1);
	else if (v->first < check->first)
		audit_tell(check, "inserted", v->first, check->first - 1,
			   check->begin.at,
			   "records %" PRIu64 " to %" PRIu64
			   " stand before the begin of the chain",
			   v->first, check->first - 1);
	else
		check_first_link(check);
}

static void check_cut(struct audit_check *check)
{
	const struct audit_verdict *v = &check->verdict;
	audit_tell(check, "truncated", v->last + 1, check->promised, check->promised_us,
		   "records %" PRIu64 " to %" PRIu64
		   " are missing at the end: a checkpoint holds them",
		   v->last + 1, check->promised);
	if (v->last > v->held)
		audit_note(check, "unsigned", v->held + 1, v->last, check->at_us,
			   "what was signed behind records %" PRIu64 " to %" PRIu64
			   " is gone: whether these were changed can't be told",
			   v->held + 1, v->last);
}

static void check_end(struct audit_check *check)
{
	const struct audit_verdict *v = &check->verdict;
	if (check->promised > v->last)
		check_cut(check);
	else if (check->promised != 0 && v->last > v->held)
		audit_note(check, "unsigned", v->held + 1, v->last, check->at_us,
			   "the last %" PRIu64 " are not signed yet",
			   v->last - v->held);
	if (v->records == 0)
		check->verdict.is_in_doubt = true;
}

/* A key that nobody has signed with yet has come after the last checkpoint. */
static void check_own_key(struct audit_check *check)
{
	const struct audit_verdict *v = &check->verdict;
	if (check->has_own && v->key[0] != '\0' && strcmp(check->own.id, v->key) != 0)
		audit_tell(check, "key", 0, 0, UNKNOWN_TIME,
			   "audit.pub is not the key that signed the last checkpoint, "
			   "%s",
			   v->key);
}

void audit_check_close(struct audit_check *check, struct audit_verdict *verdict)
{
	if (verdict != NULL) {
		check_begin(check);
		check_end(check);
		check_own_key(check);
		*verdict = check->verdict;
	}
	sqlite3_finalize(check->find_hash);
	sqlite3_finalize(check->find_checkpoint);
	store_reader_close(check->reader);
	free(check);
}
