/*
 * dialogue.h: a service is asked in words that the user wrote down, step by step.
 *
 * Wherever the network cuts the server's words, the outcome is the same: a match that
 * more octets could change waits for them, at most to the end of its line.  So a prompt
 * without one is better expected as "login: " than as "login:.*".
 */
#pragma once

#include "protocol/ask.h"

enum {
	DIALOGUE_STEPS_MAX = 64,
	DIALOGUE_WHY_MAX = 192,
};

/*
 * A step as the user wrote it; what is not used is zero.  It is done in this order:
 * what is expected comes, then we say something, then TLS is started.
 */
struct dialogue_words {
	/*
	 * A PCRE2 pattern over all that has not been taken by an expectation before,
	 * which may span lines: ^ and $ are at the ends of each.
	 */
	const char *expect;
	const char *fails_if; /* a pattern: if it comes first, that is an error */
	/* The patterns see one whole line at a time, and lines before are dropped. */
	bool by_line;
	struct bytes expect_bytes; /* exactly these come next */
	/* As it is; but ${1} and ${name} stand for groups of the last `expect`. */
	struct bytes send;
	bool starts_tls;
};

struct dialogue_steps;

/* NULL, and why: a mistake in the words, which are copied; or no memory. */
struct dialogue_steps *dialogue_steps_new(const struct dialogue_words *words,
					  size_t count, char *why);
void dialogue_steps_free(struct dialogue_steps *steps);
bool dialogue_starts_tls(const struct dialogue_steps *steps);
/* Or is it the server that says something first? */
bool dialogue_speaks_first(const struct dialogue_steps *steps);

/* Of a question with `dialogue` set. */
extern const struct asking dialogue_asking;
