/*
 * baseline.h: who listened when the daemon last ran, from the store.
 *
 * What was there then is no news at the next start; what came meanwhile is, and what
 * has gone meanwhile has closed.  A first start has nothing to compare with: whatever
 * listens is the beginning.
 */
#pragma once

#include <stdbool.h>

#include "record/record.h"

struct baseline;

/* Reads the store of that folder.  NULL without memory; a missing store is a first
 * start. */
struct baseline *baseline_read(const char *folder);
void baseline_free(struct baseline *baseline);

/* True if no listener was ever recorded. */
bool baseline_is_first(const struct baseline *baseline);

typedef void (*baseline_emit)(void *to, const struct listener_record *listener);

/* The newest last: of several programs of a port it is the one to compare with. */
void baseline_each(const struct baseline *baseline, baseline_emit emit, void *to);

/* The findings that were open. */
void baseline_each_finding(const struct baseline *baseline,
			   void (*emit)(void *to, const struct finding_record *finding),
			   void *to);

/*
 * True if the same program listened there when it was last seen; it is then known to be
 * there still.
 */
bool baseline_takes(struct baseline *baseline, const struct listener_record *listener);

/* How the same program was last seen there; NULL: it was not. */
const struct listener_record *baseline_find(const struct baseline *baseline,
					    const struct listener_record *listener);

/* Those that baseline_takes() was not asked about: they have closed. */
void baseline_each_gone(const struct baseline *baseline, baseline_emit emit, void *to);
