/*
 * rollup.c: finer levels made into coarser ones; see rollup.h.
 */
#include "store/rollup.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/file.h"
#include "store/meta.h"

enum { NAME_MAX_LEN = 32 };

static void name_of(char out[static NAME_MAX_LEN], const char *what, enum level level)
{
	snprintf(out, NAME_MAX_LEN, "%s_%s", what, levels[level].view);
}

void rollup_read(struct rollup *rollup, sqlite3 *db)
{
	for (unsigned level = 0; level < LEVELS; level++) {
		char name[NAME_MAX_LEN];
		name_of(name, "rolled", (enum level)level);
		rollup->rolled[level] = meta_get(db, name, INT64_MIN);
		name_of(name, "kept", (enum level)level);
		rollup->kept[level] = meta_get(db, name, INT64_MIN);
	}
	rollup->first = meta_get(db, "first", INT64_MAX);
	rollup->late = meta_get(db, "late", 0);
	rollup->renamed = meta_get(db, "renamed", 0);
}

int rollup_open(struct rollup *rollup, struct level_access *access, struct book *book)
{
	*rollup = (struct rollup){ .access = access, .book = book };
	rollup->roll = malloc(sizeof(*rollup->roll));
	rollup->packed = malloc(sizeof(*rollup->packed));
	if (rollup->roll == NULL || rollup->packed == NULL)
		return SQLITE_NOMEM;
	roll_init(rollup->roll);
	rollup_read(rollup, access->db);
	return SQLITE_OK;
}

void rollup_close(struct rollup *rollup)
{
	free(rollup->roll);
	free(rollup->packed);
	*rollup = (struct rollup){ 0 };
}

int rollup_save(struct rollup *rollup)
{
	int code = SQLITE_OK;
	for (unsigned level = 0; level < LEVELS && rollup->changed; level++) {
		char name[NAME_MAX_LEN];
		name_of(name, "rolled", (enum level)level);
		if (code == SQLITE_OK && rollup->rolled[level] != INT64_MIN)
			code = meta_put(rollup->access->db, name,
					rollup->rolled[level]);
		name_of(name, "kept", (enum level)level);
		if (code == SQLITE_OK && rollup->kept[level] != INT64_MIN)
			code = meta_put(rollup->access->db, name, rollup->kept[level]);
	}
	if (code == SQLITE_OK && rollup->changed && rollup->first != INT64_MAX)
		code = meta_put(rollup->access->db, "first", rollup->first);
	if (code == SQLITE_OK && rollup->changed)
		code = meta_put(rollup->access->db, "late", rollup->late);
	if (code == SQLITE_OK && rollup->changed)
		code = meta_put(rollup->access->db, "renamed", rollup->renamed);
	if (code == SQLITE_OK)
		rollup->changed = false;
	return code;
}

void rollup_rename(struct rollup *rollup)
{
	rollup->renamed++;
	rollup->changed = true;
}

void rollup_note(struct rollup *rollup, int64_t at_us)
{
	if (at_us < rollup->rolled[LEVEL_1M]) {
		rollup->late++;
		rollup->changed = true;
	}
	if (at_us < rollup->first) {
		rollup->first = at_us;
		rollup->changed = true;
	}
	for (unsigned level = LEVEL_1M; level < LEVELS; level++) {
		int64_t start = floor_to(at_us, level_us((enum level)level));
		bool is_first = rollup->rolled[level] == INT64_MIN;
		/* Late: not if that would make the row of half its parts. */
		bool again = start < rollup->rolled[level] &&
			     rollup->kept[level - 1] <= start;
		if (is_first || again) {
			rollup->rolled[level] = start;
			rollup->changed = true;
		}
	}
}

/* ---- making one interval ---- */

static bool add_row(void *self, const struct roll_row *row)
{
	struct rollup *rollup = self;
	struct roll_part part = { .record = &row->record,
				  .seconds = row->seconds,
				  .handshake = row->handshake,
				  .response = row->response,
				  .clients = row->clients };
	roll_add(rollup->roll, &part);
	return true;
}

/* What one service did in that interval, if it did anything. */
static int make_row(struct rollup *rollup, enum level level, int64_t service,
		    int64_t start)
{
	roll_clear(rollup->roll);
	int code = level_rows(rollup->access, (enum level)(level - 1), service, start,
			      start + level_us(level), add_row, rollup);
	if (code != SQLITE_OK || rollup->roll->newest_us == INT64_MIN)
		return code;
	roll_finish(rollup->roll);
	roll_pack(rollup->roll, rollup->packed);
	return level_put(rollup->access, level, service, start, &rollup->roll->sum,
			 rollup->roll->seconds, rollup->packed);
}

struct making {
	struct rollup *rollup;
	enum level level;
	int64_t start, next;
	int code;
};

static bool make_of_service(void *self, struct service_entry *entry)
{
	struct making *making = self;
	making->code =
		make_row(making->rollup, making->level, entry->id, making->start);
	return making->code == SQLITE_OK;
}

/* The services of a minute, from the ten seconds: these are ordered by time. */
static int make_minute(struct rollup *rollup, int64_t start)
{
	sqlite3 *db = rollup->access->db;
	sqlite3_stmt *stmt = NULL, *seen = NULL;
	int code = sqlite3_prepare_v2(db,
				      "SELECT DISTINCT service FROM roll_10s WHERE "
				      "\"start\">=? AND \"start\"<?",
				      -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(db, "UPDATE service SET seen=? WHERE id=?",
					  -1, &seen, NULL);
	if (code == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 1, start);
		sqlite3_bind_int64(stmt, 2, start + level_us(LEVEL_1M));
	}
	while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
		int64_t service = sqlite3_column_int64(stmt, 0);
		sqlite3_bind_int64(seen, 1, start);
		sqlite3_bind_int64(seen, 2, service);
		code = db_finish(seen);
		if (code == SQLITE_OK)
			code = make_row(rollup, LEVEL_1M, service, start);
	}
	sqlite3_finalize(stmt);
	sqlite3_finalize(seen);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int make(struct rollup *rollup, enum level level, int64_t start)
{
	if (level == LEVEL_1M)
		return make_minute(rollup, start);
	struct making making = { .rollup = rollup, .level = level, .start = start };
	book_each(rollup->book, make_of_service, &making);
	return making.code;
}

/* ---- which is next ---- */

static int64_t first_start(sqlite3 *db, const char *table, int64_t service,
			   int64_t from)
{
	struct buf sql = { 0 };
	buf_printf(
		&sql,
		"SELECT min(\"start\") FROM %s WHERE service=%lld AND \"start\">=%lld",
		table, (long long)service, (long long)from);
	const char *text = buf_cstr(&sql);
	int64_t start = text != NULL ? db_number(db, text, INT64_MAX) : INT64_MAX;
	buf_free(&sql);
	return start;
}

static bool find_next(void *self, struct service_entry *entry)
{
	struct making *making = self;
	int64_t first =
		first_start(making->rollup->access->db, levels[making->level - 1].table,
			    entry->id, making->start);
	if (first < making->next)
		making->next = first;
	return true;
}

/* Begin of the first row of the finer level from that time on; INT64_MAX: none. */
static int64_t next_start(struct rollup *rollup, enum level level, int64_t from)
{
	struct making making = {
		.rollup = rollup, .level = level, .start = from, .next = INT64_MAX
	};
	if (level != LEVEL_1M) {
		book_each(rollup->book, find_next, &making);
		return making.next;
	}
	char sql[96];
	snprintf(sql, sizeof(sql),
		 "SELECT min(\"start\") FROM roll_10s WHERE \"start\">=%lld",
		 (long long)from);
	return db_number(rollup->access->db, sql, INT64_MAX);
}

/* One interval of a level, or to the limit if there is nothing before it. */
static int step(struct rollup *rollup, enum level level, int64_t limit)
{
	int64_t length = level_us(level);
	int64_t next = next_start(rollup, level, rollup->rolled[level]);
	rollup->changed = true;
	if (next >= limit) {
		rollup->rolled[level] = limit;
		return SQLITE_OK;
	}
	int64_t start = floor_to(next, length);
	int code = make(rollup, level, start);
	if (code == SQLITE_OK)
		rollup->rolled[level] = start + length;
	return code;
}

int rollup_due(struct rollup *rollup, int64_t now_us, unsigned most, bool *more)
{
	*more = false;
	for (unsigned i = LEVEL_1M; i < LEVELS; i++) {
		enum level level = (enum level)i;
		int64_t until = level == LEVEL_1M ? now_us : rollup->rolled[level - 1];
		if (rollup->rolled[level] == INT64_MIN || until == INT64_MIN)
			continue;
		int64_t limit = floor_to(until, level_us(level));
		for (; rollup->rolled[level] < limit && most > 0; most--) {
			int code = step(rollup, level, limit);
			if (code != SQLITE_OK)
				return code;
		}
		*more = *more || rollup->rolled[level] < limit;
	}
	return SQLITE_OK;
}
