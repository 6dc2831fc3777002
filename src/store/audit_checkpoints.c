/*
 * audit_checkpoints.c: the chain against what was signed; see audit.h.
 */
#include <inttypes.h>
#include <string.h>

#include "store/audit_check.h"
#include "store/file.h"

static const struct seal_key *key_of(const struct audit_check *check, const char *id)
{
	for (size_t i = 0; i < check->key_count; i++)
		if (strcmp(check->keys[i].id, id) == 0)
			return &check->keys[i];
	return NULL;
}

/* Whether one of the keys signed it; all has been said if not. */
static bool is_signed(struct audit_check *check, const struct checkpoint_record *c)
{
	const struct seal_key *key = key_of(check, c->key);
	if (key == NULL)
		audit_tell(check, "key", c->seq, c->seq, c->at,
			   "checkpoint %" PRIu64 " is signed by another key, %s",
			   c->number, c->key);
	else if (!seal_holds(key, c))
		audit_tell(check, "checkpoint_changed", c->seq, c->seq, c->at,
			   "checkpoint %" PRIu64
			   " was changed: its signature does not hold",
			   c->number);
	else
		return true;
	return false;
}

/* 1 it is the same, 0 another one, -1 there is none. */
static int compare_hash(struct audit_check *check, uint64_t seq, const char *hash)
{
	int result = -1;
	sqlite3_bind_int64(check->find_hash, 1, (int64_t)seq);
	if (sqlite3_step(check->find_hash) == SQLITE_ROW) {
		const char *found =
			(const char *)sqlite3_column_text(check->find_hash, 0);
		result = found != NULL && strcmp(found, hash) == 0;
	}
	sqlite3_reset(check->find_hash);
	return result;
}

/* A record that is missing was told of with the chain, or is at its end. */
static void check_hash(struct audit_check *check, const struct checkpoint_record *c)
{
	int is_same = compare_hash(check, c->seq, c->hash);
	if (is_same == 0 && !check->is_rewritten)
		audit_tell(check, "rewritten", check->good + 1, c->seq, c->at,
			   "records %" PRIu64 " to %" PRIu64
			   " are not those that checkpoint %" PRIu64 " holds",
			   check->good + 1, c->seq, c->number);
	check->is_rewritten = is_same == 0;
	if (is_same == 1)
		check->good = c->seq;
}

/* It is signed: what it says was so. */
static void believe(struct audit_check *check, const struct checkpoint_record *c)
{
	check_hash(check, c);
	if (c->first >= check->first && c->first != UNKNOWN_U64) {
		check->first = c->first;
		memcpy(check->before, c->before, sizeof(c->before));
	}
	if (c->seq >= check->promised) {
		check->promised = c->seq;
		check->promised_us = c->at;
	}
	if (c->seq >= check->verdict.held && c->seq <= check->verdict.last) {
		check->verdict.held = c->seq;
		check->verdict.held_us = c->at;
		memcpy(check->verdict.key, c->key, sizeof(c->key));
	}
}

static void check_number(struct audit_check *check, const struct checkpoint_record *c)
{
	if (check->number_first == 0)
		check->number_first = c->number;
	else if (c->number != check->number + 1)
		audit_tell(check, "checkpoint_missing", 0, 0, c->at,
			   "checkpoints %" PRIu64 " to %" PRIu64 " are missing",
			   check->number + 1, c->number - 1);
	check->number = c->number;
}

static bool take(struct audit_check *check, const void *record, bool holds)
{
	const struct checkpoint_record *c = record;
	if (!holds)
		audit_tell(check, "checkpoint_changed", c->seq, c->seq, c->at,
			   "checkpoint %" PRIu64 " has what the monitor does not write",
			   c->number);
	check_number(check, c);
	if (is_signed(check, c)) {
		check->verdict.checkpoints++;
		believe(check, c);
	}
	return true;
}

static int prepare(struct audit_check *check)
{
	sqlite3 *db = check->reader->db;
	int code = sqlite3_prepare_v2(db, "SELECT hash FROM audit WHERE seq=?", -1,
				      &check->find_hash, NULL);
	if (code != SQLITE_OK)
		return code;
	return sqlite3_prepare_v2(db, "SELECT signature FROM checkpoint WHERE number=?",
				  -1, &check->find_checkpoint, NULL);
}

int audit_check_checkpoints(struct audit_check *check)
{
	if (reading_fields(check->reader->db, "checkpoint", RECORD_checkpoint) == 0)
		return SQLITE_OK;
	check->good = check->verdict.first - 1;
	int code = prepare(check);
	if (code == SQLITE_OK)
		code = audit_check_rows(check, RECORD_checkpoint, "number", take);
	check->good = check->verdict.first - 1;
	check->is_rewritten = false;
	return code;
}

/* ---- copies ---- */

static void check_kept(struct audit_check *check, const struct checkpoint_record *c)
{
	const char *signature = NULL;
	if (check->find_checkpoint == NULL || c->number < check->number_first)
		return; /* by retention it goes with its records */
	sqlite3_bind_int64(check->find_checkpoint, 1, (int64_t)c->number);
	bool is_there = sqlite3_step(check->find_checkpoint) == SQLITE_ROW;
	if (is_there)
		signature =
			(const char *)sqlite3_column_text(check->find_checkpoint, 0);
	if (!is_there)
		audit_tell(check, "checkpoint_missing", c->seq, c->seq, c->at,
			   "checkpoint %" PRIu64
			   " is not in the store, but in what was kept elsewhere",
			   c->number);
	else if (signature == NULL || strcmp(signature, c->signature) != 0)
		audit_tell(check, "forked", c->seq, c->seq, c->at,
			   "checkpoint %" PRIu64
			   " of the store is another than the one kept elsewhere",
			   c->number);
	sqlite3_reset(check->find_checkpoint);
}

void audit_check_copy(struct audit_check *check, const struct checkpoint_record *c)
{
	if (!is_signed(check, c))
		return;
	check->verdict.copies++;
	check_kept(check, c);
	believe(check, c);
}
