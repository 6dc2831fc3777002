/*
 * inside.h: the steps of an explanation: figures, cause, words.  Private to the room.
 */
#pragma once

#include "explain/explain.h"

/* Times within which an overflow of a queue counts as of now. */
enum { EXPLAIN_RECENT_S = 120 };
/* How much slower than usual is worth a word. */
#define EXPLAIN_SLOWER 2.0

/* scope.c: the facts that count; close frees what was copied. */
enum { SCOPE_COPIES = 3 };
struct explain_scope {
	struct explain_facts facts;
	void *copies[SCOPE_COPIES];
};
void explain_scope_open(const struct explain_facts *facts, struct explain_scope *scope);
void explain_scope_close(struct explain_scope *scope);

/* figures.c: everything of the answer that is a number. */
void explain_figures(const struct explain_facts *facts, struct explain_answer *out);

/* cause.c */
enum explain_cause explain_decide(const struct explain_facts *facts,
				  const struct explain_answer *answer);
/* The listener that takes what goes to that address; NULL: none. */
const struct listener_record *explain_listener_of(const struct explain_facts *facts,
						  const struct addr *server);
/* An address that clients went to and nobody listens on; NULL: none. */
const struct port_record *explain_missed(const struct explain_facts *facts);

/* words.c */
void explain_words(const struct explain_facts *facts, struct explain_answer *out);

/* True if the record's address is every one: 0.0.0.0 or ::. */
bool explain_is_any(const struct addr *addr);
