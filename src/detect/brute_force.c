/*
 * brute_force.c: one source that guesses passwords, fast or slowly, of one user or
 * many.
 *
 * What counts as guessing is guess.c's.  A source that many others help
 * (distributed_login.c) has a finding of its own only if it does more than they do.
 */
#include <string.h>

#include "detect/detector.h"
#include "detect/guess.h"

enum {
	MANY = 50,   /* attempts that are no passer-by's any more */
	ON_ONE = 10, /* of a user who exists and logs in here */
};

static bool is_aimed(const struct login_attempt *attempt)
{
	const struct guesser *g = attempt->source;
	return attempt->is_known && g->votes >= ON_ONE &&
	       strcmp(g->user, attempt->login->user) == 0;
}

static unsigned severity_of(const struct login_attempt *attempt, enum guess guess)
{
	if (guess_is_slow(guess) && !guess_is_patient(attempt->source))
		return SEVERITY_NOTICE;
	return attempt->source->failures >= MANY || is_aimed(attempt) ? SEVERITY_MEDIUM
								      : SEVERITY_LOW;
}

static void see_login(struct detect *detect, void *state,
		      const struct login_record *login)
{
	const struct login_attempt *attempt = &detect->login_attempts.now;
	(void)state;
	(void)login;
	if (!attempt->has_failed || guess_is_of_many(attempt))
		return;
	enum guess guess = guess_next(attempt);
	if (guess != GUESS_NONE && guess != GUESS_SPRAY)
		guess_tell(detect, guess, severity_of(attempt, guess));
}

/* Whoever guesses talked to us. */
static void see_flow(struct detect *detect, void *state, const struct flow_record *flow)
{
	(void)state;
	if (!findings_same_word(flow->transport, "tcp") ||
	    flow->handshake_us == UNKNOWN_U64 || flow->probe == 1)
		return;
	struct guesser *g =
		login_attempts_by(&detect->login_attempts, &flow->client_ip);
	if (g == NULL)
		return;
	g->proven_us = flow->end;
	if (!findings_same_word(flow->end_reason, "active"))
		login_attempts_end(g, flow);
}

const struct detector detector_brute_force = {
	.name = "brute_force",
	.login = see_login,
	.flow = see_flow,
};
