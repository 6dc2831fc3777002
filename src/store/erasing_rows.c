/*
 * erasing_rows.c: rows of breakwater.db; see erasing_parts.h.
 */
#include <stdio.h>
#include <string.h>

#include "store/aging.h"
#include "store/erasing_parts.h"
#include "store/holds.h"
#include "store/scrub.h"
#include "store/writer.h"

enum { ROWS_AT_ONCE = 2000 };

/* Octets can't be swapped in what has checksums: they go. */
static const struct private_kind packets = { .kind = RECORD_packet,
					     .key = "rowid",
					     .over = "of='finding'" };

struct page {
	const struct erasing_part *part;
	const struct private_kind *of;
	const char *table;
	sqlite3 *db;
	bool has_rowid;
	int64_t row; /* told: the last one */
	field_text64 key;
	bool is_last; /* told: there is none behind */
	uint64_t done, kept;
};

void erasing_say(field_text256 text, const char *table, uint64_t count)
{
	size_t len = strlen(text);
	if (count > 0)
		snprintf(text + len, sizeof(field_text256) - len, "%s%s %llu",
			 len > 0 ? ", " : "", table, (unsigned long long)count);
}

/* ?1 is where the page begins, ?2 its last row. */
static void bind_rows(sqlite3_stmt *stmt, const struct page *page)
{
	const struct erasing *erasing = page->part->erasing;
	if (page->has_rowid) {
		sqlite3_bind_int64(stmt, 1, erasing->row);
		sqlite3_bind_int64(stmt, 2, page->row);
	} else {
		sqlite3_bind_text(stmt, 1, erasing->key, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, page->key, -1, SQLITE_STATIC);
	}
}

/* Frees the statement's text. *number: what it gives. */
static int run(struct buf *sql, const struct page *page, int64_t *number)
{
	sqlite3_stmt *stmt = NULL;
	int code = db_prepare(page->db, sql, &stmt);
	if (code == SQLITE_OK) {
		bind_rows(stmt, page);
		code = sqlite3_step(stmt);
		if (code == SQLITE_ROW && number != NULL)
			*number = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int find_end(struct page *page)
{
	struct buf sql = { 0 };
	sqlite3_stmt *stmt = NULL;
	buf_printf(&sql,
		   "SELECT max(k)FROM(SELECT %s AS k FROM %s WHERE %s>?1 ORDER BY %s "
		   "LIMIT %d)",
		   page->of->key, page->table, page->of->key, page->of->key,
		   ROWS_AT_ONCE);
	int code = db_prepare(page->db, &sql, &stmt);
	if (code == SQLITE_OK) {
		bind_rows(stmt, page);
		code = sqlite3_step(stmt);
	}
	if (code == SQLITE_ROW) {
		page->is_last = sqlite3_column_type(stmt, 0) == SQLITE_NULL;
		page->row = sqlite3_column_int64(stmt, 0);
		const char *key = (const char *)sqlite3_column_text(stmt, 0);
		snprintf(page->key, sizeof(page->key), "%s", key != NULL ? key : "");
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

static void put_where(struct buf *sql, const struct page *page)
{
	const struct private_kind *of = page->of;
	buf_printf(sql, " WHERE %s>?1 AND %s<=?2 AND(", of->key, of->key);
	for (size_t i = 0; i < PRIVATE_COLUMNS && of->columns[i] != NULL; i++)
		buf_printf(sql, "%snames(%s,pseudonym)", i > 0 ? " OR " : "",
			   of->columns[i]);
	buf_text(sql, of == &packets ? "of='finding' AND carries(data))" : ")");
}

static int erase_page(void *self)
{
	struct page *page = self;
	struct buf sql = { 0 };
	int64_t kept = 0;
	int code = find_end(page);
	if (code != SQLITE_OK || page->is_last)
		return code;
	if (page->of == &packets) {
		buf_printf(&sql, "DELETE FROM %s", page->table);
	} else {
		buf_printf(&sql, "UPDATE %s SET ", page->table);
		private_assignments(&sql, page->of);
	}
	put_where(&sql, page);
	buf_printf(&sql, "AND %s", page->of->over);
	holds_spare(&sql, page->of->kind, page->part->now_us);
	code = run(&sql, page, NULL);
	if (code != SQLITE_OK)
		return code;
	page->done = (uint64_t)sqlite3_changes(page->db);
	buf_printf(&sql, "SELECT count(*)FROM %s", page->table);
	put_where(&sql, page);
	code = run(&sql, page, &kept);
	page->kept = (uint64_t)kept;
	return code;
}

/* Of all tables, whether it was found there or not: of what went before, its rows may
 * have left copies. */
static int end_table(const struct page *page)
{
	struct erasing *erasing = page->part->erasing;
	int code = scrub_table(page->db, page->table, page->has_rowid);
	if (code != SQLITE_OK)
		return code;
	erasing_say(erasing->rows, page->table, erasing->done);
	erasing_say(erasing->left, page->table, erasing->kept);
	erasing->done = erasing->kept = 0;
	erasing->row = INT64_MIN;
	erasing->key[0] = '\0';
	erasing->table++;
	return SQLITE_OK;
}

int erasing_rows(const struct erasing_part *part, bool *more)
{
	struct erasing *erasing = part->erasing;
	struct page page = { .part = part, .db = part->store->trunk.db };
	*more = erasing->table <= private_kind_count;
	if (!*more)
		return SQLITE_OK;
	page.of = erasing->table < private_kind_count ? &private_kinds[erasing->table]
						      : &packets;
	page.table = schemas[page.of->kind].name;
	page.has_rowid = strcmp(page.of->key, "rowid") == 0;
	int code = veil_lend(page.db, part->veil);
	if (code == SQLITE_OK)
		code = db_transact(page.db, erase_page, &page);
	veil_end(page.db, part->veil);
	if (code == SQLITE_OK && page.is_last)
		return end_table(&page);
	if (code == SQLITE_OK) {
		erasing->done += page.done;
		erasing->kept += page.kept;
		erasing->row = page.row;
		memcpy(erasing->key, page.key, sizeof(page.key));
	}
	return code;
}
