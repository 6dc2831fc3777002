/*
 * record_question.h: a question about records of one kind of the past.
 */
#pragma once

#include "web/lookup.h"

struct record_question {
	struct question base;
	struct lookup lookup;
	uint64_t gaps; /* times of which something is not known */
	/* Listeners as they were then; UNKNOWN_TIME: what became of them. */
	int64_t at_us;
	uint32_t kept_s; /* how long they are kept */
};

/* With what memory knows; NULL without memory. */
struct record_question *record_question_new(const struct query *query,
					    const struct web_source *source,
					    struct MHD_Connection *connection);
