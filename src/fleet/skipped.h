/*
 * skipped.h: which batches of sensors never came: numbers that are left out in what the
 * streams hold (batch_msgid()).
 *
 * A sensor tells a lane's batches one after another, so one that is passed over has
 * been dropped, by itself or with a stream.  It is told after a while all the same, for
 * what comes late after all.  No I/O, no clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fleet/batch.h"

/* Longer than a batch that is delivered again takes. */
#define SKIPPED_WAIT_US INT64_C(60000000)

/* Those before a batch, of its sensor, lane and epoch. */
struct hole {
	struct batch_id before;
	uint64_t missing;         /* batches */
	int64_t start_us, end_us; /* when those around it were stored */
};

struct skipped;
/* NULL without memory. */
struct skipped *skipped_new(void);
void skipped_free(struct skipped *skipped);

/* A batch is in its stream; now_us: monotonic. */
void skipped_see(struct skipped *skipped, const struct batch_id *id, int64_t stored_us,
		 int64_t now_us);
/* Some may have been passed over that were there: the next of each is after no hole. */
void skipped_forget(struct skipped *skipped);
/* The next that has waited long enough; false: none has. */
bool skipped_next(struct skipped *skipped, int64_t now_us, struct hole *out);
/* Holes that found no room to wait, of all or of their sensor, since the start: they
 * are not told. */
uint64_t skipped_left_out(const struct skipped *skipped);

/* What batch_msgid() wrote; false: it is none. */
bool skipped_read_msgid(const char *text, struct batch_id *out);
