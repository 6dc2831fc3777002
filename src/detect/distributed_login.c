/*
 * distributed_login.c: many sources that guess passwords of one service together, each
 * so few that none is too many.
 *
 * Counted are sources that failed and did not get in, against those that did: where
 * many log in, some fail.
 */
#include <stdio.h>

#include "detect/detector.h"
#include "detect/guess.h"

enum {
	SOURCES = 10, /* within ten minutes ... */
	SOURCES_HOUR = 20,
	SOURCES_DAY = 50,
	SOURCES_MANY = 20, /* that is no coincidence any more */
};

#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

static bool are_many(const struct target *target, int64_t now_us, unsigned count,
		     int64_t within_us)
{
	unsigned failing = 0, guests = 0;
	for (size_t i = 0; i < ASKERS_MAX; i++) {
		const struct asker *asker = &target->askers[i];
		if (asker->at_us == 0 || now_us - asker->at_us > within_us)
			continue;
		failing += !asker->is_guest;
		guests += asker->is_guest;
	}
	return failing >= count + guests / 2;
}

bool guess_is_by_many(const struct target *target, int64_t now_us)
{
	return are_many(target, now_us, SOURCES, 10 * MINUTE_US) ||
	       are_many(target, now_us, SOURCES_HOUR, HOUR_US) ||
	       are_many(target, now_us, SOURCES_DAY, DAY_US);
}

/* Of one of many: its own finding ends, and its attempts are told here. */
static void fold_one(struct detect *detect, const struct asker *asker,
		     const struct login_record *login)
{
	struct guesser *g = login_attempts_by(&detect->login_attempts, &asker->source);
	struct finding_record key;
	if (g == NULL || g->told_us == 0 || g->failures >= GUESS_FEW ||
	    guess_is_slow(g->guess) || g->guess == GUESS_SPRAY)
		return;
	detect_attack(&key, "brute_force", guess_technique(g->guess), login->at);
	key.client_ip = asker->source;
	key.server_ip = g->server;
	key.port = g->port;
	key.transport = login_attempts_transport(g);
	struct finding *finding = findings_find(&detect->findings, &key);
	if (finding == NULL)
		return;
	findings_close(&detect->findings, finding, login->at);
	g->told_us = 0;
}

static void begin_story(struct detect *detect, struct target *target,
			const struct login_record *login)
{
	target->first_us = login->at;
	for (size_t i = 0; i < ASKERS_MAX; i++)
		if (target->askers[i].at_us != 0 && !target->askers[i].is_guest)
			fold_one(detect, &target->askers[i], login);
}

static void describe(const struct target *target, const struct login_record *login,
		     struct finding_record *evidence)
{
	char where[100], users[100];
	guess_where(evidence, login->protocol, where, sizeof(where));
	snprintf(evidence->summary, sizeof(evidence->summary),
		 "Many sources guess passwords at %s, each a few.", where);
	guess_users(&target->users, target->user, users, sizeof(users));
	snprintf(evidence->evidence, sizeof(evidence->evidence),
		 "%llu attempts of %llu sources failed%s",
		 (unsigned long long)target->failures,
		 (unsigned long long)evidence->hosts, users);
	record_text(evidence->advice, sizeof(evidence->advice),
		    "No block of single sources ends it: let only networks in that "
		    "need the service, and prefer keys or a second factor.");
}

static void tell(struct detect *detect, struct target *target,
		 const struct login_record *login)
{
	struct finding_record evidence;
	guess_by_many(&evidence, target, login, login->at);
	evidence.server_ip = login->server_ip;
	evidence.proof = guess_proof(detect);
	evidence.detector = "distributed_login";
	describe(target, login, &evidence);
	target->told_us = login->at;
	target->untold = 0;
	findings_take(&detect->findings, &evidence,
		      evidence.hosts >= SOURCES_MANY ? SEVERITY_MEDIUM : SEVERITY_LOW,
		      GUESS_HOLD_US);
}

static void see_login(struct detect *detect, void *state,
		      const struct login_record *login)
{
	const struct login_attempt *attempt = &detect->login_attempts.now;
	struct target *target = attempt->target;
	(void)state;
	if (!attempt->has_failed)
		return;
	bool is_open = guess_is_aimed_at(target, login->at);
	if (!is_open && !guess_is_by_many(target, login->at))
		return;
	if (!is_open)
		begin_story(detect, target, login);
	tell(detect, target, login);
}

const struct detector detector_distributed_login = {
	.name = "distributed_login",
	.login = see_login,
};
