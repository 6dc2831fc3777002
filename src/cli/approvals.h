/*
 * approvals.h: the register in force against what the store last said of it.
 *
 * The register is a file; who asks later what was allowed when needs each of its
 * changes as a record.  So the last record of each entry is remembered, from the store
 * over restarts, and what differs is told: also what was edited while nothing ran.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"
#include "record/record.h"
#include "store/store.h"

/* A review that somebody made, of those entries. */
struct approvals_review {
	const field_text32 *ids;
	size_t count;
	const char *by, *comment;
};

struct approvals_known;
struct approvals {
	struct approvals_known *known; /* owned; by id */
	size_t count, room;
	uint32_t interval_s; /* from a review to the next one; 0: none is asked for */
	int64_t due_us;      /* something expires then; INT64_MAX: nothing will */
	bool is_unread;      /* nobody knows what was told: open it again */
};

/*
 * The store of that folder.  False without memory.  is_unread with one line in error:
 * there is one, and it can't be read now, or not all of it, so nothing is to be
 * settled: entries would seem new, and begin to be due anew.
 */
bool approvals_open(struct approvals *approvals, const char *folder,
		    char error[static STORE_ERROR_MAX]);
void approvals_close(struct approvals *approvals);

/*
 * before: as it was last told; NULL: it is new.  Both are borrowed for the call.
 */
typedef void (*approvals_take)(void *to, const struct approval_record *now,
			       const struct approval_record *before);

/*
 * Tells each entry that is new, changed, reviewed, expired or gone by that time.
 * policy: NULL: no register is in force; review: NULL: there was none.  False without
 * memory: the next call tells what this one did not.
 */
bool approvals_settle(struct approvals *approvals, const struct policy *policy,
		      const struct approvals_review *review, int64_t now_us,
		      approvals_take take, void *to);

/* Those in force, or expired. */
void approvals_each(const struct approvals *approvals,
		    void (*take)(void *to, const struct approval_record *approval),
		    void *to);

/* When a review of it is due; UNKNOWN_TIME: none is asked for. */
int64_t approvals_due(const struct approval_record *approval, uint32_t interval_s);
