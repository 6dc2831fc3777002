/*
 * aggregate.h: groups of records: how many each has, and sums, extremes and means.
 *
 * Costs bounded memory, however many groups there are.  When there are too many, those
 * with the least so far are merged into "others": what was added up stays exact in
 * others and groups together, and of a group that comes again no more is missing than
 * `short_by` says.
 */
#pragma once

#include "base/cardinality.h"
#include "base/hash.h"
#include "web/aggregate_ask.h"

struct aggregate_group {
	uint64_t hash;
	uint32_t key, key_len; /* in keys */
};

/* What one group has in one step of time. */
struct aggregate_cell {
	int64_t step;   /* since 1970, of step_s each */
	uint32_t group; /* AGGREGATE_OTHERS: of those merged */
};
#define AGGREGATE_OTHERS UINT32_MAX

/* Places of a hash table: a number + 1; 0: free. */
struct aggregate_index {
	uint32_t *at; /* owned */
	size_t room;
};

struct aggregate {
	const struct aggregate_ask *ask; /* borrowed */
	size_t most_groups, most_cells, most_key_bytes;
	uint32_t step_s; /* as asked; longer, if records of that time are */
	struct hash_key secret;
	size_t tally_size;
	struct buf key; /* of the record at hand */

	struct aggregate_group *groups; /* owned, as all that follows */
	uint8_t *group_tallies;
	size_t group_count, group_room;
	char *keys;
	size_t key_bytes, key_room;
	struct aggregate_index by_key;

	struct aggregate_cell *cells;
	uint8_t *cell_tallies;
	size_t cell_count, cell_room;
	struct aggregate_index by_step;

	struct tally *others;       /* those merged, all the time */
	struct cardinality *hashes; /* of all groups */
	uint64_t merged;            /* how many groups were, some more than once */
	long double short_by;       /* of what groups are ordered by, or count */
	bool failed;                /* out of memory */
};

/* False without memory; aggregate_close() is still to be called. */
bool aggregate_open(struct aggregate *aggregate, const struct aggregate_ask *ask);
void aggregate_close(struct aggregate *aggregate);

/* A web_emit: to is a struct aggregate.  What the filters don't want is left out. */
void aggregate_take(void *to, const void *record);

/*
 * Makes an empty one, which is open with the same groups and measures, what another is.
 * False without memory: it is of no use then.
 */
bool aggregate_copy(struct aggregate *aggregate, const struct aggregate *from);

/*
 * Adds all that is in another of the same groups, measures and steps, none of whose
 * groups were merged.  What began before the time that is asked for here counts as of
 * its begin.  False: nothing was added, as together they are too many; or it failed.
 */
bool aggregate_add(struct aggregate *aggregate, const struct aggregate *from);

/* What is in it takes. */
size_t aggregate_bytes(const struct aggregate *aggregate);

struct tally *aggregate_group_tally(const struct aggregate *aggregate, size_t group);
struct tally *aggregate_cell_tally(const struct aggregate *aggregate, size_t cell);

/* How many groups there are; *is_estimate if some were merged. */
uint64_t aggregate_groups(const struct aggregate *aggregate, bool *is_estimate);

/* The one of the same key as a group of another; -1: there is none. */
int64_t aggregate_find(const struct aggregate *aggregate, const struct aggregate *other,
		       size_t group);

/*
 * Fills the fields that make the group into a record of that kind, whose words are
 * borrowed from the aggregate.
 */
void aggregate_fields(const struct aggregate *aggregate, size_t group, void *record);

/* The value of the group's field with that number in ask->by, as it is in a record, but
 * for a word, which is a text here. */
const void *aggregate_key(const struct aggregate *aggregate, size_t group, size_t by);
