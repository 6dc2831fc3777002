/*
 * report_store.h: a store of one sensor's records of a fleet's depot, which lasts while
 * a report is made of it: in a folder of its own in a hub's state folder.
 *
 * It has the schema and roll-ups of a machine's own.  Ports are in it by the day, and
 * with what can be added up: sums of minutes are no distribution.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"
#include "store/store.h"

struct depot;

struct report_store_ask {
	const char *state, *sensor;
	int64_t since_us, until_us; /* what stands, as who listens, also from before */
	const struct prefix *host;  /* whose connections; NULL: all */
	uint32_t wait_ms;           /* for each answer of the depot; 0: any */
	const atomic_bool *cancel;  /* NULL: it is not */
	/* Now and then; false: end. */
	bool (*goes_on)(void *self);
	void *self;
};

/* Kinds that a depot has not, and a machine's store has. */
record_bits report_store_lacks(void);

struct report_store;
/*
 * Reads it from the depot; *cut: kinds of which there are more records than are taken,
 * of which the newest are in it.  NULL and one line in error.
 */
struct report_store *report_store_open(struct depot *depot,
				       const struct report_store_ask *ask,
				       record_bits *cut,
				       char error[static STORE_ERROR_MAX]);
struct store_reader *report_store_reader(const struct report_store *store);
/* The folder goes, too. */
void report_store_close(struct report_store *store);

/* Removes what one that was killed has left in that state folder. */
void report_store_tidy(const char *state);
