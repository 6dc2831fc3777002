/*
 * fleet_guess.c: one source that guesses a few passwords at each of several sensors.
 *
 * How many failures are guessing, and who is forgiven, is decided as on one machine
 * (login_attempts.h, guess.c): who got in as that user anywhere in the fleet is a
 * guest, and who mistyped at one host and got in a moment later is forgiven.
 */
#include "detect/fleet_guess.h"

#include <stdio.h>
#include <string.h>

#include "base/port_list.h"

enum {
	GUESSERS_MAX = 8192,
	AIMS_MAX = 256,
	MANY = 50, /* as brute_force.c has it */
	MANY_USERS = 20,
	OWN_OF = 2, /* half of it is said by one sensor already */
	SLOW_HOLD_S = FLEET_DAY_S,
};

static bool open_guesses(struct detect_fleet *fleet, void *state)
{
	struct fleet_guesses *all = state;
	(void)fleet;
	return login_attempts_open(&all->attempts) &&
	       roster_open(&all->guessers, sizeof(struct fleet_guesser),
			   GUESSERS_MAX) &&
	       roster_open(&all->aims, sizeof(struct fleet_aim), AIMS_MAX);
}

static void close_guesses(void *state)
{
	struct fleet_guesses *all = state;
	login_attempts_close(&all->attempts);
	roster_close(&all->guessers);
	roster_close(&all->aims);
}

const char *fleet_guess_proof(const struct login_record *login)
{
	bool is_read = !findings_same_word(login->seen_by, "log") &&
		       findings_same_word(login->transport, "tcp");
	return is_read ? "dialogue" : "unsolicited";
}

/* ---- one source ---- */

static struct fleet_guesser *guesser_of(struct fleet_guesses *all,
					const struct detect_fleet *fleet,
					const struct fleet_sensor *sensor,
					const struct login_record *login)
{
	struct roster_key key = { .first = fleet_source_of(sensor, &login->client_ip) };
	struct fleet_guesser *guesser = roster_take(&all->guessers, &key);
	bool is_over = guesser->last_us != 0 &&
		       login->at - guesser->last_us > FLEET_DAY_S * SECOND_US;
	if (is_over) {
		struct roster_entry head = guesser->head;
		memset(guesser, 0, sizeof(*guesser));
		guesser->head = head;
	}
	if (guesser->last_us == 0) {
		guesser->first_us = guesser->last_us = login->at;
		guesser->sensor = fleet_sensor_number(fleet, sensor);
	}
	if (login->at > guesser->last_us)
		guesser->last_us = login->at;
	return guesser;
}

/* Each sensor saw too little to say it, or at most half of it. */
static bool is_spread(const struct fleet_guesser *guesser, unsigned guesses)
{
	uint64_t most = fleet_seen_most(&guesser->seen);
	bool is_thin = most < guesses || most * OWN_OF <= guesser->seen.times;
	bool is_said = guesser->own_us != 0 &&
		       guesser->last_us - guesser->own_us <= GUESS_HOLD_US &&
		       guesser->own_attempts * OWN_OF >= guesser->seen.times;
	return fleet_seen_sensors(&guesser->seen) >= 2 && is_thin && !is_said;
}

/* ---- how it is said ---- */

static unsigned severity_of(const struct fleet_attempt *attempt, enum guess guess)
{
	const struct guesser *g = attempt->now->source;
	if (guess_is_slow(guess) && !guess_is_patient(g))
		return SEVERITY_NOTICE;
	bool is_many = g->failures >= MANY ||
		       (guess == GUESS_SPRAY && tally_count(&g->users) >= MANY_USERS);
	return is_many ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

static void describe(const struct fleet_attempt *attempt, enum guess guess,
		     struct finding_record *evidence)
{
	const struct guesser *g = attempt->now->source;
	char who[FLEET_WHO_MAX], seen[176], users[100];
	fleet_who(attempt->sensor, &attempt->login->client_ip, who);
	bool is_one = tally_count(&g->users) == 1;
	snprintf(evidence->summary, sizeof(evidence->summary),
		 "%.120s %s %s%s%.64s at %llu hosts, few at each.", who,
		 guess_is_slow(guess) ? "keeps failing to log in to"
				      : "guesses passwords of",
		 g->protocol, is_one ? " as " : "", is_one ? g->user : "",
		 (unsigned long long)evidence->hosts);
	guess_users(&g->users, g->user, users, sizeof(users));
	fleet_seen_text(&attempt->guesser->seen, attempt->fleet, seen, sizeof(seen));
	fleet_seen_add(&attempt->guesser->seen, attempt->fleet, evidence);
	snprintf(evidence->evidence, sizeof(evidence->evidence),
		 "%llu attempts failed%.70s; %.140s", (unsigned long long)g->failures,
		 users, seen);
	record_text(evidence->advice, sizeof(evidence->advice),
		    guess_is_slow(guess)
			    ? "Most likely a program with an old password: ask whose "
			      "it is."
			    : "Block the source on all hosts, let only those in who "
			      "need the service, and prefer keys.");
}

static void fill(const struct fleet_attempt *attempt, enum guess guess,
		 struct finding_record *evidence)
{
	const struct guesser *g = attempt->now->source;
	const struct fleet_guesser *guesser = attempt->guesser;
	detect_attack(evidence, guess_kind(guess), guess_technique(guess),
		      guesser->last_us);
	fleet_set_client(evidence, fleet_sensor_at(attempt->fleet, guesser->sensor),
			 &attempt->login->client_ip);
	evidence->first = guesser->first_us;
	evidence->transport = login_attempts_transport(g);
	evidence->attempts = g->untold;
	evidence->ports = g->port_count;
	evidence->hosts = cardinality_estimate(&guesser->seen.hosts);
	evidence->users = guess_user_count(&g->users);
	evidence->confidence = guess_is_slow(guess) ? 0.4 : 0.9;
	evidence->proof = fleet_guess_proof(attempt->login);
	evidence->detector = "fleet_guess";
	record_text(evidence->user, sizeof(evidence->user), g->user);
	record_text(evidence->mitre, sizeof(evidence->mitre), guess_mitre(guess));
	port_list_text(g->ports, g->port_count, evidence->port_list,
		       sizeof(evidence->port_list));
	describe(attempt, guess, evidence);
}

/* It was something else that it looked like: what was said becomes that. */
static void become(const struct fleet_attempt *attempt,
		   const struct finding_record *evidence)
{
	struct fleet_guesser *guesser = attempt->guesser;
	struct finding_record before = *evidence;
	before.kind = guesser->kind;
	before.technique = guesser->technique;
	struct finding *finding =
		guesser->kind != NULL
			? findings_find(&attempt->fleet->findings, &before)
			: NULL;
	if (finding != NULL)
		findings_move(&attempt->fleet->findings, finding, evidence);
	guesser->kind = evidence->kind;
	guesser->technique = evidence->technique;
}

static void tell(const struct fleet_attempt *attempt, enum guess guess)
{
	struct guesser *g = attempt->now->source;
	struct finding_record evidence;
	int64_t hold_us =
		guess_is_slow(guess) ? SLOW_HOLD_S * SECOND_US : GUESS_HOLD_US;
	fill(attempt, guess, &evidence);
	become(attempt, &evidence);
	g->guess = (uint8_t)guess;
	g->told_us = attempt->login->at;
	g->hold_us = hold_us;
	g->untold = 0;
	findings_take(&attempt->fleet->findings, &evidence, severity_of(attempt, guess),
		      hold_us);
}

/*
 * Who keeps his times with one user is most likely a program with an old password; but
 * not if nobody ever got in from there, and he goes from host to host.
 */
static enum guess guess_at_hosts(const struct fleet_attempt *attempt)
{
	const struct login_attempt *now = attempt->now;
	uint64_t hosts = cardinality_estimate(&attempt->guesser->seen.hosts);
	enum guess guess = guess_next(now);
	bool is_tour = hosts >= attempt->fleet->limits.sweep_hosts &&
		       login_attempts_guests(now->source) == 0;
	return guess_is_slow(guess) && is_tour ? GUESS_PASSWORD : guess;
}

static void see_failure(struct fleet_guesses *all, const struct fleet_attempt *attempt)
{
	const struct login_attempt *now = attempt->now;
	struct fleet_guesser *guesser = attempt->guesser;
	fleet_seen_note(&guesser->seen, attempt->fleet, attempt->sensor,
			&attempt->login->server_ip);
	/* With the fleet as one server, how many hosts it were is known here. */
	now->source->servers |=
		1ULL << fleet_host_of(attempt->sensor, &attempt->login->server_ip) % 64;
	fleet_guess_many(all, attempt);
	if (guess_is_of_many(now) ||
	    !is_spread(guesser, attempt->fleet->limits.guesses))
		return;
	enum guess guess = guess_at_hosts(attempt);
	if (guess != GUESS_NONE)
		tell(attempt, guess);
}

/* ---- records ---- */

static void take_login(struct detect_fleet *fleet, void *state,
		       struct fleet_sensor *sensor, const struct login_record *login)
{
	struct fleet_guesses *all = state;
	struct login_record as_one = *login;
	if (addr_is_unset(&login->client_ip))
		return;
	as_one.client_ip = fleet_source_of(sensor, &login->client_ip);
	as_one.server_ip = addr_unset();
	all->attempts.guesses = fleet->limits.guesses;
	login_attempts_take(&all->attempts, &as_one);
	struct fleet_attempt attempt = {
		.fleet = fleet,
		.sensor = sensor,
		.login = login,
		.now = &all->attempts.now,
	};
	if (attempt.now->source == NULL)
		return;
	attempt.guesser = guesser_of(all, fleet, sensor, login);
	if (attempt.now->has_failed)
		see_failure(all, &attempt);
	else
		fleet_guess_right(&attempt);
}

static void take_finding(struct detect_fleet *fleet, void *state,
			 struct fleet_sensor *sensor, const struct finding_record *f)
{
	struct fleet_guesses *all = state;
	bool is_guess = findings_same_word(f->kind, "brute_force") ||
			findings_same_word(f->kind, "password_spray");
	(void)fleet;
	if (!is_guess)
		return;
	if (addr_is_unset(&f->client_ip)) {
		fleet_guess_many_own(all, f);
		return;
	}
	/* It may come before the evidence, which has a lane of its own. */
	struct roster_key key = { .first = fleet_source_of(sensor, &f->client_ip) };
	struct fleet_guesser *guesser = roster_take(&all->guessers, &key);
	if (f->attempts != UNKNOWN_U64 && f->attempts > guesser->own_attempts)
		guesser->own_attempts = f->attempts;
	if (f->last > guesser->own_us)
		guesser->own_us = f->last;
}

const struct fleet_detector fleet_detector_guess = {
	.state_size = sizeof(struct fleet_guesses),
	.open = open_guesses,
	.close = close_guesses,
	.login = take_login,
	.finding = take_finding,
};
