/*
 * hindsight.h: what rules would have done: evidence of the past through the detectors
 * and the decisions that work live.
 *
 * Time comes with the records, and nothing is done: the same evidence and rules give
 * the same blocks each time.  Thresholds are not shaken as they are live
 * (detect/sources.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/blocklists.h"
#include "config/config.h"
#include "policy/never.h"
#include "record/record.h"

struct home;

/* Blocklists are borrowed until hindsight_free(). */
struct hindsight_rules {
	const struct config *config;
	const struct blocklists *blocklists;
	const struct never *never;
	const struct home *own, *home;
};

/* More blocks than that are counted, no more. */
enum { HINDSIGHT_BLOCKS = 16384 };

struct hindsight_sum {
	uint64_t blocks, limits, sources;
	uint64_t cut;      /* of the sources: clients that were served before */
	uint64_t vetoed;   /* not made, as something spoke against it */
	uint64_t clients;  /* that were served in the last 30 days of it */
	uint64_t left_out; /* blocks beyond HINDSIGHT_BLOCKS */
};

struct hindsight;
/* NULL without memory. */
struct hindsight *hindsight_new(const struct hindsight_rules *rules);
void hindsight_free(struct hindsight *hindsight);

/* Listeners and evidence, in the order in which they came. */
void hindsight_listener(struct hindsight *hindsight,
			const struct listener_record *listener);
void hindsight_evidence(struct hindsight *hindsight, enum record_kind kind,
			const void *record);
void hindsight_finish(struct hindsight *hindsight);

/* Blocks in order of their begin, as they last were; borrowed. */
const struct block_record *hindsight_blocks(const struct hindsight *hindsight,
					    size_t *count);
void hindsight_sum(const struct hindsight *hindsight, struct hindsight_sum *sum);

/*
 * Sets change of all: of those that only one side has, of pairs (the same source, at
 * the same time or nearly) what is different.  NULL: there is no pair.
 */
struct hindsight_pair {
	const struct block_record *in_force, *file;
};
typedef void (*hindsight_take)(void *to, const struct hindsight_pair *pair,
			       const char *change);
/* In order of their begin. */
void hindsight_compare(const struct block_record *in_force, size_t in_force_count,
		       const struct block_record *file, size_t file_count,
		       hindsight_take take, void *to);
