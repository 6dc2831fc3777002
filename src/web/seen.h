/*
 * seen.h: which records were seen already: a growing set of 64-bit names.
 *
 * A record's name is a hash of its key fields, so that one that comes from memory and
 * from the store is shown once.  That two names of a million are equal by chance
 * happens once in 40 million such sets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "record/record.h"

struct seen {
	struct hash_key key; /* names are chosen by strangers */
	uint64_t *at;        /* owned; 0: free */
	size_t count, room;
	bool failed; /* out of memory: what is not held is shown twice */
};

void seen_init(struct seen *seen);
void seen_add(struct seen *seen, uint64_t name);
bool seen_holds(const struct seen *seen, uint64_t name);
void seen_free(struct seen *seen);

/* From the key fields, and the interface: a packet may pass several. */
uint64_t seen_name(const struct seen *seen, const struct schema *schema,
		   const void *record);

/* The fields that a name is made of. */
field_set seen_fields(const struct schema *schema);

/* Whether one of that name is among them. */
bool seen_has(const struct seen *seen, const struct schema *schema, const void *record);
