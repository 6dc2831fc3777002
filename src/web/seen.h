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

enum { SEEN_FIELDS_MAX = 12 };

struct seen {
	const struct schema *schema;
	/* That make a name: the key fields, and the interface: a packet may pass
	 * several. */
	const struct field *fields[SEEN_FIELDS_MAX];
	size_t field_count;
	/* The key field that is a time, and of what was added the first and the last:
	 * most of a long time is before.  NULL: there is none. */
	const struct field *begin;
	int64_t first_us, last_us;
	/* Of what was added the earliest end, INT64_MAX: nothing was.  A connection's
	 * end only moves on: what ended before is none of these, then or later. */
	const struct field *end; /* NULL: there is none */
	int64_t first_end_us;
	struct hash_key key; /* names are chosen by strangers */
	uint64_t *at;        /* owned; 0: free */
	size_t count, room;
	bool failed; /* out of memory: what is not held is shown twice */
};

void seen_init(struct seen *seen, const struct schema *schema);
void seen_add(struct seen *seen, const void *record);
void seen_free(struct seen *seen);

/* The fields that seen_has() looks at: none as long as there are no names. */
field_set seen_fields(const struct seen *seen);

/* Whether one of that name is among them. */
bool seen_has(const struct seen *seen, const void *record);
