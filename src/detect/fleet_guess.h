/*
 * fleet_guess.h: passwords that are guessed at several sensors.  Private to the room.
 *
 * What is remembered is what one machine remembers (login_attempts.h), with the fleet
 * as one server; beside it here is kept at which sensors it was.
 */
#pragma once

#include "detect/fleet_inside.h"
#include "detect/guess.h"

enum { FLEET_SEEN_MAX = CARDINALITY_FEW };

/* At which sensors something was seen, and how often. */
struct fleet_seen {
	uint64_t times;
	struct cardinality sensors, hosts;
	uint32_t numbers[FLEET_SEEN_MAX], each[FLEET_SEEN_MAX]; /* of the first ones */
	uint32_t count;
};
void fleet_seen_note(struct fleet_seen *seen, const struct detect_fleet *fleet,
		     const struct fleet_sensor *sensor, const struct addr *server);
uint64_t fleet_seen_sensors(const struct fleet_seen *seen);
/* At one of them, at most, and at that one. */
uint64_t fleet_seen_most(const struct fleet_seen *seen);
uint64_t fleet_seen_at(const struct fleet_seen *seen, const struct detect_fleet *fleet,
		       const struct fleet_sensor *sensor);
/* "at 12 hosts, at most 3 times at one of 12 sensors: web-1, web-2, ..." */
void fleet_seen_text(const struct fleet_seen *seen, const struct detect_fleet *fleet,
		     char *out, size_t size);
/* Puts them into evidence->sensors. */
void fleet_seen_add(const struct fleet_seen *seen, const struct detect_fleet *fleet,
		    struct finding_record *evidence);

/* One source. */
struct fleet_guesser {
	struct roster_entry head;  /* key: fleet_source_of() */
	int64_t first_us, last_us; /* 0: nothing yet */
	uint32_t sensor;           /* that saw it first */
	struct fleet_seen seen;    /* failures */
	uint64_t own_attempts;     /* the most that one sensor's finding says of it */
	int64_t own_us;
	const char *kind, *technique; /* told; NULL: nothing */
};

/* One service of the whole fleet. */
struct fleet_aim {
	struct roster_entry head; /* key: port, or protocol */
	struct fleet_seen seen;
	int64_t last_us, own_us; /* own: a sensor says itself that many are at it */
};

struct fleet_guesses {
	struct login_attempts attempts;
	struct roster guessers, aims;
};

/* What one attempt is. */
struct fleet_attempt {
	struct detect_fleet *fleet;
	struct fleet_sensor *sensor;
	const struct login_record *login; /* as it came */
	const struct login_attempt *now;
	struct fleet_guesser *guesser;
};

/* "dialogue" of what was read on the wire. */
const char *fleet_guess_proof(const struct login_record *login);
/* Many sources at one service. */
void fleet_guess_many(struct fleet_guesses *all, const struct fleet_attempt *attempt);
void fleet_guess_many_own(struct fleet_guesses *all, const struct finding_record *f);
/* One got in after failures at other sensors. */
void fleet_guess_right(const struct fleet_attempt *attempt);
