/*
 * explain_json.h: an explanation as members of a JSON object, and the facts it follows
 * from, which are told and read again.
 */
#pragma once

#include <jansson.h>

#include "explain/explain.h"

/* Appends the members; the caller opens and closes the object. */
void explain_json(const struct explain_facts *facts, struct explain_answer *answer,
		  struct buf *out);
void explain_facts_json(const struct explain_facts *facts, struct buf *out);

/* Facts that were read; all but the port, the time and this machine's addresses. */
enum { EXPLAIN_PARTS = 13 };
struct explain_read {
	struct explain_facts facts;
	void *arrays[EXPLAIN_PARTS]; /* owned */
};

/* False if they are not as told; explain_facts_free() is still to be called. */
bool explain_facts_read(const json_t *explanation, struct explain_read *read);
void explain_facts_free(struct explain_read *read);
