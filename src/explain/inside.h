/*
 * inside.h: the steps of an explanation: figures, cause, words.  Private to the room.
 */
#pragma once

#include "explain/explain.h"

/* Times within which an overflow of a queue counts as of now. */
enum { EXPLAIN_RECENT_S = 120 };
/* How much slower than usual is worth a word. */
#define EXPLAIN_SLOWER 2.0

/* figures.c: everything of the answer that is a number. */
void explain_figures(const struct explain_facts *facts, struct explain_answer *out);

/* cause.c */
enum explain_cause explain_decide(const struct explain_facts *facts,
				  const struct explain_answer *answer);
/* The listener that takes what the row's clients send; NULL: none. */
const struct listener_record *explain_listener_of(const struct explain_facts *facts,
						  const struct port_record *row);
/* The one most is about: the cause's, else that of the busiest row; NULL: none. */
const struct listener_record *explain_culprit(const struct explain_facts *facts,
					      enum explain_cause cause);
/* True if refusals can't be its doing: a socket listens wherever clients go. */
bool explain_is_rejected_by_filter(const struct explain_facts *facts,
				   const struct explain_figures *now);
/* A flood of this port that lasts, medium at least; NULL: none. */
const struct finding_record *explain_flood(const struct explain_facts *facts);
/* A probe that is down, also after retries; NULL: none. */
const struct probe_record *explain_failing_probe(const struct explain_facts *facts);
/* Where clients were refused as nobody listens there; NULL: nowhere. */
const struct port_record *explain_missed(const struct explain_facts *facts);

/* speech.c: "TLS 1.3 (nginx/1.22.1), by content"; nothing if nothing is known. */
void explain_speech(const struct explain_facts *facts, struct buf *out);

/* words.c */
void explain_words(const struct explain_facts *facts, struct explain_answer *out);
void explain_put_time(struct buf *out, int64_t at_us);

/* sensor.c: false of a sensor that is late, or has ended. */
bool explain_is_heard(const struct explain_facts *facts);
/* Of such a one; of one that told of no client; and what it is to be asked itself. */
void explain_say_unheard(const struct explain_facts *facts, struct buf *out);
void explain_say_untold(const struct explain_facts *facts, bool listens, bool usually,
			struct buf *out);
void explain_say_ask(const struct explain_facts *facts, struct buf *out);
