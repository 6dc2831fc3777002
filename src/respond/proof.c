/*
 * proof.c: who has proven where it is, who is watched until it does, and behind whom
 * many are served.
 *
 * A handshake proves an address, not that its owner made the packets before it: who
 * forges a scan in the name of a client of ours has that client's next connection for
 * a proof.  So what they do who are served, or were here before the attack began,
 * proves nothing here; the finding's own proof, of the very connections that it is made
 * of, does.  Of others only a connection proves it that goes on with the attack, as who
 * came for something does not make it: without a word, held open without a whole
 * request, or to one port more than people use at a time.
 */
#include <string.h>

#include "respond/inside.h"

enum {
	SHARED_SESSIONS = 3, /* at a time */
	SHARED_USERS = 3,
};

static struct known *take_known(struct respond *respond, const struct addr *client)
{
	struct addr source = addr_source(client);
	const struct roster_key key = key_of(&source);
	return roster_take(&respond->known, &key);
}

static struct known *find_known(struct respond *respond, const struct addr *source)
{
	const struct roster_key key = key_of(source);
	return roster_find(&respond->known, &key);
}

/* An attack in his name may be somebody else's: he had connected before it began. */
bool proof_was_here(struct respond *respond, const struct candidate *c)
{
	const struct known *known = find_known(respond, &c->source);
	return served_find(respond, &c->source) != NULL ||
	       (known != NULL && known->here_since_us != 0 &&
		known->here_since_us < c->first_us);
}

static bool is_proven(const struct candidate *c)
{
	return is_word(c->proof, "handshake") || is_word(c->proof, "dialogue");
}

/* Between a finding's first and last evidence lies what proves it. */
static bool proves_itself(const struct candidate *c)
{
	return is_proven(c) && c->last_us - c->first_us <= PROOF_US;
}

/*
 * Of one that has proven itself once, and whose connections still come, any: it has not
 * moved since.
 */
int64_t proof_of_known(const struct known *known, const struct candidate *c)
{
	return is_proven(c) ? known->handshake_us : known->proof_us;
}

bool proof_is_fresh(struct respond *respond, const struct candidate *c)
{
	if (proves_itself(c))
		return true;
	const struct known *known = find_known(respond, &c->source);
	int64_t at_us = known != NULL ? proof_of_known(known, c) : 0;
	int64_t apart_us = c->last_us - at_us;
	return at_us != 0 && apart_us <= PROOF_US && apart_us >= -PROOF_US &&
	       (is_proven(c) || !proof_was_here(respond, c));
}

void proof_watch(struct respond *respond, const struct candidate *candidate)
{
	const struct roster_key key = key_of(&candidate->source);
	struct watched *watched = roster_take(&respond->watched, &key);
	watched->candidate = *candidate;
	watched->until_us = respond->now_us + PROOF_US;
	keep_watched(respond, watched);
}

static struct known *note_here(struct respond *respond, const struct addr *client,
			       int64_t since_us)
{
	struct known *known = take_known(respond, client);
	if (known->here_since_us == 0 || since_us < known->here_since_us ||
	    respond->now_us - known->handshake_us > PROOF_US)
		known->here_since_us = since_us;
	known->handshake_us = respond->now_us;
	return known;
}

/* One port more than a browser and a mail program use. */
static bool is_port_too_many(struct known *known, uint32_t port, int64_t now_us)
{
	if (now_us - known->ports_since_us > PROOF_US)
		known->port_count = 0;
	for (size_t i = 0; i < known->port_count; i++)
		if (known->ports[i] == port)
			return false;
	if (known->port_count == KNOWN_PORTS)
		return true;
	if (known->port_count == 0)
		known->ports_since_us = now_us;
	known->ports[known->port_count++] = (uint16_t)port;
	return false;
}

/* A connection that was completed, whatever becomes of it. */
struct shaken {
	const struct addr *client, *server;
	uint32_t port;
	int64_t since_us;
	bool goes_on; /* with an attack, if there is one */
};

/* Who is watched; NULL: nobody, or what he does says nothing. */
static struct watched *watched_by(struct respond *respond, const struct shaken *shaken)
{
	struct addr source = addr_source(shaken->client);
	const struct roster_key key = key_of(&source);
	struct watched *watched = roster_find(&respond->watched, &key);
	if (watched == NULL || watched->until_us < respond->now_us ||
	    proof_was_here(respond, &watched->candidate) ||
	    !(shaken->goes_on || is_proven(&watched->candidate)))
		return NULL;
	const struct addr *server = &watched->candidate.server;
	return addr_is_unset(server) || addr_equal(server, shaken->server) ? watched
									   : NULL;
}

static void note_handshake(struct respond *respond, struct shaken shaken)
{
	struct known *known = note_here(respond, shaken.client, shaken.since_us);
	shaken.goes_on |= is_port_too_many(known, shaken.port, respond->now_us);
	if (shaken.goes_on)
		known->proof_us = respond->now_us;
	struct watched *watched = watched_by(respond, &shaken);
	if (watched == NULL)
		return;
	struct candidate candidate = watched->candidate;
	watched->until_us = 0;
	candidate.proof = "handshake";
	candidate.first_us = candidate.last_us = respond->now_us;
	decide(respond, &candidate);
}

void respond_contact(struct respond *respond, const struct contact_record *contact)
{
	int64_t at_us = respond_time(respond, contact->at);
	bool goes_on = is_word(contact->outcome, "unused") ||
		       is_word(contact->outcome, "slow");
	const struct shaken shaken = { &contact->client_ip, &contact->server_ip,
				       contact->port, at_us, goes_on };
	if ((goes_on || is_word(contact->outcome, "handshake")) &&
	    is_word(contact->transport, "tcp") && contact->probe != 1 &&
	    !addr_is_unset(&contact->client_ip))
		note_handshake(respond, shaken);
}

/* ---- who is served ---- */

/* Where all that is said before a login is a greeting: a login tells who is served. */
static bool is_of_login(const struct flow_record *flow)
{
	static const char *const of_login[] = { "ssh", "telnet", "rdp",  "vnc",
						"ftp", "imap",   "pop3", NULL };
	return words_hold(of_login, flow->protocol);
}

bool respond_is_served(const struct flow_record *flow)
{
	if (is_of_login(flow))
		return false;
	bool is_whole = is_word(flow->state, "SF") || is_word(flow->state, "S1") ||
			is_word(flow->state, "S2") || is_word(flow->state, "S3");
	return is_whole && flow->responses != UNKNOWN_U64 && flow->responses > 0 &&
	       flow->server_payload_bytes != UNKNOWN_U64 &&
	       flow->server_payload_bytes > 0;
}

/* The same as a contact that was unused, where that was left out. */
static void note_unserved(struct respond *respond, const struct flow_record *flow,
			  int64_t start_us)
{
	const struct shaken shaken = { &flow->client_ip, &flow->server_ip,
				       flow->server_port, start_us,
				       flow->client_payload_bytes == 0 &&
					       !is_word(flow->end_reason, "active") };
	if (is_word(flow->transport, "tcp") && flow->handshake_us != UNKNOWN_U64)
		note_handshake(respond, shaken);
}

static unsigned sessions_at(const struct known *known, int64_t at_us)
{
	unsigned count = 0;
	for (size_t i = 0; i < KNOWN_SESSIONS; i++) {
		const struct session *s = &known->sessions[i];
		count += s->end_us != 0 && s->start_us <= at_us && s->end_us >= at_us;
	}
	return count;
}

/* Noted when it is seen: an attack has soon replaced all the sessions there were. */
static void note_shared(struct known *known)
{
	for (size_t i = 0; i < KNOWN_SESSIONS; i++) {
		int64_t at_us = known->sessions[i].start_us;
		if (known->sessions[i].end_us == 0 ||
		    sessions_at(known, at_us) < SHARED_SESSIONS)
			continue;
		if (known->shared_us == 0 || at_us - known->shared_us > DAY_US ||
		    at_us < known->shared_since_us)
			known->shared_since_us = at_us;
		if (at_us > known->shared_us)
			known->shared_us = at_us;
	}
}

static void note_session(struct known *known, const struct session *session)
{
	struct session *into = &known->sessions[0];
	for (size_t i = 0; i < KNOWN_SESSIONS; i++) {
		struct session *at = &known->sessions[i];
		if (at->tag == session->tag && at->start_us == session->start_us) {
			into = at;
			break;
		}
		if (at->end_us < into->end_us)
			into = at;
	}
	*into = *session;
	note_shared(known);
}

void respond_flow(struct respond *respond, const struct flow_record *flow)
{
	int64_t end_us = respond_time(respond, flow->end);
	int64_t start_us =
		flow->start == UNKNOWN_TIME ? end_us : flow->start - respond->ahead_us;
	bool is_tcp = is_word(flow->transport, "tcp");
	asked_note_answering(respond, flow);
	if (flow->probe == 1 || addr_is_unset(&flow->client_ip) ||
	    addr_is_loopback(&flow->client_ip))
		return;
	if (!respond_is_served(flow)) {
		note_unserved(respond, flow, start_us);
		return;
	}
	served_note(respond, &flow->client_ip, flow->server_port, is_tcp);
	if (!is_tcp)
		return;
	struct known *known = note_here(respond, &flow->client_ip, start_us);
	note_session(known, &(struct session){
				    .start_us = start_us,
				    .end_us = end_us,
				    .tag = flow->client_port << 16 ^ flow->server_port,
			    });
}

static void note_user(struct known *known, uint64_t user, int64_t now_us)
{
	size_t into = 0;
	for (size_t i = 0; i < KNOWN_USERS; i++) {
		if (known->users[i] == user) {
			if (now_us - known->users_us[i] > DAY_US / 2)
				known->users_us[i] = now_us;
			return; /* else since when it is there counts */
		}
		if (known->users_us[i] < known->users_us[into])
			into = i;
	}
	known->users[into] = user;
	known->users_us[into] = now_us;
}

void respond_login(struct respond *respond, const struct login_record *login)
{
	int64_t at_us = respond_time(respond, login->at);
	if (!is_word(login->outcome, "success") || addr_is_unset(&login->client_ip) ||
	    addr_is_loopback(&login->client_ip))
		return;
	bool is_proven = !is_word(login->transport, "udp");
	served_note(respond, &login->client_ip, login->server_port, is_proven);
	if (is_proven && login->user[0] != '\0')
		note_user(take_known(respond, &login->client_ip),
			  hash_sum(login->user, strlen(login->user)), at_us);
}

/* ---- who shares an address ---- */

bool nat_is_shared(struct respond *respond, const struct candidate *c)
{
	const struct known *known = find_known(respond, &c->source);
	unsigned users = 0;
	if (known == NULL)
		return false;
	for (size_t i = 0; i < KNOWN_USERS; i++)
		users += known->users[i] != 0 && known->users_us[i] < c->first_us &&
			 c->first_us - known->users_us[i] < DAY_US;
	bool has_several = known->shared_us != 0 &&
			   known->shared_since_us < c->first_us &&
			   c->last_us - known->shared_us < PROOF_US;
	return has_several || users >= SHARED_USERS;
}
