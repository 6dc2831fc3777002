/*
 * audit_check.h: what the files of the audit check share.  Private to the room.
 */
#pragma once

#include "store/audit.h"
#include "store/reading.h"

struct audit_check {
	struct store_reader *reader;
	struct audit_check_sink sink;
	struct audit_verdict verdict;
	struct seal_key keys[AUDIT_KEYS_MAX];
	size_t key_count;
	bool is_key_given;
	struct seal_key own; /* of the folder, if there is one */
	bool has_own;
	/* Of the record before. */
	uint64_t seq;
	int64_t at_us;
	field_text64 hash, right_hash; /* as it stands there; as it should be */
	struct audit_record begin;     /* the first of all */
	/* Of checkpoints. */
	sqlite3_stmt *find_hash, *find_checkpoint;
	uint64_t number_first, number; /* 0: there are none */
	uint64_t first;                /* where the chain begins, by the newest */
	field_text64 before;
	uint64_t good; /* the last record up to which all is right */
	bool is_rewritten;
	uint64_t promised; /* the last record that any checkpoint speaks of */
	int64_t promised_us;
};

__attribute__((format(printf, 6, 7))) void audit_tell(struct audit_check *check,
						      const char *what, uint64_t from,
						      uint64_t to, int64_t at_us,
						      const char *format, ...);
/* The same of what is no fault. */
__attribute__((format(printf, 6, 7))) void audit_note(struct audit_check *check,
						      const char *what, uint64_t from,
						      uint64_t to, int64_t at_us,
						      const char *format, ...);

/*
 * Gives every row of a kind, in the order of that column, and whether it holds what the
 * monitor writes, until take() says to end: SQLITE_INTERRUPT. SQLite's code.
 */
typedef bool (*audit_take)(struct audit_check *check, const void *record, bool holds);
int audit_check_rows(struct audit_check *check, enum record_kind kind,
		     const char *order, audit_take take);

/* All records in order. SQLite's code. */
int audit_check_records(struct audit_check *check);

/* The checkpoints of the store. SQLite's code. */
int audit_check_checkpoints(struct audit_check *check);
