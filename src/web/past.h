/*
 * past.h: questions about the past, answered from the store by a thread of its own.
 *
 * The loop fills in a question, with what memory knows, and suspends its connection.
 * The thread adds what the store has and writes the answer; then the loop resumes the
 * connection.  A client that has left cancels its question.
 */
#pragma once

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "web/query.h"
#include "web/rows.h"
#include "web/seen.h"
#include "web/web.h"

enum { PAST_MAX = 8, PAST_TIME_MS = 30000, PAST_LOOK_MS = 250 };

struct question {
	struct MHD_Connection *connection;
	struct query query;
	struct rows rows; /* memory's, then also the store's */
	struct seen seen; /* memory's rows, which the store must not repeat */
	bool joined;      /* memory's rows count, whatever the store says */
	atomic_bool cancelled;
	atomic_bool done; /* what follows is written */
	struct buf text;  /* the rows as JSON */
	uint64_t gaps;    /* times of which something is not known */
	bool more;        /* reading ended at the limit */
	/* Why rows are missing; "" if none is. */
	char problem[STORE_ERROR_MAX];
	bool failed; /* nothing could be read */
};

/* NULL without memory. */
struct question *question_new(const struct query *query,
			      struct MHD_Connection *connection);
void question_free(struct question *question);
/* A web_emit: takes a row of memory; to is the question. */
void question_take(void *to, const void *record);

struct past;
struct past *past_new(const struct web_past *store);
/* Readable when a question is answered. */
int past_fd(const struct past *past);

/*
 * Suspends the connection until it is answered.  False: too many ask already, or it is
 * the end.
 */
bool past_ask(struct past *past, struct question *question);

/* Resumes what is answered, and notices clients that have left. */
void past_tick(struct past *past);
/* Until past_tick() should be called; -1: nobody waits. */
int past_timeout_ms(const struct past *past);

/* Cancels all, waits for the thread, resumes all, takes no more; then past_free(). */
void past_end(struct past *past);
void past_free(struct past *past);
