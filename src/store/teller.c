/*
 * teller.c: see telling.h and teller.h.
 */
#include "store/teller.h"

#include <string.h>

#include "store/meta.h"
#include "store/table.h"
#include "store/writer.h"

enum { TOLD_AT_ONCE = 256 };

void store_tell(struct store *store, const struct store_telling *to,
		const struct chain_told *told)
{
	pthread_mutex_lock(&store->lock);
	store->teller = (struct teller){ .to = *to, .told = *told };
	pthread_mutex_unlock(&store->lock);
}

/* ---- where it begins ---- */

/* The hash of that record; "": it is not there.  False: that can't be read now. */
static bool read_hash(sqlite3 *db, uint64_t seq, field_text64 out)
{
	sqlite3_stmt *stmt = NULL;
	out[0] = '\0';
	int code = sqlite3_prepare_v2(db, "SELECT hash FROM audit WHERE seq=?", -1,
				      &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 1, (int64_t)seq);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(stmt, 0);
		record_text(out, sizeof(field_text64), text != NULL ? text : "");
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

/*
 * If the last one that was told is another one now, that one is told again: who has
 * both sees that they are two.  If it is gone, as are those of a file that was damaged,
 * or as nothing was told yet, all begins with what was signed last before this run.
 */
static void find_begin(struct teller *teller, const struct chain *chain)
{
	field_text64 hash;
	struct chain_told *told = &teller->told;
	if (!read_hash(chain->db, told->seq, hash))
		return; /* it is looked for again */
	bool is_there = hash[0] != '\0' && told->number <= chain->number;
	if (is_there && strcmp(hash, told->hash) != 0) {
		told->seq--;
	} else if (!is_there) {
		told->number = chain->number_found > 0 ? chain->number_found - 1 : 0;
		told->seq = chain->held_found;
	}
	teller->is_found = true;
}

/* ---- on disk ---- */

/*
 * What others commit lately may be gone after a power failure; a commit that waits for
 * the disk takes all before it along.
 */
static bool make_sure(struct store *store, struct teller *teller,
		      const struct chain *chain)
{
	sqlite3 *db = store->trunk.db;
	if (teller->seq == chain->seq && teller->number == chain->number)
		return true;
	db_run(db, "PRAGMA synchronous=FULL");
	int code = meta_put(db, "chain_sure", (int64_t)chain->seq);
	db_run(db, "PRAGMA synchronous=NORMAL");
	if (code != SQLITE_OK)
		return false;
	teller->seq = chain->seq;
	teller->number = chain->number;
	return true;
}

/* ---- telling ---- */

void chain_told_note(struct chain_told *told, enum record_kind kind, const void *record)
{
	const struct audit_record *audit = record;
	const struct checkpoint_record *checkpoint = record;
	bool is_audit = kind == RECORD_audit;
	uint64_t seq = is_audit ? audit->seq : checkpoint->seq;
	if (!is_audit)
		told->number = checkpoint->number;
	if (seq < told->seq)
		return;
	told->seq = seq;
	memcpy(told->hash, is_audit ? audit->hash : checkpoint->hash,
	       sizeof(told->hash));
}

/* What is next of either; a checkpoint when all that it holds is told. */
static int prepare(sqlite3 *db, enum record_kind kind, const struct chain_told *told,
		   sqlite3_stmt **stmt)
{
	struct buf sql = { 0 };
	buf_text(&sql, "SELECT ");
	columns_list(&sql, kind, ALL_FIELDS, "");
	columns_end(&sql, kind == RECORD_audit
				  ? " FROM audit WHERE seq>?1 ORDER BY seq"
				  : " FROM checkpoint WHERE seq<=?1 AND number>?2 "
				    "ORDER BY number");
	buf_printf(&sql, " LIMIT %d", TOLD_AT_ONCE);
	int code = db_prepare(db, &sql, stmt);
	if (code != SQLITE_OK)
		return code;
	sqlite3_bind_int64(*stmt, 1, (int64_t)told->seq);
	if (kind == RECORD_checkpoint)
		sqlite3_bind_int64(*stmt, 2, (int64_t)told->number);
	return SQLITE_OK;
}

/* False: there is no room for more now. */
static bool tell_next(struct store *store, struct teller *teller, enum record_kind kind)
{
	union {
		struct audit_record audit;
		struct checkpoint_record checkpoint;
	} row;
	sqlite3_stmt *stmt = NULL;
	struct chain_told told = teller->told;
	bool goes_on = prepare(store->trunk.db, kind, &told, &stmt) == SQLITE_OK;
	while (goes_on && sqlite3_step(stmt) == SQLITE_ROW) {
		record_init(kind, &row);
		columns_read(stmt, 0, kind, ALL_FIELDS, &row);
		goes_on = teller->to.tell(teller->to.self, kind, &row);
		if (goes_on)
			chain_told_note(&told, kind, &row);
	}
	sqlite3_finalize(stmt);
	teller->told = told;
	return goes_on;
}

static void tell(struct store *store, struct teller *teller)
{
	const struct chain *chain = events_chain(store->trunk.events);
	const struct chain_told *told = &teller->told;
	/* A damaged file was set aside, and another chain begun. */
	bool went_back = told->seq > chain->seq || told->number > chain->number;
	if (!teller->is_found || went_back)
		find_begin(teller, chain);
	if (!teller->is_found)
		return;
	bool is_all = told->seq >= chain->seq && told->number >= chain->number;
	if (!is_all && make_sure(store, teller, chain) &&
	    tell_next(store, teller, RECORD_checkpoint))
		tell_next(store, teller, RECORD_audit);
}

void teller_work(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	struct teller teller = store->teller;
	pthread_mutex_unlock(&store->lock);
	if (teller.to.tell == NULL || !store->has_trunk)
		return;
	tell(store, &teller);
	pthread_mutex_lock(&store->lock);
	store->teller = teller;
	pthread_mutex_unlock(&store->lock);
}
