/*
 * aggregate_read.h: what the store has of a question goes into its groups.
 */
#pragma once

#include "web/past.h"
#include "web/seen.h"
#include "web/settled.h"

struct aggregate_read {
	const struct web_past *store;
	struct store_reader *reader;
	const struct seen *seen;   /* of memory: the store must not repeat it */
	struct settled *settled;   /* NULL: all is read */
	const struct buf *filters; /* all of the question but its times, as text */
	const atomic_bool *cancelled;
	char *problem; /* STORE_ERROR_MAX */
};

/* As store_read(). */
int aggregate_read(struct aggregate *into, const struct aggregate_read *how);
