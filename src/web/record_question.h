/*
 * record_question.h: records of the past: what memory has of them, and what the store
 * has.
 */
#pragma once

#include "web/past.h"
#include "web/query.h"
#include "web/rows.h"
#include "web/seen.h"

struct record_question {
	struct question base;
	struct query query;
	struct rows rows; /* memory's, then also the store's */
	struct seen seen; /* memory's rows, which the store must not repeat */
	bool joined;      /* memory's rows count, whatever the store says */
	uint64_t gaps;    /* times of which something is not known */
	bool more;        /* reading ended at the limit */
};

/* NULL without memory. */
struct record_question *record_question_new(const struct query *query,
					    struct MHD_Connection *connection);
/* A web_emit: takes a row of memory; to is the question. */
void record_question_take(void *to, const void *record);

/*
 * What the store is asked for those records, as long as the question is not cancelled;
 * query and question are borrowed.
 */
struct store_filter record_question_filter(const struct query *query,
					   const struct question *question);

/* Whether reading that may take seconds. */
bool record_question_is_long(const struct query *query);
