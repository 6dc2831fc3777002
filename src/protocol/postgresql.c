/*
 * postgresql.c: PostgreSQL frontend/backend protocol 3 (PostgreSQL's manual, "Message
 * Formats").
 *
 * The client's first message has a length and a code: a version, or a wish for TLS or
 * GSSAPI that the server answers with one letter.  All others have a letter and a
 * length. What the server says is walked through, message by message, because an error
 * may come at any place of an answer.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "protocol/line.h"
#include "protocol/postgresql.h"
#include "protocol/protocol.h"
#include "protocol/starttls.h"
#include "protocol/text.h"

enum {
	CODES = 8,           /* octets of length and code */
	OLD_STARTUP = 296,   /* a startup message of version 2.0 has fixed fields */
	STARTUP_MAX = 10000, /* as the server has it */
	CANCEL_MAX = 268,
	ENOUGH = 160, /* of a message, to know what it says */
};

enum phase { STARTUP, ASKED_TLS, ASKED_GSSAPI, AUTHENTICATION, READY };

struct postgresql_state {
	uint8_t phase;
	bool has_proved; /* the client has answered a question for its password */
	bool is_asked;   /* ReadyForQuery is still to come */
	bool has_told;   /* of that question, at least one outcome */
	uint8_t user_len;
	const char *method;
	char user[USER_MAX];
};

static const struct talk_notice cleartext_password = {
	.kind = "cleartext_login",
	.technique = "postgresql_password",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "without TLS, anyone on the path reads the password itself; SCRAM (RFC "
	       "5802) would only prove it",
};

/* ---- what messages say ---- */

struct startup {
	uint16_t major, minor;
	struct bytes user, database, application;
};

/* A startup message behind its length, cut or not: what is there is read. */
static void read_startup(struct bytes data, struct startup *startup)
{
	*startup = (struct startup){ .major = bytes_be16(&data) };
	startup->minor = bytes_be16(&data);
	if (startup->major == 2) {
		struct bytes database = bytes_take(&data, 64),
			     user = bytes_take(&data, 32);
		startup->database = text_take(&database);
		startup->user = text_take(&user);
		return;
	}
	while (data.len > 1 && bytes_ok(&data)) {
		struct bytes key = text_take(&data), value = text_take(&data);
		if (!bytes_ok(&data))
			return;
		if (text_is(key, "user"))
			startup->user = value;
		else if (text_is(key, "database"))
			startup->database = value;
		else if (text_is(key, "application_name"))
			startup->application = value;
	}
}

struct bytes postgresql_error_field(struct bytes fields, uint8_t wanted)
{
	while (fields.len > 0 && bytes_ok(&fields)) {
		uint8_t kind = bytes_u8(&fields);
		struct bytes value = text_take(&fields);
		if (kind == wanted && bytes_ok(&fields))
			return value;
	}
	return (struct bytes){ 0 };
}

bool postgresql_is_denial(struct bytes sqlstate)
{
	return text_is(sqlstate, "28P01") || text_is(sqlstate, "28000");
}

/* What an AuthenticationRequest asks for, in the words of pg_hba.conf. */
static const char *method_of(uint32_t code, struct bytes mechanism)
{
	switch (code) {
	case AUTHENTICATION_KERBEROS:
		return "krb5";
	case AUTHENTICATION_CLEARTEXT:
		return "password";
	case AUTHENTICATION_MD5:
		return "md5";
	case AUTHENTICATION_GSSAPI:
		return "gss";
	case AUTHENTICATION_SSPI:
		return "sspi";
	case AUTHENTICATION_SASL:
		if (text_starts(mechanism, "SCRAM-SHA-256"))
			return "scram-sha-256";
		return text_is(mechanism, "OAUTHBEARER") ? "oauth" : NULL;
	default:
		return NULL;
	}
}

/* ---- recognising ---- */

/* The name of a first parameter and its end. */
static enum verdict parameter_verdict(struct bytes data)
{
	for (size_t i = 0; i < data.len; i++) {
		uint8_t c = line_lower(data.at[i]);
		if (c == '\0')
			return i > 0 ? VERDICT_YES : VERDICT_NO;
		if ((c < 'a' || c > 'z') && c != '_' && c != '.')
			return VERDICT_NO;
	}
	return data.len < 64 ? VERDICT_MORE : VERDICT_NO;
}

static enum verdict startup_verdict(uint32_t len, uint32_t code, struct bytes rest)
{
	switch (code) {
	case POSTGRESQL_TLS:
	case POSTGRESQL_GSSAPI:
		return len == CODES ? VERDICT_YES : VERDICT_NO;
	case POSTGRESQL_CANCEL:
		return len >= CODES + 8 && len <= CANCEL_MAX ? VERDICT_YES : VERDICT_NO;
	case 2 << 16:
		return len != OLD_STARTUP      ? VERDICT_NO
		       : rest.len + CODES < 32 ? VERDICT_MORE
					       : VERDICT_YES;
	default:
		if (code >> 16 != 3 || len <= CODES || len > STARTUP_MAX)
			return VERDICT_NO;
		return parameter_verdict(rest);
	}
}

static enum verdict client_verdict(struct bytes said)
{
	/* Both words begin with a zero, or the second with those of the wishes. */
	if ((said.len > 0 && said.at[0] != 0) || (said.len > 1 && said.at[1] != 0) ||
	    (said.len > 4 && said.at[4] != 0 && said.at[4] != POSTGRESQL_TLS >> 24) ||
	    (said.len > 5 && said.at[5] != 2 && said.at[5] != 3 &&
	     said.at[5] != (POSTGRESQL_TLS >> 16 & 0xff)))
		return VERDICT_NO;
	if (said.len < CODES)
		return VERDICT_MORE;
	uint32_t len = bytes_be32(&said);
	uint32_t code = bytes_be32(&said);
	return startup_verdict(len, code, said);
}

/* AuthenticationRequest: what it asks for is not said by its length alone. */
static enum verdict request_verdict(uint32_t len, struct bytes rest)
{
	if (rest.len < 4)
		return VERDICT_MORE;
	uint32_t code = bytes_be32(&rest);
	switch (code) {
	case AUTHENTICATION_OK:
		if (rest.len == 0 || len != 8)
			return len == 8 ? VERDICT_MORE : VERDICT_NO;
		return rest.at[0] == 'S' || rest.at[0] == 'K' ? VERDICT_YES
							      : VERDICT_NO;
	case AUTHENTICATION_CLEARTEXT:
		return len == 8 && rest.len == 0 ? VERDICT_YES : VERDICT_NO;
	case AUTHENTICATION_MD5:
		return len == 12 ? VERDICT_YES : VERDICT_NO;
	case AUTHENTICATION_SASL:
		if (rest.len > 5)
			return text_starts(rest, "SCRAM-") ? VERDICT_YES : VERDICT_NO;
		return VERDICT_MORE;
	default:
		return VERDICT_NO;
	}
}

/* The server, where nobody saw the client. */
static enum verdict server_verdict(struct bytes said)
{
	if (said.len == 0)
		return VERDICT_MORE;
	uint8_t type = bytes_u8(&said);
	if ((type != 'R' && type != 'E') || (said.len > 0 && said.at[0] != 0) ||
	    (said.len > 1 && said.at[1] != 0))
		return VERDICT_NO;
	if (said.len < 4)
		return VERDICT_MORE;
	uint32_t len = bytes_be32(&said);
	if (type == 'R')
		return request_verdict(len, said);
	/* A severity is the first field of an error, and ends such a connection. */
	return (enum verdict)line_compare(said, "SFATAL");
}

static enum verdict postgresql_recognise(const struct opening *opening)
{
	if (opening->said[CLIENT].len > 0)
		return client_verdict(opening->said[CLIENT]);
	return server_verdict(opening->said[SERVER]);
}

/* ---- reading ---- */

struct message {
	uint8_t type;
	struct bytes payload; /* as much of it as is here */
};

/*
 * False, and nothing taken, if more of it is to come and not enough is here to know
 * what it says; false, and the turn is over, if it is no message.
 */
static bool take_message(struct talk *talk, struct said *said, size_t enough,
			 struct message *message)
{
	struct bytes data = said->data;
	message->type = bytes_u8(&data);
	uint32_t len = bytes_be32(&data);
	if (!bytes_ok(&data))
		return false;
	if (len < 4 || len > INT32_MAX) {
		talk_skip_turn(talk, said->by);
		return false;
	}
	len -= 4;
	size_t want = len < enough ? len : enough;
	if (data.len < want && !said->ends)
		return false;
	message->payload = bytes_of(data.at, data.len < len ? data.len : len);
	talk_pass(talk, said, 5 + (uint64_t)len);
	return true;
}

static void begin_login(struct talk *talk, const struct startup *startup)
{
	struct postgresql_state *state = STATE(talk, struct postgresql_state);
	struct facts *facts = &talk->facts;
	size_t len = startup->user.len < USER_MAX ? startup->user.len : USER_MAX;
	if (len > 0)
		memcpy(state->user, startup->user.at, len);
	state->user_len = (uint8_t)len;
	state->phase = AUTHENTICATION;
	state->is_asked = true;
	facts->cleartext = 1;
	snprintf(facts->version, sizeof(facts->version), "%u.%u", startup->major,
		 startup->minor);
	facts_text(facts->user, sizeof(facts->user), startup->user);
	/* Without a database it is the one that is named like the user. */
	facts_text(facts->name, sizeof(facts->name),
		   startup->database.len > 0 ? startup->database : startup->user);
	facts_text(facts->client_software, sizeof(facts->client_software),
		   startup->application);
	if (startup->major < 3)
		talk_done(talk);
}

static void read_first(struct talk *talk, struct said *said)
{
	struct postgresql_state *state = STATE(talk, struct postgresql_state);
	struct bytes data = said->data;
	struct startup startup;
	uint32_t len = bytes_be32(&data);
	struct bytes body = data;
	uint32_t code = bytes_be32(&data);
	if (!bytes_ok(&data))
		return;
	if (code == POSTGRESQL_TLS || code == POSTGRESQL_GSSAPI) {
		state->phase = code == POSTGRESQL_TLS ? ASKED_TLS : ASKED_GSSAPI;
		bytes_take(&said->data, CODES);
		return;
	}
	/* What asks to cancel gets no answer. */
	if (code == POSTGRESQL_CANCEL || len < CODES || len > STARTUP_MAX) {
		talk_done(talk);
		return;
	}
	len -= 4;
	if (body.len < len && said->data.len < OPENING_MAX && !said->ends)
		return;
	read_startup(bytes_of(body.at, body.len < len ? body.len : len), &startup);
	talk_pass(talk, said, 4 + (uint64_t)len);
	begin_login(talk, &startup);
}

static void tell_login(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	struct postgresql_state *state = STATE(talk, struct postgresql_state);
	struct login_seen login = { .user = bytes_of(state->user, state->user_len),
				    .outcome = outcome,
				    .method = state->method,
				    .seen_by = "packets" };
	talk_login(talk, &login, at_us);
	state->has_proved = false;
	state->phase = READY;
}

static void tell_answer(struct talk *talk, bool is_error)
{
	struct postgresql_state *state = STATE(talk, struct postgresql_state);
	if (state->is_asked)
		talk_answered(talk, is_error, UNKNOWN_U64);
	state->has_told = true;
}

/* The letter that answers a wish for encryption. */
static void read_consent(struct talk *talk, struct said *said)
{
	struct postgresql_state *state = STATE(talk, struct postgresql_state);
	uint8_t answer = said->data.at[0];
	if (answer == 'N') {
		bytes_take(&said->data, 1);
		state->phase = STARTUP;
	} else if (answer == 'S' && state->phase == ASKED_TLS) {
		bytes_take(&said->data, 1);
		starttls_begin(talk);
	} else {
		/* GSSAPI from here on; or an error of a server that knows neither. */
		if (answer == 'G' && state->phase == ASKED_GSSAPI)
			talk->facts.cleartext = 0;
		talk_done(talk);
	}
}

/* The client goes on before the letter was seen: it must have been an N. */
static void read_impatient(struct talk *talk, struct said *said)
{
	STATE(talk, struct postgresql_state)->phase = STARTUP;
	read_first(talk, said);
}

static void read_proof(struct talk *talk, struct said *said)
{
	struct postgresql_state *state = STATE(talk, struct postgresql_state);
	struct message message;
	while (take_message(talk, said, 0, &message)) {
		if (message.type != 'p')
			continue;
		state->has_proved = true;
		if (state->method != NULL && strcmp(state->method, "password") == 0)
			talk_notice(talk, &cleartext_password, said->at_us,
				    "a PostgreSQL login by password without TLS");
	}
}

static void read_request(struct talk *talk, struct bytes payload, int64_t at_us)
{
	struct postgresql_state *state = STATE(talk, struct postgresql_state);
	uint32_t code = bytes_be32(&payload);
	if (!bytes_ok(&payload) || code > AUTHENTICATION_LAST)
		return;
	if (code == AUTHENTICATION_OK) {
		tell_login(talk, OUTCOME_SUCCESS, at_us);
		return;
	}
	const char *method = method_of(code, text_take(&payload));
	if (method != NULL)
		state->method = method;
}

static void read_error(struct talk *talk, struct bytes payload, int64_t at_us)
{
	struct postgresql_state *state = STATE(talk, struct postgresql_state);
	bool denied = state->phase == AUTHENTICATION &&
		      postgresql_is_denial(postgresql_error_field(payload, 'C'));
	if (denied || (state->phase == AUTHENTICATION && state->has_proved))
		tell_login(talk, denied ? OUTCOME_FAILURE : OUTCOME_UNKNOWN, at_us);
	tell_answer(talk, !denied);
}

static void read_parameter(struct talk *talk, struct bytes payload)
{
	char text[48];
	struct bytes key = text_take(&payload), value = text_take(&payload);
	if (!bytes_ok(&payload) || !text_is(key, "server_version"))
		return;
	facts_text(text, sizeof(text), value);
	snprintf(talk->facts.software, sizeof(talk->facts.software), "PostgreSQL %s",
		 text);
}

/* One message of the server, from authentication on. */
static void read_message(struct talk *talk, const struct message *message,
			 int64_t at_us)
{
	struct postgresql_state *state = STATE(talk, struct postgresql_state);
	switch (message->type) {
	case 'R':
		if (state->phase == AUTHENTICATION)
			read_request(talk, message->payload, at_us);
		break;
	case 'S':
		read_parameter(talk, message->payload);
		break;
	case 'E':
		read_error(talk, message->payload, at_us);
		break;
	case 'C': /* CommandComplete */
	case 'I': /* EmptyQueryResponse */
	case 's': /* PortalSuspended */
		tell_answer(talk, false);
		break;
	case 'Z': /* ReadyForQuery */
		if (!state->has_told)
			tell_answer(talk, false);
		state->is_asked = state->has_told = false;
		break;
	case 'W': /* CopyBothResponse: replication, endless */
		talk_done(talk);
		break;
	default:
		break;
	}
}

static void read_server(struct talk *talk, struct said *said)
{
	struct message message;
	while (!talk->done) {
		/* Rows are most of what passes: nobody waits for what they say. */
		bool is_row = said->data.len > 0 &&
			      (said->data.at[0] == 'D' || said->data.at[0] == 'd');
		if (!take_message(talk, said, is_row ? 0 : ENOUGH, &message))
			return;
		read_message(talk, &message, said->at_us);
	}
}

/* A question: what kind, the answer will tell. */
static void read_query(struct talk *talk, struct said *said)
{
	struct postgresql_state *state = STATE(talk, struct postgresql_state);
	struct message message;
	if (!take_message(talk, said, 0, &message))
		return;
	if (message.type == 'X') {
		talk_done(talk);
		return;
	}
	state->is_asked = true;
	talk_skip_turn(talk, CLIENT);
}

static void postgresql_read(struct talk *talk, struct said *said)
{
	static void (*const readers[][2])(struct talk *, struct said *) = {
		[STARTUP] = { read_first, read_server },
		[ASKED_TLS] = { read_impatient, read_consent },
		[ASKED_GSSAPI] = { read_impatient, read_consent },
		[AUTHENTICATION] = { read_proof, read_server },
		[READY] = { read_query, read_server },
	};
	if (said->data.len > 0)
		readers[STATE(talk, struct postgresql_state)->phase][said->by](talk,
									       said);
}

static void postgresql_end(struct talk *talk, int64_t at_us)
{
	if (STATE(talk, struct postgresql_state)->has_proved)
		tell_login(talk, OUTCOME_UNKNOWN, at_us);
}

const struct protocol protocol_postgresql = {
	.name = "postgresql",
	.doc = "PostgreSQL frontend/backend protocol",
	.transports = { IPPROTO_TCP },
	.ports = { 5432, 5433, 6432 },
	.state_size = sizeof(struct postgresql_state),
	.recognise = postgresql_recognise,
	.read = postgresql_read,
	.end = postgresql_end,
	.asking = &postgresql_asking,
};
_Static_assert(sizeof(struct postgresql_state) <= TALK_STATE_MAX, "state fits");
