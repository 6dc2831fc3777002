/*
 * evidence.c: see evidence.h.
 */
#include "store/evidence.h"

#include <limits.h>

#include "store/days.h"

enum { EVIDENCE_VERSION = 1, JOIN_S = 10 /* nearer than that is one time */ };
#define SECOND_US 1000000LL

int64_t evidence_time(enum record_kind kind, const void *record)
{
	switch (kind) {
	case RECORD_contact:
		return ((const struct contact_record *)record)->at;
	case RECORD_flow:
		return ((const struct flow_record *)record)->end;
	case RECORD_login:
		return ((const struct login_record *)record)->at;
	default:
		return ((const struct port_record *)record)->start;
	}
}

static int define_evidence(sqlite3 *db)
{
	return db_run(db, "CREATE TABLE IF NOT EXISTS evidence(id INTEGER PRIMARY KEY,"
			  "\"first\" INTEGER,\"last\" INTEGER,count INTEGER,data BLOB);"
			  "CREATE TABLE IF NOT EXISTS left_out("
			  "\"start\" INTEGER PRIMARY KEY,\"end\" INTEGER,"
			  "count INTEGER);");
}

static const struct file_kind evidence_kind = { .version = EVIDENCE_VERSION,
						.define = define_evidence };

static int prepare(struct evidence_file *file)
{
	struct buf sql = { 0 };
	buf_text(&sql, "INSERT OR REPLACE INTO evidence VALUES(?,?,?,?,?)");
	int code = db_prepare(file->db, &sql, &file->put);
	if (code != SQLITE_OK)
		return code;
	buf_text(&sql, "INSERT OR REPLACE INTO left_out VALUES(?,?,?)");
	return db_prepare(file->db, &sql, &file->put_left_out);
}

bool evidence_open(struct evidence_file *file, const char *folder, int64_t day,
		   struct trouble *trouble)
{
	char path[PATH_MAX];
	day_path(folder, DAYS_EVIDENCE, day, path, sizeof(path));
	*file = (struct evidence_file){ .day = day, .left_out_us = UNKNOWN_TIME };
	file->db = file_open(path, &evidence_kind, trouble);
	if (file->db == NULL)
		return false;
	int code = prepare(file);
	if (code != SQLITE_OK) {
		trouble_of(trouble, file->db, code, path);
		evidence_close(file);
		return false;
	}
	file->row = db_number(file->db, "SELECT max(id)FROM evidence", 0) + 1;
	pack_begin(&file->pack);
	return true;
}

void evidence_close(struct evidence_file *file)
{
	sqlite3_finalize(file->put);
	sqlite3_finalize(file->put_left_out);
	wal_leave(&file->wal);
	sqlite3_close(file->db);
	pack_free(&file->pack);
	*file = (struct evidence_file){ 0 };
}

/* ---- writing ---- */

static int put_block(struct evidence_file *file)
{
	const struct pack *pack = &file->pack;
	if (!buf_ok(&pack->bytes))
		return SQLITE_NOMEM;
	file->is_changed = false;
	if (pack->count == 0)
		return SQLITE_OK;
	sqlite3_bind_int64(file->put, 1, file->row);
	sqlite3_bind_int64(file->put, 2, pack->first_us);
	sqlite3_bind_int64(file->put, 3, pack->last_us);
	sqlite3_bind_int64(file->put, 4, pack->count);
	sqlite3_bind_blob(file->put, 5, pack->bytes.at, (int)pack->bytes.len,
			  SQLITE_STATIC);
	return db_finish(file->put);
}

static int next_block(struct evidence_file *file)
{
	int code = put_block(file);
	file->row++;
	pack_begin(&file->pack);
	return code;
}

static void leave_out(struct evidence_file *file, int64_t at_us, uint64_t count)
{
	bool goes_on = file->left_out_us != UNKNOWN_TIME &&
		       at_us >= file->left_out_us &&
		       at_us <= file->left_out_last_us + JOIN_S * SECOND_US;
	if (!goes_on) {
		file->left_out_us = file->left_out_last_us = at_us;
		file->left_out = 0;
	}
	if (at_us > file->left_out_last_us)
		file->left_out_last_us = at_us;
	file->left_out += count;
}

static int put_left_out(struct evidence_file *file)
{
	if (file->left_out == 0)
		return SQLITE_OK;
	sqlite3_bind_int64(file->put_left_out, 1, file->left_out_us);
	sqlite3_bind_int64(file->put_left_out, 2, file->left_out_last_us);
	sqlite3_bind_int64(file->put_left_out, 3, (int64_t)file->left_out);
	return db_finish(file->put_left_out);
}

/* What one call adds: those that gave way come with it. */
struct adding {
	struct evidence_file *file;
	struct evidence_choice *choice;
	int code;
};

static void add(struct adding *adding, enum record_kind kind, const void *record)
{
	struct evidence_file *file = adding->file;
	enum ration_class class;
	file->is_changed = true;
	if (!ration_take(&adding->choice->ration, kind, record, &class)) {
		int64_t at_us = evidence_time(kind, record);
		if (file->left_out_us != UNKNOWN_TIME &&
		    at_us > file->left_out_last_us + JOIN_S * SECOND_US)
			adding->code = put_left_out(file);
		leave_out(file, at_us, 1);
		return;
	}
	size_t before = file->pack.bytes.len;
	pack_add(&file->pack, kind, record);
	ration_charge(&adding->choice->ration, class, file->pack.bytes.len - before);
	if (pack_is_full(&file->pack))
		adding->code = next_block(file);
}

static void add_flow(void *to, const struct flow_record *flow)
{
	struct adding *adding = to;
	if (adding->code == SQLITE_OK)
		add(adding, RECORD_flow, flow);
}

int evidence_add(struct evidence_file *file, struct evidence_choice *choice,
		 enum record_kind kind, const void *record)
{
	struct adding adding = { file, choice, SQLITE_OK };
	alike_flush(&choice->alike, evidence_time(kind, record), add_flow, &adding);
	if (kind != RECORD_flow ||
	    alike_keeps(&choice->alike, record, add_flow, &adding))
		add(&adding, kind, record);
	return adding.code;
}

int evidence_end(struct evidence_file *file)
{
	if (!file->is_changed)
		return SQLITE_OK;
	int code = put_block(file);
	return code != SQLITE_OK ? code : put_left_out(file);
}
