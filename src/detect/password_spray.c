/*
 * password_spray.c: one source that tries a few passwords with many users, round after
 * round or over several services and hosts, so that no account is locked.
 *
 * Its first round looks like stolen credentials that are tried (brute_force.c): that
 * finding then becomes this one, and goes on with its count.
 */
#include "detect/detector.h"
#include "detect/guess.h"

enum { MANY_USERS = 20 };

static void see_login(struct detect *detect, void *state,
		      const struct login_record *login)
{
	const struct login_attempt *attempt = &detect->login_attempts.now;
	(void)state;
	(void)login;
	if (!attempt->has_failed || guess_is_of_many(attempt) ||
	    guess_next(attempt) != GUESS_SPRAY)
		return;
	bool is_large = tally_count(&attempt->source->users) >= MANY_USERS;
	guess_tell(detect, GUESS_SPRAY, is_large ? SEVERITY_MEDIUM : SEVERITY_LOW);
}

const struct detector detector_password_spray = {
	.name = "password_spray",
	.login = see_login,
};
