/*
 * login_attempts.h: what is remembered of attempts to log in.  Private to the room.
 *
 * detect_login() puts each attempt here before any detector is given it; the detectors
 * of guessing look at what it came to (struct login_attempt).  A source is a host or a
 * /64; all its services are one, as one who guesses passwords does not stop at a port.
 *
 * Who mistypes gets in a moment later: that forgives the failure.  Who got in before is
 * a guest: a changed password is no attack, so a few failures of guests don't count.
 * Where no names are known, forgiveness has a limit: whoever has an account could buy
 * it for guesses at the others'.
 */
#pragma once

#include "base/roster.h"
#include "detect/detect.h"

enum {
	RECENT_MAX = 10, /* failures with their times: the 10 of an hour */
	TALLY_WORDS = 8,
	SERVICES_MAX = 8, /* of a source, that are listed */
	ASKERS_MAX = 64,  /* of a service, the newest */
};
/* Who got in is a guest: detect.md, never-block: "now or in 30 days". */
#define LOGIN_GUEST_US (30LL * 24 * 3600 * 1000000)

/*
 * How many distinct things, by linear counting (Whang et al., "A linear-time
 * probabilistic counting algorithm", 1990): exact enough to a thousand.
 */
struct tally {
	uint64_t bits[TALLY_WORDS];
};
unsigned tally_count(const struct tally *tally);

struct failure {
	int64_t at_us;
	uint32_t user;       /* a hash, with the protocol; 0: not known */
	uint16_t connection; /* the client's port; 0: not known */
	bool is_vague;       /* by size, and not known whether it was a password */
	bool is_bare;        /* its connection is as long as what logs in is */
	uint32_t bytes;      /* that the client said in it; 0: not known */
};

/* What the failures of a source look like; each may become one further down. */
enum guess {
	GUESS_NONE,
	GUESS_STALE,    /* one user at regular times: a program with an old password */
	GUESS_SLOW,     /* hours apart */
	GUESS_PASSWORD, /* many passwords of few users */
	GUESS_STUFFING, /* many users, about one password each */
	GUESS_SPRAY,    /* few passwords for many users, round after round */
};

struct guesser {
	struct roster_entry head; /* key: the source */
	int64_t first_us, last_us;
	int64_t proven_us; /* 0, or when packets last went both ways */
	/* Not forgiven: of these days, and of those no finding has told. */
	uint64_t failures, untold;
	struct failure recent[RECENT_MAX]; /* oldest first */
	uint8_t recent_count;
	uint8_t guess;      /* what the open finding, or the last one, says */
	int64_t told_us;    /* the finding's last evidence; 0: none */
	int64_t hold_us;    /* how long it then stays open */
	struct tally users; /* that failed */
	uint64_t guests[2]; /* bits of users that got in: today, the day before */
	uint32_t successes[2], nameless[2]; /* the same days; forgiven without a name */
	int64_t guests_us;                  /* when today began */
	uint32_t revisits;  /* users that failed again after others had */
	uint32_t last_user; /* a hash, as the first of all is */
	uint32_t first_user;
	bool has_more_users;
	char user[64];      /* who is tried most, by majority vote ... */
	uint32_t votes;     /* ... with that many left */
	struct addr server; /* where it began, as the finding says it */
	uint32_t port;
	bool is_udp;
	char protocol[16];
	uint16_t ports[SERVICES_MAX]; /* ascending */
	uint8_t port_count;
	uint64_t servers; /* bits of hosts */
};

struct asker {
	struct addr source;
	int64_t at_us; /* 0: unused */
	bool is_guest; /* got in: a client like others */
};

/* Somebody who got in: a source and a user, or a user from anywhere. */
struct guest {
	struct roster_entry head;
	int64_t last_us;
	uint32_t failures; /* since */
};

/* A service that many may attack together. */
struct target {
	struct roster_entry head; /* key: server, port */
	struct asker askers[ASKERS_MAX];
	int64_t told_us;  /* the finding's last evidence; 0: none */
	int64_t first_us; /* of what is told */
	uint64_t failures, untold;
	struct tally sources, users;
	char user[64];
	uint32_t votes;
};

/* What the last attempt came to. */
struct login_attempt {
	const struct login_record *login;
	struct guesser *source; /* NULL: it is of no interest */
	struct target *target;
	unsigned guesses;          /* as of all */
	bool has_failed;           /* else it got in */
	bool was_guest;            /* that user got in from there before */
	bool is_password;          /* not a key, which nobody guesses */
	bool is_known;             /* that user got in before, from elsewhere */
	unsigned failures_of_user; /* recent ones, before it got in, not forgiven */
	unsigned guests;           /* users who got in before, about */
};

struct login_attempts {
	struct roster guessers, guests, targets;
	unsigned guesses; /* in ten minutes that are guessing */
	struct login_attempt now;
};

bool login_attempts_open(struct login_attempts *attempts);
void login_attempts_close(struct login_attempts *attempts);

/* Puts one in; attempts->now says what came of it. */
void login_attempts_take(struct login_attempts *attempts,
			 const struct login_record *login);

/* A connection of that source has ended. */
void login_attempts_end(struct guesser *guesser, const struct flow_record *flow);

/* That source, if its failures are remembered; else NULL. */
struct guesser *login_attempts_by(struct login_attempts *attempts,
				  const struct addr *client);

/* Where it began, as the finding says it. */
const char *login_attempts_transport(const struct guesser *guesser);

/* Users who got in from there within two days, about. */
unsigned login_attempts_guests(const struct guesser *guesser);

/* That many more failures are nothing, with so many users who get in from there. */
unsigned login_attempts_allowance(const struct guesser *guesser);
