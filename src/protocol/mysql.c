/*
 * mysql.c: MySQL and MariaDB client/server protocol 10 (and 9, of before 3.22).
 *
 * Everything is a packet: three octets of length, a sequence number, a payload.  The
 * server greets, the client names its user, and packets go to and fro until the server
 * says OK or ERR; then the client asks and the server answers.  A question starts at
 * sequence number 0 and what belongs to it counts on: so the number tells the begin of
 * an answer from the middle of one.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "protocol/mysql.h"
#include "protocol/protocol.h"
#include "protocol/starttls.h"
#include "protocol/text.h"

enum { HEADER = 4, GREETING_MAX = 1024, VERSION_MAX = 80 };

/* First octet of a client's payload, where it matters. */
enum {
	COMMAND_QUIT = 0x01,
	COMMAND_CHANGE_USER = 0x11,
	COMMAND_BINLOG_DUMP = 0x12,
	COMMAND_SEND_LONG_DATA = 0x18,
	COMMAND_STATEMENT_CLOSE = 0x19,
	COMMAND_BINLOG_DUMP_GTID = 0x1e,
	COMMAND_LAST = 0x20,
	COMMAND_MARIADB_FIRST = 0xf0, /* bulk execution and such */
};

enum phase { GREETING, LOGIN, AUTHENTICATION, COMMANDS };

struct mysql_state {
	uint8_t phase;
	bool is_asked; /* a question is open */
	uint8_t next;  /* sequence number its answer begins with */
	uint8_t user_len;
	uint32_t server_capabilities, capabilities;
	const char *method; /* authentication plugin */
	char user[USER_MAX];
};

static const struct talk_notice cleartext_password = {
	.kind = "cleartext_login",
	.technique = "mysql_cleartext_password",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "without TLS, anyone on the path reads the password itself, not only a "
	       "proof of it",
};

static const struct talk_notice old_password = {
	.kind = "weak_protocol",
	.technique = "mysql_old_password",
	.severity = "low",
	.about = ABOUT_SERVICE,
	.why = "the password hash of before MySQL 4.1 can be found from a few logins "
	       "overheard",
};

/* Fixed part of a header: sequence number and a length that no greeting exceeds. */
static enum verdict header_verdict(struct bytes said, uint8_t sequence)
{
	if ((said.len > 2 && said.at[2] != 0) ||
	    (said.len > 1 && said.at[1] >= GREETING_MAX >> 8) ||
	    (said.len > 3 && said.at[3] != sequence))
		return VERDICT_NO;
	return said.len > HEADER ? VERDICT_YES : VERDICT_MORE;
}

/* An ERR packet as greeting: nothing else is said. */
static enum verdict refusal_verdict(struct bytes said, size_t len)
{
	struct bytes payload = bytes_of(said.at + HEADER, said.len - HEADER);
	if (payload.len > len || len < 3 + 8)
		return VERDICT_NO;
	if (payload.len < 3)
		return VERDICT_MORE;
	uint16_t code = mysql_read_error(payload);
	bytes_take(&payload, 3);
	if (code < 1000 || code > 4999 || !text_is_printable(payload))
		return VERDICT_NO;
	return payload.len + 3 == len ? VERDICT_YES : VERDICT_MORE;
}

/* "5.7.33-log", "8.0.36", "5.5.5-10.11.6-MariaDB". */
static enum verdict version_verdict(struct bytes version, bool is_whole)
{
	if (version.len > 0 && (version.at[0] < '0' || version.at[0] > '9'))
		return VERDICT_NO;
	if (version.len > VERSION_MAX || !text_is_printable(version))
		return VERDICT_NO;
	if (!is_whole)
		return VERDICT_MORE;
	return version.len > 2 && text_contains(version, ".") ? VERDICT_YES
							      : VERDICT_NO;
}

/* What a greeting says behind its version has zeros, as far as it is here. */
static bool has_zeros(struct bytes rest)
{
	enum { FILLER = 4 + 8, RESERVED = FILLER + 1 + 2 + 1 + 2 + 2 + 1, ZEROS = 6 };
	if (rest.len > FILLER && rest.at[FILLER] != 0)
		return false;
	for (size_t i = RESERVED; i < RESERVED + ZEROS && i < rest.len; i++)
		if (rest.at[i] != 0)
			return false;
	return true;
}

static enum verdict server_verdict(struct bytes said)
{
	enum verdict header = header_verdict(said, 0);
	if (header != VERDICT_YES)
		return header;
	size_t len = (size_t)(said.at[0] | said.at[1] << 8);
	if (said.at[HEADER] == MYSQL_SAYS_ERROR)
		return refusal_verdict(said, len);
	struct bytes payload = bytes_of(said.at + HEADER, said.len - HEADER);
	uint8_t protocol = bytes_u8(&payload);
	if (protocol != 9 && protocol != 10)
		return VERDICT_NO;
	struct bytes version = payload, rest = payload;
	bool is_whole = payload.len > 0 && memchr(payload.at, 0, payload.len) != NULL;
	if (is_whole)
		version = text_take(&rest);
	enum verdict verdict = version_verdict(version, is_whole);
	if (verdict != VERDICT_YES)
		return verdict;
	/* Connection, challenge, and the zero that ends it; 9 has nothing behind. */
	size_t least = 1 + version.len + 1 + 4 + 8 + 1;
	if (len < least || (protocol == 9 && len != least) || !has_zeros(rest))
		return VERDICT_NO;
	return payload.len + 1 >= len ? VERDICT_YES : VERDICT_MORE;
}

/* A handshake response of 4.1 or later: 19 zeros in it say so. */
static enum verdict client_verdict(struct bytes said)
{
	enum { CAPABILITIES = HEADER, FILLER = HEADER + 9, ZEROS = 19, LEAST = 32 };
	enum verdict header = header_verdict(said, 1);
	if (header != VERDICT_YES)
		return header;
	if ((said.at[0] | said.at[1] << 8) < LEAST ||
	    (said.len > CAPABILITIES + 1 &&
	     !(said.at[CAPABILITIES + 1] & MYSQL_PROTOCOL_41 >> 8)))
		return VERDICT_NO;
	for (size_t i = FILLER; i < FILLER + ZEROS; i++) {
		if (i >= said.len)
			return VERDICT_MORE;
		if (said.at[i] != 0)
			return VERDICT_NO;
	}
	return VERDICT_YES;
}

static enum verdict mysql_recognise(const struct opening *opening)
{
	if (opening->said[SERVER].len > 0)
		return server_verdict(opening->said[SERVER]);
	return client_verdict(opening->said[CLIENT]);
}

/* A packet, or as much of it as will ever be given. */
struct packet {
	uint8_t sequence;
	uint32_t len;         /* as it says */
	struct bytes payload; /* what of it is here */
};

/* False, and nothing taken, if more of it is to come and `enough` is not here. */
static bool take_packet(struct talk *talk, struct said *said, size_t enough,
			struct packet *packet)
{
	struct bytes data = said->data;
	packet->len = bytes_le24(&data);
	packet->sequence = bytes_u8(&data);
	if (!bytes_ok(&data))
		return false;
	size_t want = packet->len < enough ? packet->len : enough;
	if (data.len < want && !said->ends)
		return false;
	size_t here = data.len < packet->len ? data.len : packet->len;
	packet->payload = bytes_of(data.at, here);
	talk_pass(talk, said, HEADER + (uint64_t)packet->len);
	return true;
}

static void keep_server(struct talk *talk, const struct mysql_greeting *greeting)
{
	char text[sizeof(talk->facts.software)];
	struct bytes version = greeting->version;
	bool is_mariadb = text_contains(version, "MariaDB");
	/* Replication of old would not take a master of version 10. */
	if (is_mariadb && version.len > 6 && memcmp(version.at, "5.5.5-", 6) == 0)
		bytes_take(&version, 6);
	facts_text(text, sizeof(text), version);
	snprintf(talk->facts.software, sizeof(talk->facts.software), "%s%.50s",
		 is_mariadb ? "" : "MySQL ", text);
	snprintf(talk->facts.version, sizeof(talk->facts.version), "%u",
		 greeting->protocol);
	STATE(talk, struct mysql_state)->server_capabilities = greeting->capabilities;
}

static void read_first(struct talk *talk, struct said *said)
{
	struct mysql_state *state = STATE(talk, struct mysql_state);
	struct mysql_greeting greeting;
	struct packet packet;
	if (!take_packet(talk, said, GREETING_MAX, &packet))
		return;
	state->phase = LOGIN;
	if (packet.payload.len > 0 && packet.payload.at[0] == MYSQL_SAYS_ERROR) {
		uint16_t code = mysql_read_error(packet.payload);
		talk_answered(talk, !mysql_is_denial(code), UNKNOWN_U64);
		talk_done(talk);
	} else if (mysql_read_greeting(packet.payload, &greeting)) {
		keep_server(talk, &greeting);
	} else {
		talk_done(talk);
	}
}

static void tell_login(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	struct mysql_state *state = STATE(talk, struct mysql_state);
	struct login_seen login = { .user = bytes_of(state->user, state->user_len),
				    .outcome = outcome,
				    .method = state->method,
				    .seen_by = "packets" };
	talk_login(talk, &login, at_us);
	state->phase = COMMANDS;
	state->is_asked = false;
}

/* The password itself is in what the client answers. */
static bool is_readable(const char *method)
{
	return method != NULL && (strcmp(method, "mysql_clear_password") == 0 ||
				  strcmp(method, "dialog") == 0);
}

static void check_method(struct talk *talk, bool has_answer, int64_t at_us)
{
	const char *method = STATE(talk, struct mysql_state)->method;
	if (has_answer && is_readable(method))
		talk_notice(talk, &cleartext_password, at_us,
			    "a MySQL login by %s without TLS", method);
	if (has_answer && method != NULL && strcmp(method, "mysql_old_password") == 0)
		talk_notice(talk, &old_password, at_us, "a MySQL login by %s", method);
}

static void keep_client(struct talk *talk, const struct mysql_login *login)
{
	char name[32], version[32];
	if (login->database.len > 0)
		facts_text(talk->facts.name, sizeof(talk->facts.name), login->database);
	if (login->client_name.len == 0)
		return;
	facts_text(name, sizeof(name), login->client_name);
	facts_text(version, sizeof(version), login->client_version);
	snprintf(talk->facts.client_software, sizeof(talk->facts.client_software),
		 "%s%s%s", name, version[0] != '\0' ? " " : "", version);
}

static void begin_login(struct talk *talk, const struct mysql_login *login,
			int64_t at_us)
{
	struct mysql_state *state = STATE(talk, struct mysql_state);
	size_t len = login->user.len < USER_MAX ? login->user.len : USER_MAX;
	if (len > 0)
		memcpy(state->user, login->user.at, len);
	state->user_len = (uint8_t)len;
	state->method = mysql_method_of(login);
	state->phase = AUTHENTICATION;
	talk->facts.cleartext = 1;
	keep_client(talk, login);
	check_method(talk, login->answer.len > 0, at_us);
}

static void read_response(struct talk *talk, struct said *said)
{
	struct mysql_state *state = STATE(talk, struct mysql_state);
	struct packet packet;
	struct mysql_login login;
	if (!take_packet(talk, said, GREETING_MAX, &packet))
		return;
	mysql_read_login(packet.payload, &login);
	state->capabilities = login.capabilities;
	state->next = (uint8_t)(packet.sequence + 1);
	if (login.asks_tls) {
		starttls_begin(talk);
		return;
	}
	begin_login(talk, &login, said->at_us);
}

/*
 * What the client answers a plugin of the server: never looked at.  A command, which
 * starts at 0, is no such answer; if the server's next word belongs to it, its verdict
 * was lost.
 */
static void read_client_proof(struct talk *talk, struct said *said)
{
	struct packet packet;
	while (take_packet(talk, said, 0, &packet)) {
		if (packet.sequence == 0)
			continue;
		STATE(talk, struct mysql_state)->next = (uint8_t)(packet.sequence + 1);
		check_method(talk, packet.len > 1, said->at_us);
	}
}

/* Answers to what the server said last of a login; true: there is an outcome. */
static bool judge_login(struct talk *talk, struct bytes payload, int64_t at_us)
{
	struct mysql_state *state = STATE(talk, struct mysql_state);
	uint8_t says = payload.len > 0 ? payload.at[0] : (uint8_t)MYSQL_SAYS_MORE;
	uint16_t code = mysql_read_error(payload);
	if (says == MYSQL_SAYS_OK) {
		tell_login(talk, OUTCOME_SUCCESS, at_us);
		talk_answered(talk, false, UNKNOWN_U64);
		return true;
	}
	if (says == MYSQL_SAYS_ERROR) {
		tell_login(talk,
			   mysql_is_denial(code)           ? OUTCOME_FAILURE
			   : mysql_is_about_database(code) ? OUTCOME_SUCCESS
							   : OUTCOME_UNKNOWN,
			   at_us);
		talk_answered(talk, !mysql_is_denial(code), UNKNOWN_U64);
		return true;
	}
	if (says == MYSQL_SAYS_SWITCH) {
		bytes_take(&payload, 1);
		state->method = payload.len > 0
					? mysql_method_named(text_take(&payload))
					: "mysql_old_password";
	}
	return false;
}

/* Where both sides agreed to compress, nothing more can be read. */
static bool is_compressed(const struct mysql_state *state)
{
	uint32_t server = state->server_capabilities;
	uint32_t both = state->capabilities & (server != 0 ? server : UINT32_MAX);
	return (both & (MYSQL_COMPRESS | MYSQL_ZSTD)) != 0;
}

static void read_server_login(struct talk *talk, struct said *said)
{
	struct mysql_state *state = STATE(talk, struct mysql_state);
	struct packet packet;
	while (take_packet(talk, said, 64, &packet)) {
		if (state->phase == AUTHENTICATION && packet.sequence != state->next) {
			tell_login(talk, OUTCOME_UNKNOWN, said->at_us);
			talk_skip_turn(talk, SERVER);
			return;
		}
		state->next = (uint8_t)(packet.sequence + 1);
		if (!judge_login(talk, packet.payload, said->at_us))
			continue;
		talk_skip_turn(talk, SERVER);
		if (is_compressed(state))
			talk_done(talk);
		return;
	}
}

/* The first packet of an answer tells; MariaDB may send progress before. */
static void read_answer(struct talk *talk, struct said *said)
{
	enum { PROGRESS = 0xffff };
	struct mysql_state *state = STATE(talk, struct mysql_state);
	struct packet packet;
	while (take_packet(talk, said, 3, &packet)) {
		uint8_t says = packet.payload.len > 0 ? packet.payload.at[0]
						      : (uint8_t)MYSQL_SAYS_OK;
		bool is_error = says == MYSQL_SAYS_ERROR;
		if (is_error && mysql_read_error(packet.payload) == PROGRESS) {
			state->next = (uint8_t)(packet.sequence + 1);
			continue;
		}
		if (state->is_asked && packet.sequence == state->next &&
		    says != MYSQL_SAYS_FILE) {
			talk_answered(talk, is_error, UNKNOWN_U64);
			state->is_asked = false;
		}
		talk_skip_turn(talk, SERVER);
		return;
	}
}

/* The payload of a command begins here; false if more of it is needed first. */
static bool read_command(struct talk *talk, struct said *said, uint8_t command)
{
	struct mysql_state *state = STATE(talk, struct mysql_state);
	struct packet packet;
	struct mysql_login login;
	bool is_change = command == COMMAND_CHANGE_USER;
	if (!take_packet(talk, said, is_change ? GREETING_MAX : 1, &packet))
		return false;
	state->next = 1;
	state->is_asked =
		command != COMMAND_SEND_LONG_DATA && command != COMMAND_STATEMENT_CLOSE;
	if (is_change) {
		mysql_read_change_user(packet.payload, state->capabilities, &login);
		begin_login(talk, &login, said->at_us);
	}
	/* After these comes an endless answer, or none. */
	if (command == COMMAND_QUIT || command == COMMAND_BINLOG_DUMP ||
	    command == COMMAND_BINLOG_DUMP_GTID)
		talk_done(talk);
	return true;
}

static void read_client(struct talk *talk, struct said *said)
{
	struct mysql_state *state = STATE(talk, struct mysql_state);
	struct packet packet;
	while (said->data.len > HEADER && !talk->done && state->phase == COMMANDS) {
		uint8_t command = said->data.at[HEADER];
		if (said->data.at[3] != 0) {
			/* More of a long command, or a file the server asked for. */
			take_packet(talk, said, 0, &packet);
			state->next = (uint8_t)(packet.sequence + 1);
		} else if (command > COMMAND_LAST && command < COMMAND_MARIADB_FIRST) {
			talk_skip_turn(talk, CLIENT);
			return;
		} else if (!read_command(talk, said, command)) {
			return;
		}
	}
}

static void mysql_read(struct talk *talk, struct said *said)
{
	static void (*const readers[][2])(struct talk *, struct said *) = {
		[GREETING] = { read_response, read_first },
		[LOGIN] = { read_response, read_server_login },
		[AUTHENTICATION] = { read_client_proof, read_server_login },
		[COMMANDS] = { read_client, read_answer },
	};
	readers[STATE(talk, struct mysql_state)->phase][said->by](talk, said);
}

static void mysql_end(struct talk *talk, int64_t at_us)
{
	if (STATE(talk, struct mysql_state)->phase == AUTHENTICATION)
		tell_login(talk, OUTCOME_UNKNOWN, at_us);
}

const struct protocol protocol_mysql = {
	.name = "mysql",
	.doc = "MySQL and MariaDB client/server protocol",
	.transports = { IPPROTO_TCP },
	.ports = { 3306, 3307 },
	.turn_max = GREETING_MAX + HEADER,
	.state_size = sizeof(struct mysql_state),
	.recognise = mysql_recognise,
	.read = mysql_read,
	.end = mysql_end,
	.asking = &mysql_asking,
};
_Static_assert(sizeof(struct mysql_state) <= TALK_STATE_MAX, "state fits");
