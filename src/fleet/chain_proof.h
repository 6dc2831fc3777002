/*
 * chain_proof.h: whether the audit chain that a sensor told is one chain, and signed.
 *
 * Records and checkpoints come in the order of their numbers, each as often as it was
 * told.  Where two records have one number, both are followed on: of a history that was
 * written anew, and of a machine that was set up anew and joined by its old name, the
 * chain has several ends.  No I/O, no clock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"
#include "store/audit.h"

enum { CHAIN_ENDS_MAX = 4, CHAIN_JOINS_MAX = 16 };

struct chain_end {
	uint64_t seq, first;       /* the last record, and the first of this branch */
	uint64_t number, held;     /* the last checkpoint; the record that it holds */
	int64_t at_us, first_us;   /* of both records; UNKNOWN_TIME */
	int64_t latest_us;         /* of all: a later one may say that it is older */
	int64_t held_us;           /* when that one was signed */
	field_text64 hash, before; /* of the last record, and of the one before */
	bool knows_before;
	bool is_branch; /* it begins beside another one */
	field_text64 key;
};

struct chain_proof {
	struct audit_check_sink sink; /* of faults and notices */
	const struct seal_key *keys;  /* that may have signed, borrowed; or */
	size_t key_count;             /* 0: of each branch that which signed first */
	int64_t joined_us[CHAIN_JOINS_MAX]; /* when it joined, as hubs said */
	size_t join_count;
	/* Told: */
	struct chain_end ends[CHAIN_ENDS_MAX];
	size_t count;
	uint64_t records, checkpoints; /* as told, but each once */
	uint64_t faults, notices;
	const char *what;    /* the gravest fault; NULL: none */
	field_text256 fault; /* in a sentence */
};

void chain_proof_audit(struct chain_proof *proof, const struct audit_record *audit);
void chain_proof_checkpoint(struct chain_proof *proof,
			    const struct checkpoint_record *checkpoint);
/* That the machine joined by that name then; before chain_proof_end(). */
void chain_proof_joined(struct chain_proof *proof, int64_t at_us);
/* What is to be said of begin and ends; may be called again after more has come. */
void chain_proof_end(struct chain_proof *proof, struct audit_verdict *verdict);

/*
 * In one word: holds, unsigned (nothing was signed yet), or the gravest fault as
 * audit.h has it.
 */
const char *chain_proof_word(const struct chain_proof *proof);
/* Two ends, and the one that goes on has another key, or none yet: a machine that was
 * set up anew, or a fork. */
bool chain_proof_may_be_anew(const struct chain_proof *proof);
/* Such a word: there is a fault. */
bool chain_is_bad(const char *word);
/* The end that goes on; NULL: nothing was told. */
const struct chain_end *chain_proof_last(const struct chain_proof *proof);
