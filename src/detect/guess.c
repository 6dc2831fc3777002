/*
 * guess.c: what the failures of a source look like.
 *
 * The tiers are detect.md's D8.  What tells a program with an old password from one who
 * guesses is that it has one user, keeps its times, and is in no hurry.  Passwords are
 * not read, but they differ in length: where what logs in is all that is said, it is
 * said in as many bytes by who repeats himself.
 */
#include "detect/guess.h"
#include "base/median.h"

enum {
	HOURLY_TIMES = 2, /* of those in ten minutes: CrowdSec's ssh-slow-bf has ten */
	SLOW = 4,         /* CrowdSec's ssh-time-based-bf: with hours in between */
	DAILY = 10,
	FEW_USERS = 4, /* fewer are guessed, one after the other */
	SPRAYED_USERS = 5,
	EACH_MAX = 5, /* more passwords for each user are no spray */
	/* A program with an old password: so many tries at a time, so many times. */
	ROUND_MAX = 3,
	ROUNDS = 3,
	CONNECTION_MAX = 6, /* OpenSSH's MaxAuthTries */
	/* Of the ten of a day: a connection that is cut off, or ends politely at last,
	 * and another name make other lengths, too. */
	LENGTHS = 4,
};

#define MINUTE_US      (60 * SECOND_US)
#define FAST_US        (10 * MINUTE_US)
#define HOURLY_US      (60 * MINUTE_US)
#define SLOW_US        (24 * HOURLY_US)
#define SLOW_GAP_US    (9 * MINUTE_US) /* once in ten minutes is not to the second */
#define ROUND_US       (10 * SECOND_US)
#define STALE_PAUSE_US (30 * SECOND_US)

static const struct failure *newest(const struct guesser *g)
{
	return &g->recent[g->recent_count - 1];
}

static bool has_within(const struct guesser *g, unsigned count, int64_t within_us)
{
	return g->recent_count >= count &&
	       newest(g)->at_us - g->recent[g->recent_count - count].at_us <= within_us;
}

/* ---- gaps ---- */

/* Between failures that are further apart than that; how many there are. */
static size_t gaps_of(const struct guesser *g, int64_t over_us, uint64_t *gaps)
{
	size_t count = 0;
	for (size_t i = 1; i < g->recent_count; i++) {
		int64_t gap_us = g->recent[i].at_us - g->recent[i - 1].at_us;
		if (gap_us > over_us)
			gaps[count++] = (uint64_t)gap_us;
	}
	sort_u64(gaps, count);
	return count;
}

static bool is_slow(const struct guesser *g)
{
	uint64_t gaps[RECENT_MAX] = { 0 };
	size_t count = gaps_of(g, -1, gaps);
	return has_within(g, SLOW, SLOW_US) && count > 0 &&
	       gaps[count / 2] > SLOW_GAP_US;
}

/* Are no more tries together than a program makes at a time? */
static bool has_small_rounds(const struct guesser *g)
{
	unsigned tries = 1;
	for (size_t i = 1; i < g->recent_count; i++) {
		int64_t gap_us = g->recent[i].at_us - g->recent[i - 1].at_us;
		tries = gap_us > ROUND_US ? 1 : tries + 1;
		if (tries > ROUND_MAX)
			return false;
	}
	return true;
}

/* It may rest, as a laptop does, but it does not hurry. */
static bool is_regular(const struct guesser *g)
{
	uint64_t gaps[RECENT_MAX] = { 0 };
	size_t count = gaps_of(g, ROUND_US, gaps);
	if (count + 1 < ROUNDS)
		return false;
	uint64_t median_us = gaps[count / 2];
	return gaps[0] >= STALE_PAUSE_US && gaps[0] >= median_us / 4 * 3;
}

static bool is_stale(const struct guesser *g)
{
	return !g->has_more_users && has_small_rounds(g) && is_regular(g);
}

static unsigned tries_of(const struct guesser *g, uint16_t connection)
{
	unsigned tries = 0;
	for (size_t i = 0; i < g->recent_count; i++)
		tries += g->recent[i].connection == connection;
	return tries;
}

static bool is_new_length(const uint32_t *lengths, unsigned count, uint32_t length)
{
	for (unsigned i = 0; i < count; i++)
		if (lengths[i] == length)
			return false;
	return true;
}

/* Of connections with as many tries each; the oldest may have had more. */
static unsigned lengths_of(const struct guesser *g)
{
	uint32_t lengths[RECENT_MAX];
	unsigned count = 0, tries = 0;
	for (size_t i = g->recent_count; i-- > 0;) {
		const struct failure *failure = &g->recent[i];
		if (failure->bytes == 0 ||
		    failure->connection == g->recent[0].connection)
			continue;
		unsigned here = tries_of(g, failure->connection);
		if (tries == 0)
			tries = here;
		if (here == tries && is_new_length(lengths, count, failure->bytes))
			lengths[count++] = failure->bytes;
	}
	return count;
}

static bool is_new_user(const struct guesser *g, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (g->recent[j].user == g->recent[i].user)
			return false;
	return true;
}

bool guess_is_patient(const struct guesser *g)
{
	unsigned users = 0;
	for (size_t i = 0; i < g->recent_count; i++)
		users += is_new_user(g, i);
	return has_within(g, DAILY, SLOW_US) && login_attempts_guests(g) == 0 &&
	       lengths_of(g) >= LENGTHS + users - 1;
}

/* An agent that offers key after key, of which the sizes don't tell what they are. */
static bool may_be_keys(const struct guesser *g)
{
	const struct failure *last = newest(g);
	if (last->connection == 0 || g->failures > CONNECTION_MAX)
		return false;
	for (size_t i = 0; i < g->recent_count; i++)
		if (!g->recent[i].is_vague ||
		    g->recent[i].connection != last->connection)
			return false;
	return true;
}

/* ---- users ---- */

static enum guess shape_of(const struct guesser *g)
{
	unsigned users = tally_count(&g->users);
	bool is_each = g->failures <= (uint64_t)users * EACH_MAX;
	bool is_wide = g->port_count > 1 || __builtin_popcountll(g->servers) > 1;
	bool is_again = 2 * g->failures >= 3ULL * users && 2 * g->revisits >= users;
	if (g->guess == GUESS_PASSWORD || g->guess == GUESS_SPRAY)
		return (enum guess)g->guess;
	if (users >= SPRAYED_USERS && is_each && (is_wide || is_again))
		return GUESS_SPRAY;
	if (g->guess == GUESS_STUFFING ||
	    (users >= FEW_USERS && 2 * g->failures < 3ULL * users))
		return GUESS_STUFFING;
	return GUESS_PASSWORD;
}

static bool is_quick(const struct guesser *g, unsigned guesses)
{
	unsigned hourly = guesses * HOURLY_TIMES;
	return has_within(g, guesses, FAST_US) ||
	       has_within(g, hourly < RECENT_MAX ? hourly : RECENT_MAX, HOURLY_US);
}

enum guess guess_of(const struct guesser *guesser, unsigned guesses)
{
	unsigned least = guesses < SLOW ? guesses : SLOW;
	if (guesser->failures < least + login_attempts_allowance(guesser) ||
	    guesser->recent_count == 0 || may_be_keys(guesser))
		return GUESS_NONE;
	bool is_fast = is_quick(guesser, guesses);
	bool is_any =
		is_fast || is_slow(guesser) || has_within(guesser, DAILY, SLOW_US);
	if (!is_any || (is_fast && guesser->failures <
					   guesses + login_attempts_allowance(guesser)))
		return GUESS_NONE;
	if (is_stale(guesser) && !guess_is_patient(guesser))
		return GUESS_STALE;
	return is_fast ? shape_of(guesser) : GUESS_SLOW;
}
