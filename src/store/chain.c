/*
 * chain.c: see chain.h.
 */
#include "store/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "record/digest.h"
#include "store/file.h"
#include "store/store.h"
#include "store/table.h"

enum { PRUNED_AT_ONCE = 4096 };

bool store_audit_hash(const char *before, const struct audit_record *audit,
		      field_text64 out)
{
	struct audit_record bare = *audit;
	memset(bare.hash, 0, sizeof(bare.hash));
	return digest_record(before, RECORD_audit, &bare, out);
}

/* ---- opening ---- */

static void column_text(sqlite3_stmt *stmt, int at, field_text64 out)
{
	const char *text = (const char *)sqlite3_column_text(stmt, at);
	record_text(out, sizeof(field_text64), text != NULL ? text : "");
}

static void read_last_record(struct chain *chain)
{
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v2(chain->db,
			       "SELECT seq,hash FROM audit ORDER BY seq DESC LIMIT 1",
			       -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		chain->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
		column_text(stmt, 1, chain->hash);
	}
	sqlite3_finalize(stmt);
}

static void read_last_checkpoint(struct chain *chain, field_text64 hash)
{
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v2(chain->db,
			       "SELECT number,seq,first,hash,\"before\",\"key\" "
			       "FROM checkpoint ORDER BY number DESC LIMIT 1",
			       -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		chain->number = (uint64_t)sqlite3_column_int64(stmt, 0);
		chain->held = (uint64_t)sqlite3_column_int64(stmt, 1);
		chain->first = (uint64_t)sqlite3_column_int64(stmt, 2);
		column_text(stmt, 3, hash);
		column_text(stmt, 4, chain->before);
		column_text(stmt, 5, chain->key);
	}
	sqlite3_finalize(stmt);
}

void chain_open(struct chain *chain, sqlite3 *db, sqlite3_stmt *put,
		sqlite3_stmt *checkpoint)
{
	field_text64 hash = "";
	*chain = (struct chain){ .db = db, .put = put, .checkpoint = checkpoint };
	read_last_record(chain);
	read_last_checkpoint(chain, hash);
	chain->number_found = chain->number;
	chain->held_found = chain->held;
	if (chain->number == 0) {
		/* Of before there were checkpoints: as it is found. */
		chain->first = (uint64_t)db_number(db, "SELECT min(seq) FROM audit", 1);
		return;
	}
	if (chain->seq < chain->held) {
		chain->missing_from = chain->seq + 1;
		chain->missing_to = chain->seq = chain->held;
		memcpy(chain->hash, hash, sizeof(hash));
	} else if (chain->seq > chain->held) {
		chain->unsigned_from = chain->held + 1;
		chain->unsigned_to = chain->seq;
	}
}

/* ---- records ---- */

/* What is no UTF-8 others keep in another way, whose hash would be another, too. */
static void make_utf8(struct audit_record *audit)
{
	char *const texts[] = { audit->actor, audit->subject, audit->before,
				audit->after, audit->digest };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t len;
		for (char *at = texts[i]; *at != '\0'; at += len) {
			len = buf_utf8_sequence((const unsigned char *)at);
			if (len == 0) {
				*at = '?';
				len = 1;
			}
		}
	}
}

static int insert(struct chain *chain, struct audit_record *next)
{
	struct bind_scratch scratch;
	if (!store_audit_hash(chain->hash, next, next->hash))
		return SQLITE_NOMEM;
	columns_bind(chain->put, 1, RECORD_audit, ALL_FIELDS, next, &scratch);
	return db_finish(chain->put);
}

int chain_put(struct chain *chain, const struct audit_record *audit)
{
	struct audit_record next = *audit;
	make_utf8(&next);
	next.seq = chain->seq + 1;
	int code = insert(chain, &next);
	if ((code & 0xff) == SQLITE_CONSTRAINT) {
		/* Somebody else has written there: ours goes behind, and what is not
		 * ours does not fit into the chain. */
		next.seq = (uint64_t)db_number(chain->db, "SELECT max(seq) FROM audit",
					       0) +
			   1;
		code = insert(chain, &next);
	}
	if (code != SQLITE_OK)
		return code;
	chain->seq = next.seq;
	memcpy(chain->hash, next.hash, sizeof(chain->hash));
	return SQLITE_OK;
}

uint64_t chain_unsigned(const struct chain *chain)
{
	return chain->seq > chain->held ? chain->seq - chain->held : 0;
}

/* ---- what the chain says of itself ---- */

static int say(struct chain *chain, const char *action, int64_t now_us,
	       const char *subject, const char *before, const char *after)
{
	struct audit_record audit;
	record_init(RECORD_audit, &audit);
	audit.at = now_us;
	audit.action = action;
	record_text(audit.actor, sizeof(audit.actor), "breakwater");
	record_text(audit.subject, sizeof(audit.subject), subject);
	record_text(audit.before, sizeof(audit.before), before);
	record_text(audit.after, sizeof(audit.after), after);
	return chain_put(chain, &audit);
}

static int say_range(struct chain *chain, const char *action, int64_t now_us,
		     uint64_t from, uint64_t to)
{
	char range[48];
	if (from == 0)
		return SQLITE_OK;
	snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, from, to);
	return say(chain, action, now_us, range, "", "");
}

/* The chain itself says by which key it is signed from here on. */
static int say_key(struct chain *chain, int64_t now_us)
{
	const struct seal_key *key = seal_key_of(chain->seal);
	char public[2 * SEAL_PUBLIC_LEN + 1];
	if (strcmp(key->id, chain->key) == 0)
		return SQLITE_OK;
	hex_text(public, key->at, sizeof(key->at));
	int code = say(chain, "key", now_us, key->id, chain->key, public);
	if (code == SQLITE_OK)
		memcpy(chain->key, key->id, sizeof(chain->key));
	return code;
}

static int say_found(struct chain *chain, int64_t now_us)
{
	int code = say_range(chain, "unsigned", now_us, chain->unsigned_from,
			     chain->unsigned_to);
	if (code == SQLITE_OK)
		code = say_range(chain, "missing", now_us, chain->missing_from,
				 chain->missing_to);
	if (code == SQLITE_OK)
		chain->unsigned_from = chain->missing_from = 0;
	return code == SQLITE_OK ? say_key(chain, now_us) : code;
}

/* ---- checkpoints ---- */

static int put_checkpoint(struct chain *chain, int64_t now_us,
			  struct checkpoint_record *out)
{
	struct bind_scratch scratch;
	record_init(RECORD_checkpoint, out);
	out->number = chain->number + 1;
	out->at = now_us;
	out->seq = chain->seq;
	out->first = chain->first;
	memcpy(out->hash, chain->hash, sizeof(out->hash));
	memcpy(out->before, chain->before, sizeof(out->before));
	if (!seal_sign(chain->seal, out))
		return SQLITE_NOMEM;
	columns_bind(chain->checkpoint, 1, RECORD_checkpoint, ALL_FIELDS, out,
		     &scratch);
	int code = db_finish(chain->checkpoint);
	if (code != SQLITE_OK)
		return code;
	chain->number = out->number;
	chain->held = out->seq;
	return SQLITE_OK;
}

int chain_sign(struct chain *chain, int64_t now_us,
	       struct checkpoint_record *checkpoint)
{
	int code = say_found(chain, now_us);
	return code == SQLITE_OK ? put_checkpoint(chain, now_us, checkpoint) : code;
}

/* ---- retention ---- */

/* True if the record is as it was written, behind one of that hash. */
static bool follows(const struct audit_record *audit, const char *before)
{
	field_text64 hash;
	return store_audit_hash(before, audit, hash) && strcmp(hash, audit->hash) == 0;
}

static int prepare_oldest(const struct chain *chain, sqlite3_stmt **stmt)
{
	struct buf sql = { 0 };
	buf_text(&sql, "SELECT ");
	columns_list(&sql, RECORD_audit, ALL_FIELDS, "");
	columns_end(&sql, " FROM audit WHERE seq<?1 ORDER BY seq LIMIT ?2");
	int code = db_prepare(chain->db, &sql, stmt);
	if (code != SQLITE_OK)
		return code;
	sqlite3_bind_int64(*stmt, 1, (int64_t)chain->held);
	return sqlite3_bind_int(*stmt, 2, PRUNED_AT_ONCE);
}

/*
 * How far the records are old: by number, so that a clock that was set back leaves no
 * hole, and only while they follow one another: what somebody has changed is no case
 * for retention.
 */
static int find_begin(const struct chain *chain, int64_t before_us, uint64_t *begin,
		      field_text64 hash)
{
	sqlite3_stmt *stmt = NULL;
	struct audit_record audit;
	int code = prepare_oldest(chain, &stmt);
	bool is_known = chain->first == 1 || chain->before[0] != '\0';
	while (code == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		record_init(RECORD_audit, &audit);
		columns_read(stmt, 0, RECORD_audit, ALL_FIELDS, &audit);
		if (audit.at >= before_us || audit.seq != *begin ||
		    (is_known && !follows(&audit, hash)))
			break;
		is_known = true;
		*begin = audit.seq + 1;
		memcpy(hash, audit.hash, sizeof(field_text64));
	}
	sqlite3_finalize(stmt);
	return code;
}

int chain_prune(struct chain *chain, int64_t before_us, int64_t now_us, bool *more)
{
	field_text64 hash;
	struct checkpoint_record checkpoint;
	uint64_t begin = chain->first;
	char sql[160];
	if (chain->seal == NULL || chain->number == 0)
		return SQLITE_OK;
	memcpy(hash, chain->before, sizeof(hash));
	int code = find_begin(chain, before_us, &begin, hash);
	if (code != SQLITE_OK || begin <= chain->first)
		return code;
	*more = *more || begin - chain->first >= PRUNED_AT_ONCE;
	chain->first = begin;
	memcpy(chain->before, hash, sizeof(hash));
	code = put_checkpoint(chain, now_us, &checkpoint);
	snprintf(sql, sizeof(sql),
		 "DELETE FROM audit WHERE seq<%" PRIu64
		 ";DELETE FROM checkpoint WHERE seq<%" PRIu64,
		 begin, begin);
	return code == SQLITE_OK ? db_run(chain->db, sql) : code;
}
