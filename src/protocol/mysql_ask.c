/*
 * mysql_ask.c: a login to MySQL or MariaDB, also for who has no user there.
 *
 * A server lets nobody in any more from where max_connect_errors handshakes (100) were
 * left half done.  MariaDB 10.11 counts a close after its greeting, COM_QUIT in place
 * of a login, and a wish for TLS with nothing behind it; it does not count a login that
 * it denies, and forgets them all when one succeeds.  So a login is always ended: who
 * has no user is "breakwater", without a password, and a denial is an answer like any
 * other.  An account of that name without rights makes it silent in the log, too.
 */
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "protocol/mysql.h"
#include "protocol/text.h"

enum {
	PACKET_MAX = 8192, /* of what is said until the user is in */
	CHALLENGE = 20,
	LONGEST_PACKET = 1 << 24,
	UTF8 = 33, /* utf8_general_ci, which all know */
	COMMAND_QUIT = 1,
	/* Second octet of MYSQL_SAYS_MORE in caching_sha2_password. */
	FAST_LOGIN = 3,
	FULL_LOGIN = 4,
};

enum phase { GREETING, STARTS_TLS, LOGIN };

/* How a password is proved. */
enum method { NATIVE, CACHING_SHA2, SHA256, CLEARTEXT, UNKNOWN_METHOD };
static const char *const method_names[] = {
	[NATIVE] = "mysql_native_password",
	[CACHING_SHA2] = "caching_sha2_password",
	[SHA256] = "sha256_password",
	[CLEARTEXT] = "mysql_clear_password",
};

struct mysql_asking {
	uint8_t phase;
	uint8_t sequence; /* of the next packet, whoever sends it */
	uint8_t method;
	bool lacks_tls;
	uint8_t challenge[CHALLENGE];
};

/*
 * The login is the given user's; not where TLS was asked for and is missing, or with
 * somebody who can't be trusted.
 */
static bool has_user(const struct ask *ask)
{
	return ask->question->user[0] != '\0' && !ask->is_doubtful &&
	       (ask->in_tls || !ask->question->wants_tls);
}

static const char *password_of(const struct ask *ask)
{
	return has_user(ask) ? ask->question->password : "";
}

static enum method method_named(struct bytes plugin)
{
	for (enum method method = NATIVE; method < UNKNOWN_METHOD; method++)
		if (text_is(plugin, method_names[method]))
			return method;
	return UNKNOWN_METHOD;
}

/* ---- what we say ---- */

static void send_header(struct ask *ask, size_t len, uint8_t sequence)
{
	const uint8_t header[] = { (uint8_t)len, (uint8_t)(len >> 8),
				   (uint8_t)(len >> 16), sequence };
	ask_send(ask, header, sizeof(header));
}

static void send_packet(struct ask *ask, const void *payload, size_t len)
{
	struct mysql_asking *state = ASK_STATE(ask, struct mysql_asking);
	send_header(ask, len, state->sequence++);
	ask_send(ask, payload, len);
}

struct proof {
	const void *at;
	size_t len;
	uint8_t room[EVP_MAX_MD_SIZE];
};

/*
 * H(password) XOR H(challenge, H(H(password))) with SHA-1; with SHA-256 the challenge
 * comes last.
 */
static void scramble(const EVP_MD *function, const char *password,
		     const uint8_t *challenge, struct proof *proof)
{
	uint8_t once[EVP_MAX_MD_SIZE], both[CHALLENGE + EVP_MAX_MD_SIZE];
	size_t len = (size_t)EVP_MD_get_size(function);
	bool is_last = len > CHALLENGE;
	uint8_t *twice = is_last ? both : both + CHALLENGE;
	memcpy(is_last ? both + len : both, challenge, CHALLENGE);
	proof->at = proof->room;
	proof->len = len;
	if (!EVP_Digest(password, strlen(password), once, NULL, function, NULL) ||
	    !EVP_Digest(once, len, twice, NULL, function, NULL) ||
	    !EVP_Digest(both, CHALLENGE + len, proof->room, NULL, function, NULL))
		proof->len = 0; /* OpenSSL refuses SHA-1: the server will deny */
	for (size_t i = 0; i < proof->len; i++)
		proof->room[i] ^= once[i];
}

/* The answer to the challenge; false if it would be the password, and no TLS hides it.
 */
static bool prove(const struct ask *ask, struct proof *proof)
{
	const struct mysql_asking *state = ASK_STATE(ask, struct mysql_asking);
	const char *password = password_of(ask);
	*proof = (struct proof){ .at = password };
	if (password[0] == '\0') {
		proof->len = state->method == NATIVE ? 0 : 1; /* its NUL */
		return true;
	}
	if (state->method == NATIVE || state->method == CACHING_SHA2) {
		scramble(state->method == NATIVE ? EVP_sha1() : EVP_sha256(), password,
			 state->challenge, proof);
		return true;
	}
	proof->len = strlen(password) + 1;
	return ask->in_tls;
}

/* Begin of a handshake response; a wish for TLS is no more than that. */
enum { FIXED = 4 + 4 + 1 + 23 };
static void write_fixed(uint32_t flags, uint8_t fixed[static FIXED])
{
	flags |= MYSQL_LONG_PASSWORD | MYSQL_PROTOCOL_41 | MYSQL_SECURE_CONNECTION |
		 MYSQL_PLUGIN_AUTH;
	memset(fixed, 0, FIXED);
	for (unsigned i = 0; i < 4; i++) {
		fixed[i] = (uint8_t)(flags >> 8 * i);
		fixed[4 + i] = (uint8_t)((uint32_t)LONGEST_PACKET >> 8 * i);
	}
	fixed[8] = UTF8;
}

static void send_tls_wish(struct ask *ask)
{
	uint8_t fixed[FIXED];
	write_fixed(MYSQL_SSL, fixed);
	send_packet(ask, fixed, sizeof(fixed));
	ASK_STATE(ask, struct mysql_asking)->phase = STARTS_TLS;
	ask->next = ASK_START_TLS;
}

static void send_text(struct ask *ask, const char *text)
{
	ask_send(ask, text, strlen(text) + 1);
}

static void send_login(struct ask *ask)
{
	struct mysql_asking *state = ASK_STATE(ask, struct mysql_asking);
	const char *user = has_user(ask) ? ask->question->user : "breakwater";
	const char *database = has_user(ask) ? ask->question->path : "";
	const char *plugin = method_names[state->method];
	bool has_database = database[0] != '\0';
	struct proof proof;
	prove(ask, &proof);
	uint8_t fixed[FIXED], proof_len = (uint8_t)proof.len;
	write_fixed((has_database ? MYSQL_CONNECT_WITH_DB : 0) |
			    (ask->in_tls ? MYSQL_SSL : 0),
		    fixed);
	size_t texts = strlen(user) + 1 + strlen(plugin) + 1 +
		       (has_database ? strlen(database) + 1 : 0);
	state->phase = LOGIN;
	send_header(ask, FIXED + texts + 1 + proof.len, state->sequence++);
	ask_send(ask, fixed, sizeof(fixed));
	send_text(ask, user);
	ask_send(ask, &proof_len, 1);
	ask_send(ask, proof.at, proof.len);
	if (has_database)
		send_text(ask, database);
	send_text(ask, plugin);
}

/* ---- what the server says ---- */

static void judge_nonsense(struct ask *ask)
{
	ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
		   "what came is no packet of MySQL");
}

/* Message of an ERR packet; behind "#28000", where the client is known to be new. */
static struct bytes error_message(struct bytes payload)
{
	enum { SQLSTATE = 6 };
	bytes_take(&payload, 3);
	if (payload.len >= SQLSTATE && payload.at[0] == '#')
		bytes_take(&payload, SQLSTATE);
	return payload;
}

static enum reason reason_of(const struct ask *ask, uint16_t code)
{
	enum {
		HOST_IS_BLOCKED = 1129,
		HOST_NOT_PRIVILEGED = 1130,
		DATABASE_DENIED = 1044
	};
	if (mysql_is_overload(code))
		return REASON_overloaded;
	if (code == HOST_IS_BLOCKED || code == HOST_NOT_PRIVILEGED)
		return REASON_denied;
	if (mysql_is_denial(code) || code == DATABASE_DENIED)
		return has_user(ask) ? REASON_login_failed : REASON_NONE;
	return REASON_error;
}

static void judge_error(struct ask *ask, struct bytes payload)
{
	char text[128];
	uint16_t code = mysql_read_error(payload);
	if (code < 1000) {
		judge_nonsense(ask);
		return;
	}
	enum reason reason = reason_of(ask, code);
	if (reason == REASON_NONE)
		ask_well(ask, ASK_LEAVE);
	else
		ask_unwell(ask, reason, ASK_LEAVE, "the server says \"%s\" (%u)",
			   ask_quote(text, sizeof(text), error_message(payload)), code);
}

static void keep_challenge(struct mysql_asking *state, size_t from, struct bytes part)
{
	if (part.len > 0 && from + part.len <= CHALLENGE)
		memcpy(state->challenge + from, part.at, part.len);
}

static void hear_greeting(struct ask *ask, struct bytes payload)
{
	struct mysql_asking *state = ASK_STATE(ask, struct mysql_asking);
	struct mysql_greeting greeting;
	if (payload.at[0] == MYSQL_SAYS_ERROR) {
		judge_error(ask, payload);
		return;
	}
	if (!mysql_read_greeting(payload, &greeting) ||
	    greeting.challenge[1].len == 0) {
		judge_nonsense(ask);
		return;
	}
	keep_challenge(state, 0, greeting.challenge[0]);
	keep_challenge(state, greeting.challenge[0].len, greeting.challenge[1]);
	/* Any other plugin is better asked for than guessed. */
	state->method =
		method_named(greeting.plugin) == CACHING_SHA2 ? CACHING_SHA2 : NATIVE;
	if (ask->question->wants_tls && (greeting.capabilities & MYSQL_SSL)) {
		send_tls_wish(ask);
		return;
	}
	state->lacks_tls = ask->question->wants_tls;
	send_login(ask);
}

/* The server goes on its way to a denial, for which an empty answer is enough. */
static void give_up(struct ask *ask, const char *why)
{
	ask_unwell(ask, REASON_login_failed, ASK_LEAVE, "%s", why);
	send_packet(ask, NULL, 0);
}

static void send_proof(struct ask *ask)
{
	struct proof proof;
	if (prove(ask, &proof))
		send_packet(ask, proof.at, proof.len);
	else
		give_up(ask, "the server wants the password itself, and there is no "
			     "TLS to hide it");
}

/* Another plugin than the one we began with, and its challenge. */
static void hear_switch(struct ask *ask, struct bytes payload)
{
	struct mysql_asking *state = ASK_STATE(ask, struct mysql_asking);
	char why[96], name[48];
	bytes_take(&payload, 1);
	struct bytes plugin = text_take(&payload);
	state->method = (uint8_t)method_named(plugin);
	if (payload.len >= CHALLENGE)
		keep_challenge(state, 0, bytes_take(&payload, CHALLENGE));
	if (state->method != UNKNOWN_METHOD) {
		send_proof(ask);
		return;
	}
	snprintf(why, sizeof(why), "the server wants a login by \"%s\", unknown here",
		 ask_quote(name, sizeof(name), plugin));
	give_up(ask, why);
}

/* caching_sha2_password knows the proof, or wants the password itself once. */
static void hear_more(struct ask *ask, struct bytes payload)
{
	struct mysql_asking *state = ASK_STATE(ask, struct mysql_asking);
	bytes_take(&payload, 1);
	uint8_t says = bytes_u8(&payload);
	if (state->method == CACHING_SHA2 && says == FAST_LOGIN)
		return;
	if (state->method != CACHING_SHA2 || says != FULL_LOGIN) {
		judge_nonsense(ask);
		return;
	}
	state->method = SHA256;
	send_proof(ask);
}

static void hear_login(struct ask *ask, struct bytes payload)
{
	struct mysql_asking *state = ASK_STATE(ask, struct mysql_asking);
	static const uint8_t quit = COMMAND_QUIT;
	bool is_end =
		payload.at[0] == MYSQL_SAYS_OK || payload.at[0] == MYSQL_SAYS_ERROR;
	if (is_end && state->lacks_tls)
		ask_unwell(ask, REASON_tls_missing, ASK_LEAVE,
			   "the server does not offer TLS");
	switch (payload.at[0]) {
	case MYSQL_SAYS_OK:
		ask_well(ask, ASK_LEAVE);
		state->sequence = 0;
		send_packet(ask, &quit, 1);
		break;
	case MYSQL_SAYS_ERROR:
		judge_error(ask, payload);
		break;
	case MYSQL_SAYS_SWITCH:
		hear_switch(ask, payload);
		break;
	case MYSQL_SAYS_MORE:
		hear_more(ask, payload);
		break;
	default:
		judge_nonsense(ask);
	}
}

/* False if none is here as a whole, or what is here is none. */
static bool take_packet(struct ask *ask, struct bytes *said, struct bytes *payload)
{
	struct bytes data = *said;
	uint32_t len = bytes_le24(&data);
	uint8_t sequence = bytes_u8(&data);
	if (bytes_ok(&data) && (len == 0 || len > PACKET_MAX)) {
		judge_nonsense(ask);
		return false;
	}
	*payload = bytes_take(&data, len);
	if (!bytes_ok(&data))
		return false;
	*said = data;
	ASK_STATE(ask, struct mysql_asking)->sequence = (uint8_t)(sequence + 1);
	return true;
}

static void mysql_step(struct ask *ask, struct bytes *said)
{
	struct mysql_asking *state = ASK_STATE(ask, struct mysql_asking);
	struct bytes payload;
	if (state->phase == STARTS_TLS && ask->in_tls) {
		ask->next = ASK_LISTEN;
		send_login(ask);
	}
	while (!ask->is_judged && ask->next == ASK_LISTEN &&
	       take_packet(ask, said, &payload))
		(state->phase == GREETING ? hear_greeting : hear_login)(ask, payload);
}

const struct asking mysql_asking = {
	.transport = IPPROTO_TCP,
	.port = 3306,
	.has_starttls = true,
	.has_login = true,
	.step = mysql_step,
	/* The server minds half a handshake. */
	.doubtful_step = mysql_step,
};
_Static_assert(sizeof(struct mysql_asking) <= ASK_STATE_MAX, "state fits");
