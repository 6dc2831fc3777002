/*
 * past.h: questions about the past, answered from the store by threads of their own.
 *
 * The loop fills in a question, with what memory knows, and suspends its connection.  A
 * thread reads what the store has and writes the answer; then the loop resumes the
 * connection.  A client that has left cancels its question.
 *
 * Two threads, of which one answers only what is short: nobody waits half a minute for
 * a number because somebody reads a month of flows.  A third makes reports, one at a
 * time, and nothing else waits for it.  Of those who wait, the client that was answered
 * longest ago is next: who asks much waits behind who asks little.
 */
#pragma once

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "web/web.h"

enum {
	PAST_THREADS = 3,
	PAST_MAX = 256,       /* wait, or are being answered */
	PAST_CLIENT_MAX = 64, /* of one client */
	PAST_TIME_MS = 30000,
	PAST_LOOK_MS = 250
};

/* What a question begins with, whatever it asks. */
struct question {
	struct MHD_Connection *connection;
	/*
	 * In a thread: reads, and writes the answer to text.  reader NULL: the store
	 * can't be read, and problem says why.
	 */
	void (*answer)(struct question *question, const struct web_past *store,
		       struct store_reader *reader);
	void (*free)(struct question *question);
	bool is_long;   /* it may take seconds */
	bool is_report; /* it computes for seconds, too */
	atomic_bool cancelled;
	atomic_bool done; /* what follows is written */
	struct buf text;
	/* Why something is missing; "" if nothing is. */
	char problem[STORE_ERROR_MAX];
	bool failed; /* nothing could be read */
	/* The room's own. */
	uint64_t client;
	struct question *next;
};

/* NULL is none. */
void question_free(struct question *question);

struct past;
struct past *past_new(const struct web_past *store);
/* Whether it can be asked who listened at a moment. */
bool past_knows_listeners(const struct past *past);
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

/* Cancels all, waits for the threads, resumes all, takes no more; then past_free(). */
void past_end(struct past *past);
void past_free(struct past *past);
