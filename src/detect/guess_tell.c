/*
 * guess_tell.c: how guessing is said; see guess.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/port_list.h"
#include "detect/guess.h"

#define MINUTE_US    (60 * SECOND_US)
#define SLOW_HOLD_US (24 * 60 * MINUTE_US) /* as long as its tier looks back */
#define PROVEN_US    (10 * MINUTE_US)      /* detect.md, 3: proven within 10 min */

struct words {
	const char *kind, *technique, *mitre, *did, *advice;
	double confidence;
};

#define CLOSE_IT                                                                       \
	"Let only those in who need the service, prefer keys, and block the source "   \
	"if "                                                                          \
	"it goes on."

static const struct words words[] = {
	[GUESS_STALE] = { "brute_force", "stale_password", "T1110.001",
			  "keeps failing to log in to %s, at regular times",
			  "Most likely a program with an old password: ask whose it "
			  "is. "
			  "Else it is a patient guesser.",
			  0.3 },
	[GUESS_SLOW] = { "brute_force", "password_guessing", "T1110.001",
			 "fails to log in to %s now and then, never with success",
			 "If nobody of yours is there, it guesses slowly to stay below "
			 "limits: let only those in who need the service.",
			 0.5 },
	[GUESS_PASSWORD] = { "brute_force", "password_guessing", "T1110.001",
			     "guesses passwords at %s", CLOSE_IT, 0.9 },
	[GUESS_STUFFING] = { "brute_force", "credential_stuffing", "T1110.004",
			     "tries user after user at %s, about one password each",
			     CLOSE_IT " Passwords of your users may have been lost "
				      "elsewhere.",
			     0.9 },
	[GUESS_SPRAY] = { "password_spray", "password_spraying", "T1110.003",
			  "tries a few passwords with many users at %s", CLOSE_IT,
			  0.9 },
};

const char *guess_technique(enum guess guess)
{
	return words[guess].technique;
}

const char *guess_kind(enum guess guess)
{
	return words[guess].kind;
}

const char *guess_mitre(enum guess guess)
{
	return words[guess].mitre;
}

bool guess_is_slow(enum guess guess)
{
	return guess == GUESS_STALE || guess == GUESS_SLOW;
}

static bool is_open(const struct guesser *g, int64_t at_us)
{
	return g->told_us != 0 && at_us - g->told_us <= g->hold_us;
}

enum guess guess_told(const struct login_attempt *attempt)
{
	const struct guesser *g = attempt->source;
	return is_open(g, attempt->login->at) ? (enum guess)g->guess : GUESS_NONE;
}

enum guess guess_next(const struct login_attempt *attempt)
{
	enum guess told = guess_told(attempt);
	enum guess seen = guess_of(attempt->source, attempt->guesses);
	return seen > told ? seen : told;
}

bool guess_is_of_many(const struct login_attempt *attempt)
{
	return guess_is_aimed_at(attempt->target, attempt->login->at) &&
	       attempt->source->failures < GUESS_FEW;
}

bool guess_is_aimed_at(const struct target *target, int64_t at_us)
{
	return target->told_us != 0 && at_us - target->told_us <= GUESS_HOLD_US;
}

static bool is_recent(int64_t proven_us, int64_t at_us)
{
	return proven_us != 0 && at_us - proven_us <= PROVEN_US;
}

/* An address that only a log names is proven by packets that were seen of it. */
const char *guess_proof(struct detect *detect)
{
	const struct login_attempt *attempt = &detect->login_attempts.now;
	const struct login_record *login = attempt->login;
	bool is_read = !findings_same_word(login->seen_by, "log") &&
		       findings_same_word(login->transport, "tcp");
	if (is_read || is_recent(attempt->source->proven_us, login->at))
		return "dialogue";
	const struct source *source = sources_find(&detect->sources, &login->client_ip);
	bool has_shaken = source != NULL && is_recent(source->handshake_us, login->at);
	return has_shaken ? "handshake" : "unsolicited";
}

void guess_who(const struct finding_record *evidence, char *out, size_t size)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&evidence->client_ip, text);
	snprintf(out, size, "%s%s", text, evidence->client_prefix == 64 ? "/64" : "");
}

void guess_where(const struct finding_record *evidence, const char *protocol, char *out,
		 size_t size)
{
	char port[24] = "", server[ADDR_TEXT_MAX + 4] = "";
	if (evidence->port != UNKNOWN_U32)
		snprintf(port, sizeof(port), protocol[0] != '\0' ? " (%u/%s)" : "%u/%s",
			 evidence->port, evidence->transport);
	if (!addr_is_unset(&evidence->server_ip)) {
		memcpy(server, " of ", 4);
		addr_text(&evidence->server_ip, server + 4);
	}
	snprintf(out, size, "%s%s%s", protocol, port, server);
}

static void begin_evidence(const struct login_attempt *attempt, enum guess guess,
			   struct finding_record *evidence)
{
	const struct guesser *g = attempt->source;
	detect_attack(evidence, words[guess].kind, words[guess].technique,
		      attempt->login->at);
	detect_attacker(evidence, &attempt->login->client_ip);
	evidence->server_ip = g->server;
	evidence->port = g->port;
	evidence->transport = login_attempts_transport(g);
	evidence->detector = words[guess].kind;
}

uint64_t guess_user_count(const struct tally *users)
{
	unsigned count = tally_count(users);
	return count > 0 ? count : UNKNOWN_U64;
}

void guess_users(const struct tally *users, const char *most, char *out, size_t size)
{
	unsigned count = tally_count(users);
	if (count == 0)
		out[0] = '\0';
	else if (count == 1)
		snprintf(out, size, ", all of user %.60s", most);
	else
		snprintf(out, size, ", of %u users, most of %.60s", count, most);
}

static void describe_numbers(const struct guesser *g, struct finding_record *evidence)
{
	char users[100], guests[60] = "";
	guess_users(&g->users, g->user, users, sizeof(users));
	if (login_attempts_allowance(g) > 0)
		snprintf(guests, sizeof(guests), "; %u users got in from there",
			 2 * login_attempts_allowance(g));
	snprintf(evidence->evidence, sizeof(evidence->evidence),
		 "%llu attempts failed in %lld s%s%s", (unsigned long long)g->failures,
		 (long long)((g->last_us - g->first_us) / SECOND_US), users, guests);
}

static void describe(const struct guesser *g, enum guess guess,
		     struct finding_record *evidence)
{
	char who[ADDR_TEXT_MAX + 4], where[100], did[200];
	guess_who(evidence, who, sizeof(who));
	guess_where(evidence, g->protocol, where, sizeof(where));
	snprintf(did, sizeof(did), words[guess].did, where);
	snprintf(evidence->summary, sizeof(evidence->summary), "%s %s.", who, did);
	describe_numbers(g, evidence);
	record_text(evidence->advice, sizeof(evidence->advice), words[guess].advice);
	record_text(evidence->mitre, sizeof(evidence->mitre), words[guess].mitre);
}

static void fill(struct detect *detect, enum guess guess,
		 struct finding_record *evidence)
{
	const struct login_attempt *attempt = &detect->login_attempts.now;
	const struct guesser *g = attempt->source;
	begin_evidence(attempt, guess, evidence);
	evidence->attempts = g->untold;
	evidence->ports = g->port_count;
	evidence->hosts = (uint64_t)__builtin_popcountll(g->servers);
	evidence->users = guess_user_count(&g->users);
	evidence->confidence = words[guess].confidence;
	evidence->proof = guess_proof(detect);
	port_list_text(g->ports, g->port_count, evidence->port_list,
		       sizeof(evidence->port_list));
	record_text(evidence->user, sizeof(evidence->user), g->user);
	describe(g, guess, evidence);
}

/* It was something else that it looked like: what was said of it is that from now on.
 */
static void become(struct detect *detect, enum guess guess)
{
	const struct login_attempt *attempt = &detect->login_attempts.now;
	const struct guesser *g = attempt->source;
	struct finding_record before, key;
	if (!is_open(g, attempt->login->at) || g->guess == guess)
		return;
	begin_evidence(attempt, g->guess, &before);
	begin_evidence(attempt, guess, &key);
	struct finding *finding = findings_find(&detect->findings, &before);
	if (finding != NULL)
		findings_move(&detect->findings, finding, &key);
}

void guess_tell(struct detect *detect, enum guess guess, unsigned severity)
{
	struct finding_record evidence;
	struct guesser *g = detect->login_attempts.now.source;
	become(detect, guess);
	fill(detect, guess, &evidence);
	g->hold_us = guess_is_slow(guess) ? SLOW_HOLD_US : GUESS_HOLD_US;
	g->told_us = g->last_us;
	g->guess = (uint8_t)guess;
	g->untold = 0;
	findings_take(&detect->findings, &evidence, severity, g->hold_us);
}

void guess_by_many(struct finding_record *evidence, const struct target *target,
		   const struct login_record *login, int64_t at_us)
{
	detect_attack(evidence, "brute_force", "distributed", at_us);
	evidence->port = login->server_port;
	evidence->transport = login->transport != NULL ? login->transport : "tcp";
	evidence->attempts = target->untold;
	evidence->hosts = tally_count(&target->sources);
	evidence->users = guess_user_count(&target->users);
	evidence->confidence = 0.9;
	record_text(evidence->user, sizeof(evidence->user), target->user);
	record_text(evidence->mitre, sizeof(evidence->mitre), "T1110");
}
