/*
 * trunk.c: FOLDER/breakwater.db open for writing; see trunk.h.
 */
#include "store/trunk.h"

#include <stdio.h>
#include <string.h>

#include "store/meta.h"

enum {
	TRUNK_VERSION = 1,
	ROLLUPS_AT_ONCE = 32, /* within one transaction */
};
#define SECOND_US 1000000LL

static int define_all(sqlite3 *db)
{
	int code = meta_define(db);
	if (code == SQLITE_OK)
		code = levels_define(db);
	if (code == SQLITE_OK)
		code = events_define(db);
	return code;
}

const struct file_kind trunk_kind = { .version = TRUNK_VERSION, .define = define_all };

void trunk_path(const char *folder, char *out, size_t size)
{
	snprintf(out, size, "%s/breakwater.db", folder);
}

static int open_parts(struct trunk *trunk)
{
	int code = level_access_open(&trunk->access, trunk->db, roll_fields(), true);
	if (code == SQLITE_OK)
		trunk->book = book_open(trunk->db, &code);
	if (code == SQLITE_OK)
		code = rollup_open(&trunk->rollup, &trunk->access, trunk->book);
	if (code == SQLITE_OK)
		trunk->events = events_open(trunk->db, &code);
	if (code == SQLITE_OK) {
		trunk->bucket = bucket_new(&trunk->access, trunk->book);
		code = trunk->bucket != NULL ? SQLITE_OK : SQLITE_NOMEM;
	}
	trunk->heartbeat_us = meta_get(trunk->db, "watched", UNKNOWN_TIME);
	return code;
}

bool trunk_open(struct trunk *trunk, const char *path, struct trouble *trouble)
{
	memset(trunk, 0, sizeof(*trunk));
	trunk->db = file_open(path, &trunk_kind, trouble);
	if (trunk->db == NULL)
		return false;
	int code = open_parts(trunk);
	if (code == SQLITE_OK)
		return true;
	trouble_of(trouble, trunk->db, code, path);
	trunk_close(trunk);
	return false;
}

void trunk_close(struct trunk *trunk)
{
	bucket_free(trunk->bucket); /* before the book: rows point into it */
	book_close(trunk->book);
	events_close(trunk->events);
	rollup_close(&trunk->rollup);
	level_access_close(&trunk->access);
	wal_leave(&trunk->wal);
	sqlite3_close(trunk->db);
	memset(trunk, 0, sizeof(*trunk));
}

int trunk_put(struct trunk *trunk, struct gaps *gaps, enum record_kind kind,
	      const void *record)
{
	if (kind == RECORD_self) {
		const struct self_record *self = record;
		if (self->at == UNKNOWN_TIME)
			return SQLITE_CONSTRAINT;
		gaps_watched(gaps, self->at - SECOND_US, self->at);
		gaps_self(gaps, self);
	}
	return events_put(trunk->events, kind, record);
}

int trunk_put_port(struct trunk *trunk, struct gaps *gaps,
		   const struct roll_part *second)
{
	int64_t start = second->record->start;
	if (start == UNKNOWN_TIME)
		return SQLITE_CONSTRAINT;
	gaps_watched(gaps, start, start + SECOND_US);
	rollup_note(&trunk->rollup, start);
	uint64_t renamed = book_renamed(trunk->book);
	int code = bucket_add(trunk->bucket, second, trunk->rollup.rolled);
	if (book_renamed(trunk->book) != renamed)
		rollup_rename(&trunk->rollup);
	return code;
}

static int put_gaps(struct trunk *trunk, struct gaps *gaps)
{
	int code = SQLITE_OK;
	for (unsigned i = 0; i < gaps->count && code == SQLITE_OK; i++)
		code = events_put(trunk->events, RECORD_gap, &gaps->waiting[i]);
	if (code == SQLITE_OK)
		gaps->count = 0;
	return code;
}

int trunk_end(struct trunk *trunk, struct gaps *gaps, bool *more)
{
	*more = false;
	int code = bucket_flush(trunk->bucket);
	if (code == SQLITE_OK && gaps->watched_us != UNKNOWN_TIME)
		code = rollup_due(&trunk->rollup, gaps->watched_us, ROLLUPS_AT_ONCE,
				  more);
	if (code == SQLITE_OK)
		code = rollup_save(&trunk->rollup);
	if (code == SQLITE_OK)
		code = put_gaps(trunk, gaps);
	if (code == SQLITE_OK && gaps->watched_us != trunk->heartbeat_us) {
		code = meta_put(trunk->db, "watched", gaps->watched_us);
		trunk->heartbeat_us = gaps->watched_us;
	}
	return code;
}
