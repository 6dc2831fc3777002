/*
 * login_after_failures.c: somebody who failed and failed got in: a password was
 * guessed.
 *
 * The very second matters, so it is judged by the success itself.  Two who do the same
 * are nothing to fear, and known by what they did before: the user who got in from
 * there on other days, and the program whose password was put right at last.
 */
#include <stdio.h>

#include "detect/detector.h"
#include "detect/guess.h"

enum {
	TOO_MANY = 5,   /* detect.md, D8 */
	FEW_GUESTS = 2, /* from one address: beyond, it is a network behind one */
};

#define HOLD_US (24 * 3600 * SECOND_US)

static bool is_guessing(const struct login_attempt *attempt)
{
	enum guess guess = guess_told(attempt);
	return guess != GUESS_NONE && !guess_is_slow(guess);
}

/* One of many, who failed with other users, too: his own failure would be forgiven. */
static bool is_of_many(const struct login_attempt *attempt)
{
	const struct guesser *g = attempt->source;
	return guess_is_aimed_at(attempt->target, attempt->login->at) &&
	       g->failures > 0 && attempt->login->at - g->last_us <= GUESS_HOLD_US;
}

bool guess_is_right(const struct login_attempt *attempt)
{
	unsigned allowed = TOO_MANY + login_attempts_allowance(attempt->source);
	if (attempt->has_failed || !attempt->is_password)
		return false;
	if (attempt->failures_of_user >= allowed)
		return true;
	return !attempt->was_guest && (is_guessing(attempt) || is_of_many(attempt));
}

unsigned guess_right_severity(const struct login_attempt *attempt)
{
	if (attempt->was_guest || guess_is_slow(guess_told(attempt)))
		return SEVERITY_NOTICE;
	bool is_certain = attempt->failures_of_user >= TOO_MANY || is_guessing(attempt);
	if (attempt->guests > FEW_GUESTS)
		return SEVERITY_MEDIUM; /* others who use that address get in, too */
	return is_certain ? SEVERITY_CRITICAL : SEVERITY_HIGH;
}

static void describe(const struct login_attempt *attempt,
		     struct finding_record *evidence)
{
	char who[ADDR_TEXT_MAX + 4], where[100];
	const char *user = attempt->login->user;
	guess_who(evidence, who, sizeof(who));
	guess_where(evidence, attempt->login->protocol, where, sizeof(where));
	snprintf(evidence->summary, sizeof(evidence->summary),
		 "%s logged in to %.96s%s%.64s after many failures.", who, where,
		 user[0] != '\0' ? " as " : "", user);
	snprintf(evidence->evidence, sizeof(evidence->evidence),
		 "%u failures of this user in the hour before, %llu of the source; "
		 "%u users had got in from there",
		 attempt->failures_of_user,
		 (unsigned long long)attempt->source->failures, attempt->guests);
	record_text(evidence->advice, sizeof(evidence->advice),
		    attempt->was_guest
			    ? "Nothing, if it was the user, who got in from there "
			      "before: ask."
			    : "Ask the user. If it was not him: end the session, "
			      "change the password, and see what was done in it.");
}

static void see_login(struct detect *detect, void *state,
		      const struct login_record *login)
{
	const struct login_attempt *attempt = &detect->login_attempts.now;
	struct finding_record evidence;
	(void)state;
	if (!guess_is_right(attempt))
		return;
	detect_attack(&evidence, "login_after_failures", "password_guessing",
		      login->at);
	detect_attacker(&evidence, &login->client_ip);
	evidence.server_ip = login->server_ip;
	evidence.port = login->server_port;
	evidence.transport = login->transport != NULL ? login->transport : "tcp";
	evidence.attempts = attempt->source->failures;
	evidence.users = 1;
	evidence.confidence = attempt->was_guest ? 0.3 : 0.9;
	evidence.proof = guess_proof(detect);
	evidence.detector = "login_after_failures";
	record_text(evidence.user, sizeof(evidence.user), login->user);
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1078");
	describe(attempt, &evidence);
	findings_take(&detect->findings, &evidence, guess_right_severity(attempt),
		      HOLD_US);
}

const struct detector detector_login_after_failures = {
	.name = "login_after_failures",
	.login = see_login,
};
