/*
 * chain.h: the audit chain as its writer keeps it.  Private to the room.
 *
 * Each record's hash covers the one before; a checkpoint signs the hash of the last.
 * What is signed is what was written here, not what is found in the file: if records
 * are missing that a checkpoint holds, the chain goes on behind it, so that the gap
 * shows.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"
#include "store/seal.h"

struct chain {
	sqlite3 *db;                    /* borrowed */
	sqlite3_stmt *put, *checkpoint; /* borrowed: the inserts of both tables */
	const struct seal *seal;        /* borrowed; NULL: nothing can be signed */
	uint64_t seq, first;            /* the last record; the oldest that is kept */
	field_text64 hash, before;      /* of the last; of the one before the oldest */
	uint64_t number, held;          /* the last checkpoint, and its seq ... */
	uint64_t number_found, held_found; /* ... as it was when this was opened */
	field_text64 key;
	/* What was found when it was opened, and is not said yet: 0 none. */
	uint64_t unsigned_from, unsigned_to, missing_from, missing_to;
};

/* Where the tables end. */
void chain_open(struct chain *chain, sqlite3 *db, sqlite3_stmt *put,
		sqlite3_stmt *checkpoint);

/* seq and hash are set here. SQLite's code. */
int chain_put(struct chain *chain, const struct audit_record *audit);

/* Records that no checkpoint holds. */
uint64_t chain_unsigned(const struct chain *chain);

/*
 * Within a transaction: says what was found and which key it is, and signs. SQLite's
 * code; *checkpoint is what was written.
 */
int chain_sign(struct chain *chain, int64_t now_us,
	       struct checkpoint_record *checkpoint);

/*
 * Within a transaction: deletes the oldest records of before that time, a number of
 * them, and signs where the chain begins now.  The last one stays; without a key all
 * do.  *more: some are left.  SQLite's code.
 */
int chain_prune(struct chain *chain, int64_t before_us, int64_t now_us, bool *more);
