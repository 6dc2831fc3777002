/*
 * fleet_guess_many.c: what several who guess at several sensors come to: many sources
 * at one service of the fleet, and one who got in.
 */
#include <stdio.h>
#include <string.h>

#include "detect/fleet_guess.h"

enum {
	SOURCES_MANY = 20, /* as distributed_login.c has it */
	RIGHT_HOLD_S = FLEET_DAY_S,
};

/* ---- many sources ---- */

/* Some logs don't say which port: then the protocol stands for it. */
static struct roster_key aim_key(uint32_t port, const char *protocol)
{
	return (struct roster_key){ .rest = port != UNKNOWN_U32
						    ? port
						    : fleet_text_hash(protocol) |
							      1ULL << 63 };
}

static struct fleet_aim *aim_of(struct fleet_guesses *all,
				const struct login_record *login)
{
	struct roster_key key = aim_key(login->server_port, login->protocol);
	struct fleet_aim *aim = roster_take(&all->aims, &key);
	bool is_over =
		aim->last_us != 0 && login->at - aim->last_us > FLEET_DAY_S * SECOND_US;
	if (is_over) {
		int64_t own_us = aim->own_us;
		memset(&aim->seen, 0, sizeof(aim->seen));
		aim->own_us = own_us;
	}
	if (login->at > aim->last_us)
		aim->last_us = login->at;
	return aim;
}

/* A sensor alone sees that many are at its service: it says so. */
static bool is_said(const struct fleet_aim *aim)
{
	return aim->own_us != 0 && aim->last_us - aim->own_us <= GUESS_HOLD_US;
}

static void tell_many(const struct fleet_attempt *attempt, const struct fleet_aim *aim)
{
	const struct login_record *login = attempt->login;
	struct target *target = attempt->now->target;
	struct finding_record evidence;
	char seen[176], users[100];
	guess_by_many(&evidence, target, login, aim->last_us);
	evidence.first = target->first_us;
	evidence.proof = fleet_guess_proof(login);
	evidence.detector = "fleet_guess";
	snprintf(evidence.summary, sizeof(evidence.summary),
		 "Many sources guess passwords of %s at %llu hosts, each a few.",
		 login->protocol,
		 (unsigned long long)cardinality_estimate(&aim->seen.hosts));
	guess_users(&target->users, target->user, users, sizeof(users));
	fleet_seen_text(&aim->seen, attempt->fleet, seen, sizeof(seen));
	fleet_seen_add(&aim->seen, attempt->fleet, &evidence);
	snprintf(evidence.evidence, sizeof(evidence.evidence),
		 "%llu attempts of %llu sources failed%.60s; %.130s",
		 (unsigned long long)target->failures,
		 (unsigned long long)evidence.hosts, users, seen);
	record_text(evidence.advice, sizeof(evidence.advice),
		    "No block of single sources ends it: let only networks in that "
		    "need the service, and prefer keys or a second factor.");
	target->told_us = login->at;
	target->untold = 0;
	findings_take(&attempt->fleet->findings, &evidence,
		      evidence.hosts >= SOURCES_MANY ? SEVERITY_MEDIUM : SEVERITY_LOW,
		      GUESS_HOLD_US);
}

void fleet_guess_many(struct fleet_guesses *all, const struct fleet_attempt *attempt)
{
	const struct login_record *login = attempt->login;
	struct target *target = attempt->now->target;
	struct fleet_aim *aim = aim_of(all, login);
	fleet_seen_note(&aim->seen, attempt->fleet, attempt->sensor, &login->server_ip);
	bool is_open = guess_is_aimed_at(target, login->at);
	if (is_said(aim) || fleet_seen_sensors(&aim->seen) < 2 ||
	    (!is_open && !guess_is_by_many(target, login->at)))
		return;
	if (!is_open)
		target->first_us = login->at;
	tell_many(attempt, aim);
}

void fleet_guess_many_own(struct fleet_guesses *all, const struct finding_record *f)
{
	struct roster_key key = aim_key(f->port, "");
	struct fleet_aim *aim = roster_find(&all->aims, &key);
	if (aim != NULL && f->last > aim->own_us)
		aim->own_us = f->last;
}

/* ---- who got in ---- */

/* At one sensor as often as it takes: then it says so itself. */
static bool is_own(const struct fleet_attempt *attempt)
{
	return fleet_seen_at(&attempt->guesser->seen, attempt->fleet,
			     attempt->sensor) >= attempt->fleet->limits.guesses;
}

/*
 * Many sources at the service of one machine make each of them suspect; at that of a
 * whole fleet there is always somebody, and an office fails now and then.
 */
static bool is_suspect(const struct fleet_attempt *attempt)
{
	return guess_is_right(attempt->now) &&
	       (attempt->guesser->kind != NULL ||
		attempt->now->failures_of_user >= attempt->fleet->limits.guesses);
}

void fleet_guess_right(const struct fleet_attempt *attempt)
{
	const struct login_record *login = attempt->login;
	const struct login_attempt *now = attempt->now;
	struct finding_record evidence;
	char who[FLEET_WHO_MAX], seen[176];
	const struct fleet_sensor *first =
		fleet_sensor_at(attempt->fleet, attempt->guesser->sensor);
	if (fleet_seen_sensors(&attempt->guesser->seen) < 2 || is_own(attempt) ||
	    !is_suspect(attempt))
		return;
	detect_attack(&evidence, "login_after_failures", "password_guessing",
		      login->at);
	fleet_set_client(&evidence, first, &login->client_ip);
	evidence.server_ip = login->server_ip;
	evidence.port = login->server_port;
	evidence.transport = login->transport != NULL ? login->transport : "tcp";
	evidence.attempts = now->source->failures;
	evidence.users = 1;
	evidence.confidence = now->was_guest ? 0.3 : 0.9;
	evidence.proof = fleet_guess_proof(login);
	evidence.detector = "fleet_guess";
	/* A local source is known by the sensor that saw it first. */
	if (addr_is_global(&login->client_ip))
		record_text(evidence.sensor, sizeof(evidence.sensor),
			    attempt->sensor->name);
	record_text(evidence.user, sizeof(evidence.user), login->user);
	record_text(evidence.mitre, sizeof(evidence.mitre), "T1078");
	fleet_who(attempt->sensor, &login->client_ip, who);
	snprintf(evidence.summary, sizeof(evidence.summary),
		 "%.110s logged in to %.20s of %.32s%s%.40s after failures at other "
		 "hosts.",
		 who, login->protocol, attempt->sensor->name,
		 login->user[0] != '\0' ? " as " : "", login->user);
	fleet_seen_text(&attempt->guesser->seen, attempt->fleet, seen, sizeof(seen));
	fleet_add_sensor(&evidence, attempt->sensor);
	fleet_seen_add(&attempt->guesser->seen, attempt->fleet, &evidence);
	snprintf(evidence.evidence, sizeof(evidence.evidence),
		 "%u failures of this user in the hour before; %llu of the source, %s",
		 now->failures_of_user, (unsigned long long)now->source->failures,
		 seen);
	record_text(evidence.advice, sizeof(evidence.advice),
		    "Ask the user. If it was not him: end the session, change the "
		    "password on all hosts, and see what was done in it.");
	findings_take(&attempt->fleet->findings, &evidence, guess_right_severity(now),
		      RIGHT_HOLD_S * SECOND_US);
}
