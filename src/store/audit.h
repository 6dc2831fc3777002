/*
 * audit.h: whether the audit chain of a store is what was written.
 *
 * Each record's hash covers the one before, so a change of one breaks the chain there;
 * checkpoints sign hashes, so that nobody without the key can mend it; copies of
 * checkpoints that are kept elsewhere speak against who has the key.  Works without a
 * daemon and beside one, on one state of the file.
 */
#pragma once

#include "record/record.h"
#include "store/seal.h"
#include "store/store.h"

enum { AUDIT_KEYS_MAX = 64 };

struct audit_fault {
	const char *what;  /* changed, missing, inserted, rewritten, truncated,
			      checkpoint_changed, checkpoint_missing, forked, key,
			      unsigned, clock */
	bool is_notice;    /* worth knowing, and no fault */
	uint64_t from, to; /* records of the chain; 0: it is about none */
	int64_t at_us;    /* of the first of them, or of the checkpoint; UNKNOWN_TIME */
	const char *text; /* one sentence */
};

struct audit_verdict {
	uint64_t records, first, last;  /* in the chain */
	uint64_t checkpoints, copies;   /* that hold: of the store, of elsewhere */
	uint64_t held, faults, notices; /* the last record that a checkpoint holds */
	int64_t held_us;                /* when it was signed */
	field_text64 key;               /* by which key */
	bool is_in_doubt;               /* no fault, and not all could be checked */
};

struct audit_check_sink {
	void *self;
	void (*fault)(void *self, const struct audit_fault *fault);
	/* Now and then; false: end. NULL: not wanted. */
	bool (*goes_on)(void *self, uint64_t records);
};

struct audit_check;

/*
 * keys: those that may have signed; count 0: the one of the folder, and those that the
 * chain names, which is enough against who does not have the key.  NULL with one line
 * in error and the exit status.
 */
struct audit_check *audit_check_open(const char *folder, const struct seal_key *keys,
				     size_t count, const struct audit_check_sink *sink,
				     char error[static STORE_ERROR_MAX], int *status);

/* The chain and its checkpoints. 0; or -ECANCELED, -EIO with one line in error. */
int audit_check_run(struct audit_check *check, char error[static STORE_ERROR_MAX]);

/* Then: a copy of a checkpoint, from elsewhere; older than the opening. */
void audit_check_copy(struct audit_check *check,
		      const struct checkpoint_record *checkpoint);

/* Then: where the chain begins and ends; NULL: it was not gone through.  Frees it. */
void audit_check_close(struct audit_check *check, struct audit_verdict *verdict);
