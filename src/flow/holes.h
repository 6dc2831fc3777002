/*
 * holes.h: data that overtook other data, for the few flows that have any.
 *
 * A body keeps only how far its stream reaches.  When a segment arrives beyond
 * that, what is missing before it is kept here until it comes, or until an
 * acknowledgement shows that it went past us unseen: that is loss on our side.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct holes;

/* max: streams with holes at a time. */
struct holes *holes_new(uint32_t max);
void holes_free(struct holes *holes);

/*
 * The stream (a body's number and side) had all octets below `seen`; [from, to) came
 * from beyond.  False if there is no room; the stream is then treated as whole.
 */
bool holes_open(struct holes *holes, uint32_t body, unsigned side, uint64_t seen,
		uint64_t from, uint64_t to, int64_t at_us);

/*
 * [from, to) came for a stream that has holes.  Returns true while holes remain.
 * *age_us is the age of the hole it went into, -1 if all of it was known.
 */
bool holes_fill(struct holes *holes, uint32_t body, unsigned side, uint64_t from,
		uint64_t to, int64_t at_us, int64_t *age_us);

/*
 * Everything below `acked` has arrived at the other end.  Adds to *lost_bytes what was
 * never seen and to *gaps how many holes it was in; true while holes remain.
 */
bool holes_acked(struct holes *holes, uint32_t body, unsigned side, uint64_t acked,
		 uint64_t *lost_bytes, uint32_t *gaps);

/* Forgets both sides of a body. */
void holes_drop(struct holes *holes, uint32_t body);
