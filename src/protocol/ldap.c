/*
 * ldap.c: LDAP version 3 (RFC 4511), over TCP and, asked once without a bind, over UDP.
 *
 * Everything is an LDAPMessage: a sequence of a number, an operation and perhaps
 * controls. A response has its request's number; of a bind and of StartTLS the number
 * is kept.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "protocol/ldap.h"
#include "protocol/protocol.h"
#include "protocol/starttls.h"
#include "protocol/text.h"

struct ldap_state {
	int32_t bind_id, tls_id;
	bool is_binding; /* the outcome of a bind is still to come */
	bool asked_tls;
	bool has_layer; /* a SASL bind succeeded: what follows may be wrapped */
	bool is_login;  /* the bind is one with a name and a proof */
	bool by_sasl;
	uint8_t user_len;
	const char *method;
	uint8_t user[USER_MAX];
};

static const struct talk_notice cleartext_password = {
	.kind = "cleartext_login",
	.technique = "ldap_simple_bind",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "without TLS, anyone on the path reads the password (RFC 4513, 6.3.1)",
};

/* ---- recognising ---- */

/* The begin of a value: its tag is one of tags, its length at most max. */
static enum verdict take_head(struct bytes *said, const char *tags, uint32_t max,
			      uint32_t *len)
{
	if (said->len == 0)
		return VERDICT_MORE;
	if (memchr(tags, said->at[0], strlen(tags)) == NULL)
		return VERDICT_NO;
	if (said->len == 1)
		return VERDICT_MORE;
	uint8_t first = said->at[1];
	unsigned octets = first > 0x80 ? first & 0x7f : 0;
	if (first == 0x80 || octets > 4)
		return VERDICT_NO;
	struct bytes rest = *said;
	bytes_take(&rest, 2);
	*len = octets == 0 ? first : 0;
	while (octets-- > 0)
		*len = *len << 8 | bytes_u8(&rest);
	if (!bytes_ok(&rest))
		return VERDICT_MORE;
	if (*len > max)
		return VERDICT_NO;
	*said = rest;
	return VERDICT_YES;
}

/* An INTEGER or ENUMERATED of one octet, from `least` to `most`. */
static enum verdict take_small(struct bytes *said, const char *tag, uint8_t least,
			       uint8_t most)
{
	uint32_t len;
	enum verdict verdict = take_head(said, tag, 1, &len);
	if (verdict != VERDICT_YES)
		return verdict;
	if (len != 1)
		return VERDICT_NO;
	if (said->len == 0)
		return VERDICT_MORE;
	uint8_t value = bytes_u8(said);
	return value >= least && value <= most ? VERDICT_YES : VERDICT_NO;
}

/* Skips text of a length that is within max. */
static enum verdict take_string(struct bytes *said, uint32_t max)
{
	uint32_t len;
	enum verdict verdict = take_head(said, "\x04", max, &len);
	if (verdict != VERDICT_YES)
		return verdict;
	if (said->len < len)
		return VERDICT_MORE;
	bytes_take(said, len);
	return VERDICT_YES;
}

/* What a client may begin with: bind, search, an extended request. */
static enum verdict request_verdict(uint8_t operation, struct bytes said, uint32_t len)
{
	uint32_t inner;
	enum verdict verdict;
	switch (operation) {
	case LDAP_BIND:
		verdict = take_small(&said, "\x02", 2, 3);
		if (verdict == VERDICT_YES)
			verdict = take_string(&said, len);
		if (verdict == VERDICT_YES)
			verdict = take_head(&said, "\x80\xa3\x89\x8a\x8b", len, &inner);
		return verdict;
	case LDAP_SEARCH:
		verdict = take_string(&said, len);
		if (verdict == VERDICT_YES)
			verdict = take_small(&said, "\x0a", 0, 3);
		if (verdict == VERDICT_YES)
			verdict = take_small(&said, "\x0a", 0, 3);
		return verdict;
	case LDAP_EXTENDED:
		verdict = take_head(&said, "\x80", len, &inner);
		if (verdict == VERDICT_YES && said.len < 2)
			return VERDICT_MORE;
		if (verdict == VERDICT_YES)
			return text_starts(said, "1.") ? VERDICT_YES : VERDICT_NO;
		return verdict;
	default:
		return VERDICT_NO;
	}
}

/* What a server may: the result of a bind, an entry, the end of a search ... */
static enum verdict response_verdict(uint8_t operation, struct bytes said, uint32_t len)
{
	enum verdict verdict;
	switch (operation) {
	case LDAP_BIND_RESPONSE:
	case LDAP_SEARCH_DONE:
	case LDAP_EXTENDED_RESPONSE:
		verdict = take_small(&said, "\x0a", 0, 123);
		if (verdict == VERDICT_YES)
			verdict = take_string(&said, len);
		if (verdict == VERDICT_YES)
			verdict = take_string(&said, len);
		return verdict;
	case LDAP_ENTRY:
		verdict = take_string(&said, len);
		if (verdict == VERDICT_YES)
			verdict = take_head(&said, "\x30", len, &len);
		return verdict;
	default:
		return VERDICT_NO;
	}
}

static enum verdict message_verdict(struct bytes said, bool is_client)
{
	static const char requests[] = { LDAP_BIND, LDAP_SEARCH, LDAP_EXTENDED, 0 };
	static const char responses[] = { LDAP_BIND_RESPONSE, LDAP_ENTRY,
					  LDAP_SEARCH_DONE, LDAP_EXTENDED_RESPONSE, 0 };
	enum { LONGEST = 1 << 24 };
	uint32_t all, id, len;
	enum verdict verdict = take_head(&said, "\x30", LONGEST, &all);
	if (verdict == VERDICT_YES)
		verdict = take_head(&said, "\x02", 4, &id);
	if (verdict != VERDICT_YES)
		return verdict;
	if (id == 0)
		return VERDICT_NO;
	if (said.len <= id)
		return VERDICT_MORE;
	bytes_take(&said, id);
	uint8_t operation = said.at[0];
	verdict = take_head(&said, is_client ? requests : responses, all, &len);
	if (verdict != VERDICT_YES)
		return verdict;
	return is_client ? request_verdict(operation, said, len)
			 : response_verdict(operation, said, len);
}

static enum verdict ldap_recognise(const struct opening *opening)
{
	if (opening->said[CLIENT].len > 0)
		return message_verdict(opening->said[CLIENT], true);
	return message_verdict(opening->said[SERVER], false);
}

/* ---- reading ---- */

/*
 * False, and nothing taken, if more is to come and not enough is here; false, and the
 * turn or the talk is over, if it is no message.
 */
static bool take_message(struct talk *talk, struct said *said,
			 struct ldap_message *message)
{
	struct ldap_state *state = STATE(talk, struct ldap_state);
	if (said->data.len == 0)
		return false;
	if (said->data.at[0] != LDAP_SEQUENCE && state->has_layer) {
		/* RFC 4422, 3.7: from now on buffers, each with four octets of length.
		 */
		talk->facts.cleartext = ldap_is_sealed(said->data) ? 0 : UNKNOWN_FLAG;
		talk_done(talk);
		return false;
	}
	switch (ldap_read_message(said->data, said->ends, message)) {
	case VERDICT_YES:
		talk_pass(talk, said, message->len);
		return true;
	case VERDICT_NO:
		talk_skip_turn(talk, said->by);
		return false;
	default:
		return false;
	}
}

static void begin_bind(struct talk *talk, const struct ldap_message *message,
		       int64_t at_us)
{
	struct ldap_state *state = STATE(talk, struct ldap_state);
	struct ldap_bind bind;
	ldap_read_bind(message->content, &bind);
	/* Later steps of SASL may leave the name to the first. */
	if (bind.user_len > 0 || !state->is_binding)
		state->user_len =
			ldap_keep_user(state->user, bytes_of(bind.user, bind.user_len));
	state->bind_id = message->id;
	state->is_binding = true;
	state->is_login = bind.has_proof;
	state->by_sasl = bind.by_sasl;
	state->method = bind.method;
	if (bind.version != 0)
		snprintf(talk->facts.version, sizeof(talk->facts.version), "LDAPv%u",
			 bind.version);
	if (bind.shows_password)
		talk_notice(talk, &cleartext_password, at_us,
			    "an LDAP bind (%s) without TLS", bind.method);
}

static void read_client(struct talk *talk, struct said *said)
{
	struct ldap_state *state = STATE(talk, struct ldap_state);
	struct ldap_message message;
	while (!talk->done && take_message(talk, said, &message)) {
		if (message.operation == LDAP_BIND) {
			begin_bind(talk, &message, said->at_us);
		} else if (message.operation == LDAP_UNBIND) {
			talk_done(talk);
		} else if (message.operation == LDAP_EXTENDED &&
			   ldap_is_start_tls(message.content)) {
			state->asked_tls = true;
			state->tls_id = message.id;
		}
	}
}

static void tell_login(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	struct ldap_state *state = STATE(talk, struct ldap_state);
	struct login_seen login = { .user = bytes_of(state->user, state->user_len),
				    .outcome = outcome,
				    .method = state->method,
				    .seen_by = "packets" };
	if (state->is_login)
		talk_login(talk, &login, at_us);
	state->is_binding = state->is_login = false;
}

static void end_bind(struct talk *talk, int32_t code, int64_t at_us)
{
	struct ldap_state *state = STATE(talk, struct ldap_state);
	if (code == LDAP_BIND_IN_PROGRESS)
		return;
	state->has_layer = code == LDAP_SUCCESS && state->by_sasl;
	tell_login(talk,
		   code == LDAP_SUCCESS   ? OUTCOME_SUCCESS
		   : ldap_is_denial(code) ? OUTCOME_FAILURE
					  : OUTCOME_UNKNOWN,
		   at_us);
}

/* True if what follows is TLS. */
static bool read_result(struct talk *talk, const struct ldap_message *message,
			int64_t at_us)
{
	struct ldap_state *state = STATE(talk, struct ldap_state);
	int32_t code = ldap_read_result(message->content);
	if (code < 0)
		return false;
	talk_answered(talk, ldap_is_fault(code), UNKNOWN_U64);
	if (message->operation == LDAP_BIND_RESPONSE && state->is_binding &&
	    message->id == state->bind_id)
		end_bind(talk, code, at_us);
	if (message->operation != LDAP_EXTENDED_RESPONSE || !state->asked_tls ||
	    message->id != state->tls_id)
		return false;
	state->asked_tls = false;
	return code == LDAP_SUCCESS;
}

static void read_server(struct talk *talk, struct said *said)
{
	struct ldap_message message;
	char software[sizeof(talk->facts.software)];
	while (!talk->done && take_message(talk, said, &message)) {
		if (message.operation == LDAP_ENTRY) {
			if (ldap_read_vendor(message.content, software,
					     sizeof(software)))
				snprintf(talk->facts.software,
					 sizeof(talk->facts.software), "%s", software);
		} else if (read_result(talk, &message, said->at_us)) {
			starttls_begin(talk);
			return;
		}
	}
}

static void ldap_read(struct talk *talk, struct said *said)
{
	talk->facts.cleartext = 1;
	if (said->by == CLIENT)
		read_client(talk, said);
	else
		read_server(talk, said);
}

static void ldap_end(struct talk *talk, int64_t at_us)
{
	if (STATE(talk, struct ldap_state)->is_binding)
		tell_login(talk, OUTCOME_UNKNOWN, at_us);
}

const struct protocol protocol_ldap = {
	.name = "ldap",
	.doc = "Lightweight Directory Access Protocol (RFC 4511)",
	.transports = { IPPROTO_TCP, IPPROTO_UDP },
	.ports = { 389, 3268 },
	.turn_max = LDAP_ENOUGH,
	.state_size = sizeof(struct ldap_state),
	.recognise = ldap_recognise,
	.read = ldap_read,
	.end = ldap_end,
	.asking = &ldap_asking,
};
_Static_assert(sizeof(struct ldap_state) <= TALK_STATE_MAX, "state fits");
