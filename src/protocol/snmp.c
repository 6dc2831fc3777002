/*
 * snmp.c: the Simple Network Management Protocol, versions 1, 2c and 3 (RFC 3416, RFC
 * 3414).
 *
 * A community is a password in the clear.  A server that gets a wrong one is silent, as
 * is one that is not there: so silence is a failed login only if the server answered
 * other requests of the conversation, or if the client tried another community before,
 * in this conversation or the last ones.  A community is never kept: a hash of it with
 * a key that nobody knows is enough to tell one from another.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "base/hash.h"
#include "protocol/protocol.h"
#include "protocol/snmp_ask.h"
#include "protocol/snmp_message.h"
#include "protocol/text.h"

enum {
	PENDING = 8,
	KNOWN = 4, /* communities whose outcome was told */
	USER_KEPT = 32,
	UNANSWERED_US = 10000000,
	/* Who guesses does not wait longer. */
	GUESS_US = 600000000,
	GUESSERS = 512, /* a power of 2 */

	GENERAL_ERROR = 5,
	RESOURCE_UNAVAILABLE = 13,
	COMMIT_FAILED = 14,
	UNDO_FAILED = 15,
};

static const struct talk_notice default_community = {
	.kind = "weak_protocol",
	.technique = "snmp_default_community",
	.severity = "medium",
	.mitre = "T1078.001",
	.about = ABOUT_SERVICE,
	.why = "everybody tries these communities first",
};
static const struct talk_notice clear_text = {
	.kind = "weak_protocol",
	.technique = "snmp_cleartext",
	.severity = "notice",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "before version 3 the community can be read by anyone on the path "
	       "(RFC 3410 7.1)",
};
static const struct talk_notice no_authentication = {
	.kind = "weak_protocol",
	.technique = "snmp_no_auth",
	.severity = "low",
	.about = ABOUT_SERVICE,
	.why = "noAuthNoPriv asks for a name and no key (RFC 3414 1.4)",
};

/* ---- what the thread keeps ---- */

/* The last community that a client tried at a server. */
struct guesser {
	uint64_t pair; /* client and server */
	uint64_t community;
	int64_t at_us;
};

struct snmp_shared {
	struct hash_key key;
	struct guesser guessers[GUESSERS];
};

static void *snmp_shared_new(const struct hash_key *key)
{
	struct snmp_shared *shared = calloc(1, sizeof(*shared));
	if (shared != NULL)
		shared->key = *key;
	return shared;
}

const struct protocol protocol_snmp;

static struct snmp_shared *shared_of(struct talk *talk)
{
	return talk_shared(talk, &protocol_snmp);
}

static uint64_t hash_of(const struct snmp_shared *shared, struct bytes bytes)
{
	uint64_t words[9] = { bytes.len };
	size_t len = bytes.len < 64 ? bytes.len : 64;
	if (len > 0)
		memcpy(words + 1, bytes.at, len);
	return hash_words(&shared->key, words, 9);
}

/* True if that client tried another community at that server a while ago, right or
 * wrong; remembers this one. */
static bool note_try(struct talk *talk, uint64_t community, int64_t at_us)
{
	struct snmp_shared *shared = shared_of(talk);
	uint64_t words[5];
	if (shared == NULL)
		return false;
	memcpy(words, &talk->addr[CLIENT], 16);
	memcpy(words + 2, &talk->addr[SERVER], 16);
	words[4] = talk->port[SERVER];
	uint64_t pair = hash_words(&shared->key, words, 5);
	struct guesser *guesser = &shared->guessers[pair % GUESSERS];
	bool is_other = guesser->pair == pair && guesser->community != community &&
			at_us - guesser->at_us < GUESS_US;
	*guesser = (struct guesser){ pair, community, at_us };
	return is_other;
}

/* ---- what is asked ---- */

struct pending {
	uint64_t community; /* its hash; 0: version 3 */
	int64_t at_us;
	int32_t id;
	bool is_default;
};

struct snmp_state {
	struct pending pending[PENDING]; /* oldest first */
	uint64_t known[KNOWN];
	uint8_t pending_count, known_count;
	bool has_answered, user_told;
	uint8_t user_len, user_flags;
	uint8_t user[USER_KEPT];
};
_Static_assert(sizeof(struct snmp_state) <= TALK_STATE_MAX, "fits a talk");

/* False if its outcome was told before. */
static bool is_news(struct snmp_state *state, uint64_t community)
{
	for (unsigned i = 0; i < state->known_count; i++)
		if (state->known[i] == community)
			return false;
	if (state->known_count == KNOWN) {
		memmove(state->known, state->known + 1,
			(KNOWN - 1) * sizeof(state->known[0]));
		state->known_count--;
	}
	state->known[state->known_count++] = community;
	return true;
}

static void tell_community(struct talk *talk, uint64_t community, enum outcome outcome,
			   int64_t at_us)
{
	struct login_seen login = { .outcome = outcome,
				    .method = "community",
				    .seen_by = "packets" };
	if (is_news(STATE(talk, struct snmp_state), community))
		talk_login(talk, &login, at_us);
}

static void drop(struct snmp_state *state, unsigned i)
{
	memmove(state->pending + i, state->pending + i + 1,
		(state->pending_count - i - 1u) * sizeof(state->pending[0]));
	state->pending_count--;
}

static void give_up(struct talk *talk, unsigned i)
{
	struct snmp_state *state = STATE(talk, struct snmp_state);
	struct pending pending = state->pending[i];
	drop(state, i);
	if (pending.community == 0)
		return;
	bool is_wrong =
		note_try(talk, pending.community, pending.at_us) || state->has_answered;
	if (is_wrong)
		tell_community(talk, pending.community, OUTCOME_FAILURE, pending.at_us);
}

static void give_up_old(struct talk *talk, int64_t at_us)
{
	struct snmp_state *state = STATE(talk, struct snmp_state);
	while (state->pending_count > 0 &&
	       at_us - state->pending[0].at_us > UNANSWERED_US)
		give_up(talk, 0);
}

static bool is_pending(const struct snmp_state *state, int32_t id, uint64_t community)
{
	for (unsigned i = 0; i < state->pending_count; i++)
		if (state->pending[i].id == id &&
		    state->pending[i].community == community)
			return true;
	return false;
}

static bool is_default_name(struct bytes community)
{
	return text_is(community, "public") || text_is(community, "private");
}

static void read_request(struct talk *talk, const struct snmp_message *message,
			 int64_t at_us)
{
	struct snmp_state *state = STATE(talk, struct snmp_state);
	const struct snmp_shared *shared = shared_of(talk);
	bool is_3 = message->version == SNMP_V3;
	struct pending pending = { .at_us = at_us,
				   .id = is_3 ? message->message_id
					      : message->request_id };
	if (!is_3 && shared != NULL)
		pending.community = hash_of(shared, message->community) | 1;
	pending.is_default = !is_3 && is_default_name(message->community);
	if (is_3) {
		size_t len =
			message->user.len < USER_KEPT ? message->user.len : USER_KEPT;
		if (len > 0)
			memcpy(state->user, message->user.at, len);
		state->user_len = (uint8_t)len;
		state->user_flags = (uint8_t)message->flags;
	}
	give_up_old(talk, at_us);
	if (is_pending(state, pending.id, pending.community))
		return;
	if (state->pending_count == PENDING)
		give_up(talk, 0);
	state->pending[state->pending_count++] = pending;
}

/* ---- what is answered ---- */

static const char *level_of(unsigned flags)
{
	if ((flags & SNMP_AUTH) == 0)
		return "noAuthNoPriv";
	return flags & SNMP_PRIV ? "authPriv" : "authNoPriv";
}

static void tell_user(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	struct snmp_state *state = STATE(talk, struct snmp_state);
	struct login_seen login = { .user = bytes_of(state->user, state->user_len),
				    .outcome = outcome,
				    .method = level_of(state->user_flags),
				    .seen_by = "packets" };
	/* Who is let in is so for all that follows; each refusal is another attempt. */
	if (state->user_len == 0 || (outcome == OUTCOME_SUCCESS && state->user_told))
		return;
	state->user_told = outcome == OUTCOME_SUCCESS;
	talk_login(talk, &login, at_us);
}

/*
 * usmStats (RFC 3414 5): 3 unknown user names, 5 wrong digests, 6 decryption errors;
 * the others are no refusals (an engine's discovery, clocks).
 */
static bool is_refusal(struct bytes oid)
{
	static const uint8_t stats[] = { 0x2b, 6, 1, 6, 3, 15, 1, 1 };
	if (oid.len < sizeof(stats) + 1 || memcmp(oid.at, stats, sizeof(stats)) != 0)
		return false;
	uint8_t which = oid.at[sizeof(stats)];
	return which == 3 || which == 5 || which == 6;
}

static void judge_version_3(struct talk *talk, const struct snmp_message *message,
			    int64_t at_us)
{
	if (message->pdu == SNMP_REPORT) {
		if (is_refusal(message->oid))
			tell_user(talk, OUTCOME_FAILURE, at_us);
		return;
	}
	tell_user(talk, OUTCOME_SUCCESS, at_us);
	if ((message->flags & SNMP_AUTH) == 0)
		talk_notice(talk, &no_authentication, at_us,
			    "the server answers without a key");
}

static void judge_community(struct talk *talk, const struct pending *pending,
			    int64_t at_us)
{
	note_try(talk, pending->community, at_us);
	tell_community(talk, pending->community, OUTCOME_SUCCESS, at_us);
	talk_notice(talk, &clear_text, at_us, "the server answers in version %s",
		    talk->facts.version);
	if (pending->is_default)
		talk_notice(talk, &default_community, at_us,
			    "the server accepts a default community");
}

/* sysDescr.0: the first line says what it is. */
static void note_software(struct talk *talk, const struct snmp_message *message)
{
	static const uint8_t description[] = { 0x2b, 6, 1, 2, 1, 1, 1, 0 };
	struct bytes value = message->value;
	size_t len = 0;
	if (message->value_tag != 4 || message->oid.len != sizeof(description) ||
	    memcmp(message->oid.at, description, sizeof(description)) != 0)
		return;
	while (len < value.len && value.at[len] != '\r' && value.at[len] != '\n')
		len++;
	if (len > 0)
		facts_text(talk->facts.software, sizeof(talk->facts.software),
			   bytes_of(value.at, len));
}

static bool is_server_error(unsigned error)
{
	return error == GENERAL_ERROR || error == RESOURCE_UNAVAILABLE ||
	       error == COMMIT_FAILED || error == UNDO_FAILED;
}

static void read_answer(struct talk *talk, const struct snmp_message *message,
			int64_t at_us)
{
	struct snmp_state *state = STATE(talk, struct snmp_state);
	bool is_3 = message->version == SNMP_V3;
	int32_t id = is_3 ? message->message_id : message->request_id;
	unsigned i = 0;
	note_software(talk, message);
	while (i < state->pending_count && state->pending[i].id != id)
		i++;
	if (i == state->pending_count)
		return;
	struct pending pending = state->pending[i];
	int64_t took_us = at_us - pending.at_us;
	drop(state, i);
	state->has_answered = true;
	talk_answered(talk, is_server_error(message->error),
		      took_us > 0 ? (uint64_t)took_us : 0);
	if (is_3)
		judge_version_3(talk, message, at_us);
	else
		judge_community(talk, &pending, at_us);
}

/* ---- messages ---- */

static void record_message(struct talk *talk, const struct snmp_message *message,
			   int64_t at_us)
{
	struct snmp_record record;
	if (!talk_wants(talk, RECORD_snmp))
		return;
	record_init(RECORD_snmp, &record);
	record.version = message->version == SNMP_V3 ? 3 : message->version + 1;
	record.pdu = snmp_pdu_name(message->pdu);
	facts_text(record.user, sizeof(record.user), message->user);
	snmp_oid_text(message->oid, record.oid, sizeof(record.oid));
	if (message->pdu == SNMP_RESPONSE)
		record.error = message->error;
	talk_record(talk, RECORD_snmp, &record, at_us);
}

static void note_facts(struct talk *talk, const struct snmp_message *message)
{
	static const char *const versions[] = { "1", "2c", "", "3" };
	struct facts *facts = &talk->facts;
	record_text(facts->version, sizeof(facts->version), versions[message->version]);
	facts->cleartext = (message->flags & SNMP_PRIV) == 0;
}

static bool is_request(const struct snmp_message *message, unsigned by)
{
	switch (message->pdu) {
	case SNMP_GET:
	case SNMP_GET_NEXT:
	case SNMP_GET_BULK:
	case SNMP_SET:
	case SNMP_INFORM:
		return true;
	case 0: /* encrypted: the asker is the client */
		return by == CLIENT;
	default:
		return false;
	}
}

static void snmp_read(struct talk *talk, struct said *said)
{
	struct snmp_message message;
	struct bytes datagram = bytes_take(&said->data, said->data.len);
	if (!snmp_message_read(datagram, said->beyond > 0, &message))
		return;
	note_facts(talk, &message);
	record_message(talk, &message, said->at_us);
	if (is_request(&message, said->by))
		read_request(talk, &message, said->at_us);
	else if (message.pdu == SNMP_RESPONSE || message.pdu == SNMP_REPORT ||
		 message.pdu == 0)
		read_answer(talk, &message, said->at_us);
}

static void snmp_end(struct talk *talk, int64_t at_us)
{
	(void)at_us;
	while (STATE(talk, struct snmp_state)->pending_count > 0)
		give_up(talk, 0);
}

static enum verdict snmp_recognise(const struct opening *opening)
{
	struct snmp_message message;
	struct bytes said = opening_first(opening);
	if (said.len == 0)
		return VERDICT_MORE;
	bool may_be_cut = said.len == OPENING_MAX;
	return snmp_message_read(said, may_be_cut, &message) ? VERDICT_YES : VERDICT_NO;
}

const struct protocol protocol_snmp = {
	.name = "snmp",
	.doc = "Simple Network Management Protocol (RFC 3411)",
	.transports = { IPPROTO_UDP },
	.ports = { 161, 162 },
	.state_size = sizeof(struct snmp_state),
	.times_answers = true,
	.recognise = snmp_recognise,
	.read = snmp_read,
	.end = snmp_end,
	.shared_new = snmp_shared_new,
	.shared_free = free,
	.asking = &snmp_asking,
};
