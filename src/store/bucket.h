/*
 * bucket.h: seconds of ports go into the ten seconds they belong to, and into the
 * levels that have been rolled up already.  Private to the room.
 *
 * Rows of the ten seconds being filled stay in memory, so that each second is one
 * upsert.  They are a copy of what is on disk plus what has come since: after a failed
 * transaction all of this is thrown away and read again.
 */
#pragma once

#include "store/book.h"
#include "store/levels.h"

struct bucket;

/* Borrows the accesses. NULL without memory. */
struct bucket *bucket_new(struct level_access *access, struct book *book);
void bucket_free(struct bucket *bucket);

/*
 * Adds one second.  rolled: until when each level has been made of the finer one; what
 * comes later than that is put into them at once.  SQLite's code.
 */
int bucket_add(struct bucket *bucket, const struct roll_part *second,
	       const int64_t rolled[LEVELS]);

/* Writes what has changed. SQLite's code. */
int bucket_flush(struct bucket *bucket);
