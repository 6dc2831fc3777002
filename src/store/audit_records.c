/*
 * audit_records.c: each record of the chain against the one before; see audit.h.
 */
#include <inttypes.h>
#include <string.h>

#include "base/hex.h"
#include "store/audit_check.h"
#include "store/file.h"

enum { TELL_RECORDS = 10000 };

/* Which keys the chain itself names. */
static void learn_key(struct audit_check *check, const struct audit_record *audit)
{
	uint8_t at[SEAL_PUBLIC_LEN];
	struct seal_key key;
	if (check->is_key_given || check->key_count == AUDIT_KEYS_MAX ||
	    !hex_read(audit->after, at, sizeof(at)))
		return;
	seal_key_from(at, &key);
	check->keys[check->key_count++] = key;
	if (audit->before[0] == '\0')
		return;
	audit_note(check, "key", audit->seq, audit->seq, audit->at,
		   "the key was replaced by %s; name the public keys that are right "
		   "(--key)",
		   key.id);
	check->verdict.is_in_doubt = true;
}

/* What the monitor itself said about its chain. */
static void take_word(struct audit_check *check, const struct audit_record *audit)
{
	if (audit->action == NULL)
		return;
	if (strcmp(audit->action, "key") == 0)
		learn_key(check, audit);
	else if (strcmp(audit->action, "unsigned") == 0)
		audit_note(check, "unsigned", audit->seq, audit->seq, audit->at,
			   "records %s were not signed when the monitor ended: it was "
			   "killed, or somebody has added them",
			   audit->subject);
	else if (strcmp(audit->action, "missing") == 0)
		audit_note(check, "missing", audit->seq, audit->seq, audit->at,
			   "at its start the monitor found that records %s were gone",
			   audit->subject);
}

static void check_clock(struct audit_check *check, const struct audit_record *audit)
{
	if (check->at_us != UNKNOWN_TIME && audit->at < check->at_us)
		audit_note(check, "clock", audit->seq, audit->seq, audit->at,
			   "the time goes back by %.1f s: a clock was set",
			   ((double)check->at_us - (double)audit->at) / 1e6);
	check->at_us = audit->at;
}

static void check_link(struct audit_check *check, const struct audit_record *audit,
		       field_text64 right_hash)
{
	field_text64 other;
	store_audit_hash(check->hash, audit, right_hash);
	if (strcmp(right_hash, audit->hash) == 0)
		return;
	store_audit_hash(check->right_hash, audit, other);
	if (strcmp(other, audit->hash) == 0) {
		/* It follows from what the one before was. */
		memcpy(right_hash, other, sizeof(other));
		return;
	}
	audit_tell(check, "changed", check->seq, audit->seq, audit->at,
		   "record %" PRIu64 " is not what followed record %" PRIu64
		   ": one of the two was changed",
		   audit->seq, check->seq);
}

static void take_first(struct audit_check *check, const struct audit_record *audit)
{
	check->begin = *audit;
	check->verdict.first = audit->seq;
	memcpy(check->right_hash, audit->hash, sizeof(audit->hash));
}

static void take(struct audit_check *check, const struct audit_record *audit)
{
	field_text64 right_hash;
	memcpy(right_hash, audit->hash, sizeof(right_hash));
	if (check->verdict.records == 0)
		take_first(check, audit);
	else if (audit->seq != check->seq + 1)
		audit_tell(check, "missing", check->seq + 1, audit->seq - 1, audit->at,
			   "records %" PRIu64 " to %" PRIu64 " are missing",
			   check->seq + 1, audit->seq - 1);
	else
		check_link(check, audit, right_hash);
	take_word(check, audit);
	check_clock(check, audit);
	check->verdict.records++;
	check->verdict.last = check->seq = audit->seq;
	memcpy(check->hash, audit->hash, sizeof(check->hash));
	memcpy(check->right_hash, right_hash, sizeof(check->right_hash));
}

static bool goes_on(const struct audit_check *check)
{
	return check->sink.goes_on == NULL ||
	       check->verdict.records % TELL_RECORDS != 0 ||
	       check->sink.goes_on(check->sink.self, check->verdict.records);
}

static bool take_row(struct audit_check *check, const void *record, bool holds)
{
	const struct audit_record *audit = record;
	if (!holds)
		audit_tell(check, "changed", audit->seq, audit->seq, audit->at,
			   "record %" PRIu64 " has what the monitor does not write",
			   audit->seq);
	take(check, audit);
	return goes_on(check);
}

int audit_check_records(struct audit_check *check)
{
	return audit_check_rows(check, RECORD_audit, "seq", take_row);
}
