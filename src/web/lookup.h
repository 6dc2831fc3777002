/*
 * lookup.h: the records of one query: those of memory, and those of the store, each
 * once.
 */
#pragma once

#include "web/past.h"
#include "web/query.h"
#include "web/rows.h"
#include "web/seen.h"

struct lookup {
	struct query query;
	struct rows rows; /* memory's, then also the store's */
	struct seen seen; /* memory's rows, which the store must not repeat */
	bool is_past;     /* the store may have some */
	bool joined;      /* memory's rows count, whatever the store says */
	bool more;        /* reading ended at the limit */
};

/* In the loop: takes what memory knows; without a source none of it. */
void lookup_open(struct lookup *lookup, const struct query *query,
		 const struct web_source *source);
void lookup_close(struct lookup *lookup);

/* In a thread, of those that are past: as store_read(), until cancelled. */
int lookup_read(struct lookup *lookup, const struct web_past *store,
		struct store_reader *reader, const atomic_bool *cancelled,
		char error[static STORE_ERROR_MAX]);

/* The same of a time alone, such as that of gaps. */
struct store_filter lookup_time_filter(const struct query *query,
				       const atomic_bool *cancelled);

/* What the store is asked for those records, with all their fields; query and cancelled
 * are borrowed. */
struct store_filter lookup_filter(const struct query *query,
				  const atomic_bool *cancelled);

/* Whether reading that may take seconds. */
bool lookup_is_long(const struct query *query);
