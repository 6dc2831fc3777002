/*
 * evidence_erase.c: see evidence_erase.h.
 *
 * A block is packed as a whole, addresses by reference: it is read and packed again.
 */
#include "store/evidence_erase.h"

#include <string.h>

#include "store/file.h"
#include "store/pack.h"

static struct addr *addr_at(enum record_kind kind, void *record, size_t field)
{
	const struct field *of = &schemas[kind].fields[field];
	return of->type == TYPE_addr ? (void *)((char *)record + of->offset) : NULL;
}

bool record_has_addr(enum record_kind kind, const void *record, const struct addr *addr)
{
	for (size_t i = 0; i < schemas[kind].field_count; i++) {
		const struct addr *at = addr_at(kind, (void *)record, i);
		if (at != NULL && addr_equal(at, addr))
			return true;
	}
	return false;
}

struct repacking {
	const struct addr *addr, *instead;
	struct pack pack;
	uint64_t count;
};

static bool repack(void *to, enum record_kind kind, const void *record)
{
	struct repacking *repacking = to;
	union {
		struct contact_record contact;
		struct flow_record flow;
		struct login_record login;
		struct port_record port;
	} copy; /* what pack_takes() */
	memcpy(&copy, record, schemas[kind].size);
	repacking->count += record_has_addr(kind, record, repacking->addr);
	for (size_t i = 0; i < schemas[kind].field_count; i++) {
		struct addr *at = addr_at(kind, &copy, i);
		if (at != NULL && addr_equal(at, repacking->addr))
			*at = *repacking->instead;
	}
	pack_add(&repacking->pack, kind, &copy);
	return true;
}

static int put_block(sqlite3 *db, int64_t row, const struct buf *bytes)
{
	sqlite3_stmt *stmt = NULL;
	struct buf sql = { 0 };
	buf_text(&sql, "UPDATE evidence SET data=? WHERE id=?");
	int code = db_prepare(db, &sql, &stmt);
	if (code == SQLITE_OK) {
		sqlite3_bind_blob(stmt, 1, bytes->at, (int)bytes->len, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 2, row);
		code = db_finish(stmt);
	}
	sqlite3_finalize(stmt);
	return code;
}

/* A block that can't be read stays: nobody can. */
static int erase_block(sqlite3 *db, int64_t row, struct bytes block,
		       struct repacking *repacking)
{
	repacking->count = 0;
	pack_begin(&repacking->pack);
	if (!pack_read(block, repack, repacking) || repacking->count == 0)
		return SQLITE_OK;
	return buf_ok(&repacking->pack.bytes)
		       ? put_block(db, row, &repacking->pack.bytes)
		       : SQLITE_NOMEM;
}

static int erase_row(sqlite3 *db, int64_t row, sqlite3_stmt *read,
		     struct repacking *repacking)
{
	int code = SQLITE_OK;
	sqlite3_bind_int64(read, 1, row);
	if (sqlite3_step(read) == SQLITE_ROW) {
		const struct bytes block = {
			.at = sqlite3_column_blob(read, 0),
			.len = (size_t)sqlite3_column_bytes(read, 0),
		};
		code = erase_block(db, row, block, repacking);
	}
	sqlite3_reset(read);
	return code;
}

int evidence_erase(sqlite3 *db, const struct addr *addr, const struct addr *instead,
		   int64_t first, int64_t last, uint64_t *count)
{
	struct repacking repacking = { .addr = addr, .instead = instead };
	sqlite3_stmt *read = NULL;
	struct buf sql = { 0 };
	buf_text(&sql, "SELECT data FROM evidence WHERE id=?");
	int code = db_prepare(db, &sql, &read);
	for (int64_t row = first; row <= last && code == SQLITE_OK; row++) {
		code = erase_row(db, row, read, &repacking);
		*count += repacking.count;
		repacking.count = 0;
	}
	sqlite3_finalize(read);
	pack_free(&repacking.pack);
	return code;
}
