/*
 * dns.c: the Domain Name System over UDP and TCP (RFC 1035, 6891, 7766).
 *
 * Answers come in any order, so they are matched with what was asked by identifier and
 * question.  A question's name is kept by the thread, not by the conversation: only the
 * record of one that nobody answers needs it.
 */
#include <netinet/in.h>
#include <stdlib.h>

#include "protocol/dns_ask.h"
#include "protocol/dns_message.h"
#include "protocol/dns_tunnel.h"
#include "protocol/text.h"

enum {
	/* Of a longer one over TCP the begin is read: a record holds no more. */
	MESSAGE_READ = 2048,
	PENDING = 16,  /* questions of one conversation that wait for an answer */
	ANSWERED = 16, /* identifiers that were: a copy of an answer is no news */
	UNANSWERED_US = 10000000, /* resolvers wait shorter: later nobody uses it */
	/*
	 * To guess an identifier takes thousands of answers; a client that asks the
	 * same again under a new one while we lose packets may bring a few.
	 */
	FORGED_MAX = 8,
	ASKED = 4096, /* names kept by a thread: a power of 2 */
	ASKED_NAME_MAX = 88,
};

static const struct talk_notice bad_names = {
	.kind = "protocol_anomaly",
	.technique = "dns_name",
	.severity = "low",
	.about = ABOUT_CLIENT,
	.why = "a parser that follows such names loops or overruns (RFC 1035 4.1.4)",
};
static const struct talk_notice bad_length = {
	.kind = "protocol_anomaly",
	.technique = "dns_length",
	.severity = "notice",
	.about = ABOUT_CLIENT,
	.why = "a parser that believes the counts reads past the end (RFC 1035 4.1.1)",
};
static const struct talk_notice other_answer = {
	.kind = "protocol_anomaly",
	.technique = "dns_other_answer",
	.severity = "low",
	.mitre = "T1557",
	.about = ABOUT_SERVICE,
	.why = "an answer that does not repeat its question is forged (RFC 5452 3)",
};
static const struct talk_notice forged_answers = {
	.kind = "protocol_anomaly",
	.technique = "dns_forged_answers",
	.severity = "medium",
	.mitre = "T1557",
	.about = ABOUT_SERVICE,
	.why = "somebody guesses identifiers to have a false answer believed "
	       "(RFC 5452 4.3)",
};
static const struct talk_notice transfer_near = {
	.kind = "weak_protocol",
	.technique = "zone_transfer",
	.severity = "notice",
	.mitre = "T1590.002",
	.about = ABOUT_CLIENT,
	.why = "a transfer tells every name of a zone (RFC 5936 5)",
};
static const struct talk_notice transfer_far = {
	.kind = "weak_protocol",
	.technique = "zone_transfer",
	.severity = "low",
	.mitre = "T1590.002",
	.about = ABOUT_CLIENT,
	.why = "a transfer tells a stranger every name of a zone (RFC 5936 5)",
};
static const struct talk_notice tunnel = {
	.kind = "tunnel",
	.technique = "dns",
	.severity = "high",
	.mitre = "T1071.004",
	.about = ABOUT_CLIENT,
	.why = "names and answers that differ each time carry data past the firewall",
};

/* ---- what the thread keeps ---- */

struct asked {
	uint32_t serial; /* 0: none */
	uint16_t type;
	char name[ASKED_NAME_MAX];
};

struct dns_shared {
	struct dns_tunnels *tunnels;
	uint32_t serial;
	struct asked asked[ASKED]; /* by serial; the oldest gives way */
};

static void dns_shared_free(void *self)
{
	struct dns_shared *shared = self;
	dns_tunnels_free(shared->tunnels);
	free(shared);
}

static void *dns_shared_new(const struct hash_key *key)
{
	struct dns_shared *shared = calloc(1, sizeof(*shared));
	if (shared == NULL)
		return NULL;
	shared->tunnels = dns_tunnels_new(key);
	if (shared->tunnels == NULL) {
		dns_shared_free(shared);
		return NULL;
	}
	return shared;
}

const struct protocol protocol_dns;

static struct dns_shared *shared_of(struct talk *talk)
{
	return talk_shared(talk, &protocol_dns);
}

/* ---- what is asked ---- */

struct pending {
	uint32_t at_us; /* its low half: none grows older than UNANSWERED_US */
	uint32_t question, serial;
	uint16_t id, bytes;
};

struct dns_state {
	int64_t last_us;
	struct pending pending[PENDING]; /* oldest first */
	uint16_t answered[ANSWERED];
	uint8_t pending_count, answered_count, answered_next, forged;
	bool has_lost; /* a question was forgotten: its answer will come unasked */
};
_Static_assert(sizeof(struct dns_state) <= TALK_STATE_MAX, "fits a talk");

/* Who makes two questions collide hides an answer of his own. */
static uint32_t question_of(const struct dns_message *message)
{
	struct bytes name = bytes_of(message->name.at, message->name.len);
	uint64_t kind = (uint64_t)message->type << 16 | message->class;
	return (uint32_t)text_hash(kind, name);
}

static int64_t asked_at(const struct dns_state *state, const struct pending *pending)
{
	return state->last_us - (uint32_t)((uint32_t)state->last_us - pending->at_us);
}

static void drop(struct dns_state *state, struct pending *pending)
{
	size_t behind = (size_t)(state->pending + state->pending_count - 1 - pending);
	memmove(pending, pending + 1, behind * sizeof(*pending));
	state->pending_count--;
}

static void remember(struct dns_state *state, uint16_t id)
{
	state->answered[state->answered_next] = id;
	state->answered_next = (uint8_t)((state->answered_next + 1) % ANSWERED);
	if (state->answered_count < ANSWERED)
		state->answered_count++;
}

static bool was_answered(const struct dns_state *state, uint16_t id)
{
	for (unsigned i = 0; i < state->answered_count; i++)
		if (state->answered[i] == id)
			return true;
	return false;
}

static void record_unanswered(struct talk *talk, const struct pending *pending)
{
	struct dns_state *state = STATE(talk, struct dns_state);
	struct dns_shared *shared = shared_of(talk);
	const struct asked *asked =
		shared != NULL ? &shared->asked[pending->serial % ASKED] : NULL;
	struct dns_record record;
	if (asked == NULL || asked->serial != pending->serial)
		return;
	record_init(RECORD_dns, &record);
	record.id = pending->id;
	record_text(record.query, sizeof(record.query), asked->name);
	record.type = dns_type_name(asked->type);
	record.type_number = asked->type;
	record.request_bytes = pending->bytes;
	talk_record(talk, RECORD_dns, &record, asked_at(state, pending));
}

/* Nobody answers a group's question that has nothing to say. */
static void give_up(struct talk *talk, struct pending *pending)
{
	struct dns_state *state = STATE(talk, struct dns_state);
	if (!addr_is_group(&talk->addr[SERVER])) {
		talk_answered(talk, true, UNKNOWN_U64);
		record_unanswered(talk, pending);
	}
	remember(state, pending->id);
	drop(state, pending);
}

static void give_up_old(struct talk *talk, int64_t at_us)
{
	struct dns_state *state = STATE(talk, struct dns_state);
	while (state->pending_count > 0 &&
	       at_us - asked_at(state, state->pending) > UNANSWERED_US)
		give_up(talk, state->pending);
	if (at_us > state->last_us)
		state->last_us = at_us;
}

static uint32_t keep_name(struct talk *talk, const struct dns_message *message)
{
	struct dns_shared *shared = shared_of(talk);
	if (shared == NULL || !talk_wants(talk, RECORD_dns))
		return 0;
	if (++shared->serial == 0)
		shared->serial = 1;
	struct asked *asked = &shared->asked[shared->serial % ASKED];
	asked->serial = shared->serial;
	asked->type = message->type;
	dns_name_text(&message->name, asked->name, sizeof(asked->name));
	return shared->serial;
}

static void add_pending(struct talk *talk, const struct dns_message *message,
			uint32_t question)
{
	struct dns_state *state = STATE(talk, struct dns_state);
	if (state->pending_count == PENDING) {
		state->has_lost = true;
		drop(state, state->pending);
	}
	size_t bytes = message->len < UINT16_MAX ? message->len : UINT16_MAX;
	state->pending[state->pending_count++] =
		(struct pending){ .at_us = (uint32_t)state->last_us,
				  .question = question,
				  .serial = keep_name(talk, message),
				  .id = message->id,
				  .bytes = (uint16_t)bytes };
}

static bool is_pending(const struct dns_state *state, uint16_t id, uint32_t question)
{
	for (unsigned i = 0; i < state->pending_count; i++)
		if (state->pending[i].id == id &&
		    state->pending[i].question == question)
			return true;
	return false;
}

static void asked(struct talk *talk, const struct said *said,
		  const struct dns_message *message)
{
	struct dns_shared *shared = shared_of(talk);
	struct dns_lookup lookup = { .client = &talk->addr[said->by],
				     .name = &message->name,
				     .type = message->type,
				     .at_us = said->at_us };
	char text[DNS_TUNNEL_TEXT_MAX];
	uint32_t question = question_of(message);
	/* Asked again: who waits, waits since the first time. */
	if (is_pending(STATE(talk, struct dns_state), message->id, question))
		return;
	add_pending(talk, message, question);
	if (talk->facts.name[0] == '\0' && message->name.len > 0)
		dns_name_text(&message->name, talk->facts.name,
			      sizeof(talk->facts.name));
	if (shared != NULL && message->name.len > 0 &&
	    dns_tunnel_asked(shared->tunnels, &lookup, text))
		talk_notice(talk, &tunnel, said->at_us, "%s", text);
}

/* ---- what is answered ---- */

/* The pending question that is answered, or NULL. */
static struct pending *pending_of(struct dns_state *state,
				  const struct dns_message *message, uint32_t question)
{
	/* An error may leave the question out (RFC 1035 4.1.1 does not forbid it). */
	bool by_id = message->count[DNS_QUESTIONS] == 0;
	for (struct pending *p = state->pending;
	     p < state->pending + state->pending_count; p++)
		if (p->id == message->id && (by_id || p->question == question))
			return p;
	return NULL;
}

/* True if the answer is none to a question that waits, though it seems to be. */
static bool is_forged(struct talk *talk, const struct said *said,
		      const struct dns_message *message, uint32_t question)
{
	struct dns_state *state = STATE(talk, struct dns_state);
	char name[64];
	if (state->has_lost)
		return false;
	for (unsigned i = 0; i < state->pending_count; i++) {
		const struct pending *pending = &state->pending[i];
		if (pending->id == message->id) {
			dns_name_text(&message->name, name, sizeof(name));
			talk_notice(talk, &other_answer, said->at_us,
				    "an answer about %s, which was not asked", name);
			return true;
		}
		if (pending->question == question) {
			if (state->forged < FORGED_MAX)
				state->forged++;
			if (state->forged == FORGED_MAX)
				talk_notice(talk, &forged_answers, said->at_us,
					    "%d answers to what is asked, but with "
					    "other identifiers",
					    FORGED_MAX);
			return true;
		}
	}
	return false;
}

struct answers {
	bool wants_text;
	char text[256];
	size_t len;
	uint32_t ttl_s;
	unsigned rcode; /* with the high bits of EDNS (RFC 6891 6.1.3) */
	struct dns_rr first;
	bool has_first;
};

static void begin_answers(const struct talk *talk, const struct dns_message *message,
			  struct answers *answers)
{
	answers->wants_text = talk_wants(talk, RECORD_dns);
	answers->text[0] = '\0';
	answers->len = 0;
	answers->ttl_s = UNKNOWN_U32;
	answers->rcode = message->flags & DNS_RCODE;
	answers->has_first = false;
}

/* Behind those before it, as far as there is room. */
static enum dns_flaw add_text(struct answers *answers,
			      const struct dns_message *message,
			      const struct dns_rr *rr)
{
	enum { RRSIG = 46 }; /* says nothing but that another is true */
	char *at = answers->text + answers->len;
	size_t size = sizeof(answers->text) - answers->len;
	enum dns_flaw flaw;
	if (!answers->wants_text || rr->type == RRSIG || size <= 2)
		return dns_rr_flaw(message, rr);
	if (answers->len > 0) {
		*at++ = ',';
		answers->len++;
		size--;
	}
	answers->len += dns_rr_text(message, rr, at, size, &flaw);
	return flaw;
}

static enum dns_flaw add_answer(struct answers *answers,
				const struct dns_message *message,
				const struct dns_rr *rr)
{
	if (!answers->has_first)
		answers->first = *rr;
	answers->has_first = true;
	answers->ttl_s = rr->ttl < answers->ttl_s ? rr->ttl : answers->ttl_s;
	return add_text(answers, message, rr);
}

static enum dns_flaw read_records(const struct dns_message *message,
				  struct answers *answers)
{
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	enum dns_flaw flaw = DNS_SOUND;
	while (flaw == DNS_SOUND && dns_rr_next(message, &walk, &rr)) {
		if (rr.section == DNS_ANSWERS)
			flaw = add_answer(answers, message, &rr);
		else if (rr.type == DNS_OPT && rr.section == DNS_ADDITIONAL)
			answers->rcode |= rr.ttl >> 24 << 4;
	}
	return flaw == DNS_SOUND ? walk.flaw : flaw;
}

static void record_answer(struct talk *talk, const struct dns_message *message,
			  const struct answers *answers, const struct pending *pending,
			  int64_t at_us)
{
	struct dns_record record;
	if (!talk_wants(talk, RECORD_dns))
		return;
	record_init(RECORD_dns, &record);
	record.id = message->id;
	if (message->name.len > 0) {
		dns_name_text(&message->name, record.query, sizeof(record.query));
		record.type = dns_type_name(message->type);
		record.type_number = message->type;
	}
	record.opcode = dns_opcode(message);
	record.flags = message->flags;
	record.rcode = dns_rcode_name(answers->rcode);
	record.answers = message->count[DNS_ANSWERS];
	record_text(record.answer, sizeof(record.answer), answers->text);
	record.ttl_s = answers->ttl_s;
	record.response_bytes = message->len;
	if (pending != NULL) {
		record.request_bytes = pending->bytes;
		record.took_us =
			(uint64_t)(at_us -
				   asked_at(STATE(talk, struct dns_state), pending));
		at_us -= (int64_t)record.took_us;
	}
	talk_record(talk, RECORD_dns, &record, at_us);
}

/* A server asked for its version says what it is: "9.18.24", "unbound 1.17.1". */
static void note_software(struct talk *talk, const struct dns_message *message,
			  const struct answers *answers)
{
	if (message->class != DNS_CLASS_CH || message->type != DNS_TXT ||
	    !answers->has_first || answers->first.type != DNS_TXT ||
	    (!dns_name_is(&message->name, "version.bind") &&
	     !dns_name_is(&message->name, "version.server")))
		return;
	struct bytes data = bytes_of(message->bytes.at + answers->first.data_at,
				     answers->first.data_len);
	size_t len = bytes_u8(&data);
	struct bytes version = bytes_take(&data, len);
	if (bytes_ok(&version) && len > 0)
		facts_text(talk->facts.software, sizeof(talk->facts.software), version);
}

static void note_transfer(struct talk *talk, const struct dns_message *message,
			  const struct answers *answers, int64_t at_us)
{
	const struct addr *client = &talk->addr[CLIENT];
	bool is_near = addr_is_private(client) || addr_is_loopback(client);
	char name[64];
	if (message->type != DNS_AXFR || answers->rcode != 0 || !answers->has_first)
		return;
	dns_name_text(&message->name, name, sizeof(name));
	talk_notice(talk, is_near ? &transfer_near : &transfer_far, at_us,
		    "the zone %s was transferred", name);
}

/* What an answer means beyond that it came. */
static void note_answer(struct talk *talk, const struct said *said,
			const struct dns_message *message,
			const struct answers *answers)
{
	struct dns_shared *shared = shared_of(talk);
	struct dns_lookup lookup = { .client = &talk->addr[1 - said->by],
				     .name = &message->name,
				     .type = message->type,
				     .at_us = said->at_us };
	char text[DNS_TUNNEL_TEXT_MAX];
	note_software(talk, message, answers);
	note_transfer(talk, message, answers, said->at_us);
	if (shared != NULL && answers->has_first && message->name.len > 0 &&
	    dns_tunnel_answered(shared->tunnels, &lookup, message, &answers->first,
				text))
		talk_notice(talk, &tunnel, said->at_us, "%s", text);
}

static void answered(struct talk *talk, const struct said *said,
		     const struct dns_message *message, const struct answers *answers)
{
	struct dns_state *state = STATE(talk, struct dns_state);
	uint32_t question = question_of(message);
	struct pending *pending = pending_of(state, message, question);
	/* A copy, or the next part of a zone. */
	if (pending == NULL && was_answered(state, message->id))
		return;
	if (pending == NULL && is_forged(talk, said, message, question))
		return;
	uint64_t took_us = UNKNOWN_U64;
	if (pending != NULL)
		took_us = (uint64_t)(state->last_us - asked_at(state, pending));
	/* Only SERVFAIL is the server's fault; REFUSED is what it is told to say. */
	talk_answered(talk, answers->rcode == DNS_SERVFAIL, took_us);
	record_answer(talk, message, answers, pending, state->last_us);
	note_answer(talk, said, message, answers);
	remember(state, message->id);
	if (pending != NULL)
		drop(state, pending);
}

/* ---- messages ---- */

static void complain(struct talk *talk, const struct said *said, enum dns_flaw flaw,
		     size_t len)
{
	bool is_name = flaw == DNS_POINTER || flaw == DNS_LABEL || flaw == DNS_LONG;
	talk_notice(talk, is_name ? &bad_names : &bad_length, said->at_us,
		    "in a message of %zu octets from the %s, %s", len,
		    said->by == CLIENT ? "client" : "server", dns_flaw_text(flaw));
}

/* False if it is none. */
static bool take_message(struct talk *talk, const struct said *said, struct bytes bytes,
			 size_t len)
{
	struct dns_message message;
	struct answers answers;
	enum dns_flaw flaw = dns_message_read(bytes, len, &message);
	begin_answers(talk, &message, &answers);
	if (flaw == DNS_SOUND)
		flaw = read_records(&message, &answers);
	/* Who cuts a message to fit may cut it anywhere; and we may have its begin. */
	bool is_cut = bytes.len < len || (message.flags & DNS_TC) != 0;
	if (flaw != DNS_SOUND && !(flaw == DNS_SHORT && is_cut)) {
		complain(talk, said, flaw, len);
		return false;
	}
	give_up_old(talk, said->at_us);
	if (dns_is_response(&message))
		answered(talk, said, &message, &answers);
	else
		asked(talk, said, &message);
	return true;
}

/* Messages behind their length (RFC 1035 4.2.2), several at once (RFC 7766 6.2.1.1). */
static void read_stream(struct talk *talk, struct said *said)
{
	struct dns_state *state = STATE(talk, struct dns_state);
	if (said->after_gap) {
		state->pending_count = 0; /* their answers may be what was lost */
		state->has_lost = true;
	}
	while (said->data.len >= 2) {
		struct bytes ahead = said->data;
		size_t len = bytes_be16(&ahead);
		size_t want = len < MESSAGE_READ ? len : MESSAGE_READ;
		if (len >= DNS_HEADER && ahead.len < want)
			return;
		struct bytes message = bytes_take(&ahead, want);
		if (len < DNS_HEADER)
			complain(talk, said, DNS_SHORT, len);
		if (len < DNS_HEADER ||
		    (!take_message(talk, said, message, len) && said->after_gap)) {
			talk_skip_turn(talk, said->by);
			return;
		}
		said->data = ahead;
		talk_pass(talk, said, len - want);
	}
}

static void dns_read(struct talk *talk, struct said *said)
{
	talk->facts.cleartext = 1;
	if (talk->transport == IPPROTO_TCP) {
		read_stream(talk, said);
		return;
	}
	struct bytes datagram = bytes_take(&said->data, said->data.len);
	take_message(talk, said, datagram, datagram.len + said->beyond);
}

static void dns_end(struct talk *talk, int64_t at_us)
{
	struct dns_state *state = STATE(talk, struct dns_state);
	give_up_old(talk, at_us);
	while (state->pending_count > 0)
		give_up(talk, state->pending);
}

const struct protocol protocol_dns = {
	.name = "dns",
	.doc = "Domain Name System (RFC 1035)",
	.transports = { IPPROTO_UDP, IPPROTO_TCP },
	.ports = { 53 },
	.turn_max = TURN_MAX,
	.state_size = sizeof(struct dns_state),
	.times_answers = true,
	.asking = &dns_asking,
	.recognise = dns_looks,
	.read = dns_read,
	.end = dns_end,
	.shared_new = dns_shared_new,
	.shared_free = dns_shared_free,
};
