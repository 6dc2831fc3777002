/*
 * guess.h: passwords that are guessed: what failures look like, and how it is said.
 * Private to the room.
 *
 * brute_force.c and password_spray.c each tell their part of it, of one source; a
 * source has one such finding at a time.
 */
#pragma once

#include "detect/inside.h"
#include "detect/login_attempts.h"

enum { GUESS_FEW = 20 }; /* tries of one of many, that need no finding of their own */
#define GUESS_HOLD_US (1800 * SECOND_US)

/*
 * What its failures look like by now, if so many in ten minutes are guessing;
 * GUESS_NONE: nothing to speak of.
 */
enum guess guess_of(const struct guesser *guesser, unsigned guesses);

/* What the open finding of the source says. */
enum guess guess_told(const struct login_attempt *attempt);

/*
 * What the source of the failure that came last does: what its finding says, as long as
 * that is open, or more; GUESS_NONE: nothing to speak of.
 */
enum guess guess_next(const struct login_attempt *attempt);

/*
 * Slow, and beyond doubt: what no program with an old password does, other passwords
 * again and again, by who never got in from there.
 */
bool guess_is_patient(const struct guesser *guesser);

/* The words of what is told of it. */
const char *guess_technique(enum guess guess);
const char *guess_kind(enum guess guess);
const char *guess_mitre(enum guess guess);
bool guess_is_slow(enum guess guess);

/* So many sources fail there that they are one attack (distributed_login.c). */
bool guess_is_by_many(const struct target *target, int64_t now_us);
/* Many sources attack that service now: it was told. */
bool guess_is_aimed_at(const struct target *target, int64_t at_us);
/* True if many do the same at that service, and this one no more than each. */
bool guess_is_of_many(const struct login_attempt *attempt);

/*
 * It got in by a password after failures of that user, or of others by who has been
 * guessing all along (login_after_failures.c); how grave that is.
 */
bool guess_is_right(const struct login_attempt *attempt);
unsigned guess_right_severity(const struct login_attempt *attempt);

/* Tells of it; what was told of the same source becomes that, if it was another thing.
 */
void guess_tell(struct detect *detect, enum guess guess, unsigned severity);

/* "192.0.2.7" or "2001:db8::/64"; "ssh (22/tcp) of 192.0.2.1"; dialogue or less. */
void guess_who(const struct finding_record *evidence, char *out, size_t size);
void guess_where(const struct finding_record *evidence, const char *protocol, char *out,
		 size_t size);
/* Unknown if no name is; ", of 7 users, most of root", or "". */
uint64_t guess_user_count(const struct tally *users);
void guess_users(const struct tally *users, const char *most, char *out, size_t size);
const char *guess_proof(struct detect *detect);
/* What is said of many sources that guess at one service, whoever tells of it. */
void guess_by_many(struct finding_record *evidence, const struct target *target,
		   const struct login_record *login, int64_t at_us);
