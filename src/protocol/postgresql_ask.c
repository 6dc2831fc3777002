/*
 * postgresql_ask.c: is TLS to be had?  Any server answers that with a letter.
 *
 * PostgreSQL 15 logs nothing when the client then goes away: with a FIN, if there is no
 * TLS; if there is, only once TLS is up, and with a close_notify.
 *
 * That letter comes from a process of its own, before the server looks whether there is
 * room for one more: only who logs in learns that it is full or still starting.  A
 * login is the user's only if one was given; SCRAM, where both sides prove that they
 * know the password, and MD5 at need; the password itself only within TLS.
 */
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "protocol/postgresql.h"
#include "protocol/scram.h"
#include "protocol/text.h"

enum { MESSAGE_MAX = 16384, PLAIN_ERROR_MAX = 512 };
enum phase { BEGIN, ASKED_TLS, STARTS_TLS, LOGIN };

struct postgresql_asking {
	uint8_t phase;
	bool is_in;     /* AuthenticationOk came */
	bool by_scram;  /* ... and must not come before the server proved itself */
	bool is_mutual; /* it did */
	struct scram scram;
};

/* ---- what we say ---- */

static void send_be32(struct ask *ask, uint32_t value)
{
	const uint8_t octets[] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
				   (uint8_t)(value >> 8), (uint8_t)value };
	ask_send(ask, octets, sizeof(octets));
}

static void send_text(struct ask *ask, const char *text)
{
	ask_send(ask, text, strlen(text) + 1);
}

static void send_tls_wish(struct ask *ask)
{
	send_be32(ask, 8);
	send_be32(ask, POSTGRESQL_TLS);
	ASK_STATE(ask, struct postgresql_asking)->phase = ASKED_TLS;
}

static void send_startup(struct ask *ask)
{
	const char *user = ask->question->user, *path = ask->question->path;
	const char *const words[] = { "user",
				      user,
				      "database",
				      path[0] != '\0' ? path : user,
				      "application_name",
				      "breakwater" };
	size_t len = 4 + 4 + 1, count = sizeof(words) / sizeof(words[0]);
	for (size_t i = 0; i < count; i++)
		len += strlen(words[i]) + 1;
	send_be32(ask, (uint32_t)len);
	send_be32(ask, POSTGRESQL_VERSION_3);
	for (size_t i = 0; i < count; i++)
		send_text(ask, words[i]);
	send_text(ask, "");
	ASK_STATE(ask, struct postgresql_asking)->phase = LOGIN;
}

static void send_message(struct ask *ask, uint8_t type, const void *payload, size_t len)
{
	ask_send(ask, &type, 1);
	send_be32(ask, (uint32_t)len + 4);
	ask_send(ask, payload, len);
}

static void send_password(struct ask *ask, const char *password)
{
	send_message(ask, 'p', password, strlen(password) + 1);
}

/* ---- judging ---- */

static void judge_nonsense(struct ask *ask)
{
	ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
		   "what came is no message of PostgreSQL");
}

/* It asked for a proof that we can't or will not give. */
static void judge_unable(struct ask *ask, const char *what)
{
	ask_unwell(ask, REASON_login_failed, ASK_CLOSE, "the server wants %s", what);
}

static enum reason reason_of(struct bytes sqlstate, struct bytes message)
{
	if (text_is(sqlstate, "53300")) /* too_many_connections */
		return REASON_overloaded;
	/* The file's name is the same in every language. */
	if (postgresql_is_denial(sqlstate) && text_contains(message, "pg_hba.conf"))
		return REASON_denied;
	return postgresql_is_denial(sqlstate) ? REASON_login_failed : REASON_error;
}

static void judge_error(struct ask *ask, struct bytes fields)
{
	char text[144];
	struct bytes sqlstate = postgresql_error_field(fields, 'C');
	struct bytes message = postgresql_error_field(fields, 'M');
	if (sqlstate.len == 0) {
		judge_nonsense(ask);
		return;
	}
	ask_unwell(ask, reason_of(sqlstate, message), ASK_LEAVE,
		   "the server says \"%s\"", ask_quote(text, sizeof(text), message));
}

/*
 * An error before the client could say which protocol it speaks is text up to a NUL:
 * there was no process to be had for the connection.
 */
static void judge_plain_error(struct ask *ask, struct bytes *said)
{
	char text[144];
	struct bytes data = *said;
	bytes_take(&data, 1);
	struct bytes message = text_take(&data);
	if (bytes_ok(&data) && message.len > 1 && message.at[message.len - 1] == '\n')
		message.len--;
	if (bytes_ok(&data) && message.len > 0 && text_is_printable(message))
		ask_unwell(ask, REASON_overloaded, ASK_LEAVE, "the server says \"%s\"",
			   ask_quote(text, sizeof(text), message));
	else if (bytes_ok(&data) || said->len > PLAIN_ERROR_MAX)
		judge_nonsense(ask);
}

/* ---- what the server says ---- */

/*
 * The letter; true if it was one.  Others who begin so ("SSH-2.0-") go on at once; and
 * what is behind it may be an attacker's words, to be read as if said within TLS.
 */
static bool hear_consent(struct ask *ask, struct bytes *said)
{
	struct postgresql_asking *state = ASK_STATE(ask, struct postgresql_asking);
	if (said->len > 1)
		return false;
	uint8_t letter = bytes_u8(said);
	if (letter != 'S' && letter != 'N')
		return false;
	state->phase = STARTS_TLS;
	if (letter == 'N' && ask->question->wants_tls)
		ask_unwell(ask, REASON_tls_missing, ASK_CLOSE,
			   "the server does not offer TLS");
	else if (ask->question->wants_tls)
		ask->next = ASK_START_TLS;
	else
		ask_well(ask, letter == 'S' ? ASK_START_TLS : ASK_CLOSE);
	return true;
}

static void hear_first(struct ask *ask, struct bytes *said)
{
	struct bytes before = *said;
	if (said->len == 0 || hear_consent(ask, said))
		return;
	*said = before;
	if (said->at[0] == 'E')
		judge_plain_error(ask, said);
	else
		judge_nonsense(ask);
}

enum { MD5_HEX = 32 };
static bool md5_hex(struct bytes first, struct bytes second,
		    char hex[static MD5_HEX + 1])
{
	uint8_t digest[MD5_HEX / 2] = { 0 };
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_made = context != NULL &&
		       EVP_DigestInit_ex2(context, EVP_md5(), NULL) == 1 &&
		       EVP_DigestUpdate(context, first.at, first.len) == 1 &&
		       EVP_DigestUpdate(context, second.at, second.len) == 1 &&
		       EVP_DigestFinal_ex(context, digest, NULL) == 1;
	EVP_MD_CTX_free(context);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return is_made;
}

/* "md5" and the hash of the salt behind the hash of password and user. */
static void send_md5(struct ask *ask, struct bytes salt)
{
	const char *user = ask->question->user, *password = ask->question->password;
	char stored[MD5_HEX + 1], answer[3 + MD5_HEX + 1] = "md5";
	if (md5_hex(bytes_of(password, strlen(password)), bytes_of(user, strlen(user)),
		    stored) &&
	    md5_hex(bytes_of(stored, MD5_HEX), salt, answer + 3))
		send_password(ask, answer);
	else
		judge_unable(ask, "MD5, which OpenSSL refuses here");
}

/* Names up to an empty one. */
static bool offers_scram(struct bytes mechanisms)
{
	while (mechanisms.len > 0 && bytes_ok(&mechanisms))
		if (text_is(text_take(&mechanisms), "SCRAM-SHA-256"))
			return true;
	return false;
}

static void begin_scram(struct ask *ask, struct bytes mechanisms)
{
	static const char name[] = "SCRAM-SHA-256";
	struct postgresql_asking *state = ASK_STATE(ask, struct postgresql_asking);
	char text[SCRAM_TEXT_MAX];
	if (!offers_scram(mechanisms)) {
		judge_unable(ask, "a SASL mechanism that is unknown here");
		return;
	}
	state->by_scram = true;
	scram_begin(&state->scram, ask->question->nonce, text);
	uint8_t type = 'p';
	ask_send(ask, &type, 1);
	send_be32(ask, (uint32_t)(4 + sizeof(name) + 4 + strlen(text)));
	send_text(ask, name);
	send_be32(ask, (uint32_t)strlen(text));
	ask_send(ask, text, strlen(text));
}

static void go_on_with_scram(struct ask *ask, struct bytes server_first)
{
	struct postgresql_asking *state = ASK_STATE(ask, struct postgresql_asking);
	char text[SCRAM_TEXT_MAX];
	if (scram_prove(&state->scram, ask->question->password, server_first, text))
		send_message(ask, 'p', text, strlen(text));
	else
		judge_nonsense(ask);
}

/* Who only claims to know the password may be anybody. */
static void let_in(struct ask *ask)
{
	struct postgresql_asking *state = ASK_STATE(ask, struct postgresql_asking);
	state->is_in = !state->by_scram || state->is_mutual;
	if (!state->is_in)
		ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
			   "the server did not prove that it knows the password");
}

static void hear_request(struct ask *ask, struct bytes payload)
{
	struct postgresql_asking *state = ASK_STATE(ask, struct postgresql_asking);
	uint32_t code = bytes_be32(&payload);
	if (!bytes_ok(&payload)) {
		judge_nonsense(ask);
		return;
	}
	switch (code) {
	case AUTHENTICATION_OK:
		let_in(ask);
		break;
	case AUTHENTICATION_CLEARTEXT:
		if (ask->in_tls)
			send_password(ask, ask->question->password);
		else
			judge_unable(ask, "the password itself, and there is no TLS to "
					  "hide it");
		break;
	case AUTHENTICATION_MD5:
		send_md5(ask, payload);
		break;
	case AUTHENTICATION_SASL:
		begin_scram(ask, payload);
		break;
	case AUTHENTICATION_SASL_CONTINUE:
		go_on_with_scram(ask, payload);
		break;
	case AUTHENTICATION_SASL_FINAL:
		state->is_mutual = scram_is_mutual(&state->scram, payload);
		break;
	default:
		judge_unable(ask, "a login by GSSAPI, SSPI or Kerberos");
	}
}

static void hear_message(struct ask *ask, uint8_t type, struct bytes payload)
{
	switch (type) {
	case 'R':
		hear_request(ask, payload);
		break;
	case 'E':
		judge_error(ask, payload);
		break;
	case 'Z': /* ReadyForQuery */
		if (!ASK_STATE(ask, struct postgresql_asking)->is_in) {
			judge_nonsense(ask);
			break;
		}
		ask_well(ask, ASK_LEAVE);
		send_message(ask, 'X', NULL, 0);
		break;
	case 'S': /* ParameterStatus */
	case 'K': /* BackendKeyData */
	case 'N': /* NoticeResponse */
	case 'v': /* NegotiateProtocolVersion */
		break;
	default:
		judge_nonsense(ask);
	}
}

/* False if none is here as a whole, or what is here is none. */
static bool take_message(struct ask *ask, struct bytes *said, uint8_t *type,
			 struct bytes *payload)
{
	struct bytes data = *said;
	*type = bytes_u8(&data);
	uint32_t len = bytes_be32(&data);
	if (bytes_ok(&data) && (len < 4 || len > MESSAGE_MAX)) {
		judge_nonsense(ask);
		return false;
	}
	*payload = bytes_take(&data, len - 4);
	if (!bytes_ok(&data))
		return false;
	*said = data;
	return true;
}

static void begin(struct ask *ask)
{
	if (ask->question->user[0] == '\0' || ask->question->wants_tls)
		send_tls_wish(ask);
	else
		send_startup(ask);
}

/* TLS is there; who has no user has seen what was asked for. */
static void go_on_in_tls(struct ask *ask)
{
	ask->next = ASK_LISTEN;
	if (ask->question->user[0] == '\0')
		ask_well(ask, ASK_CLOSE);
	else
		send_startup(ask);
}

static void postgresql_step(struct ask *ask, struct bytes *said)
{
	struct postgresql_asking *state = ASK_STATE(ask, struct postgresql_asking);
	struct bytes payload;
	uint8_t type;
	if (state->phase == BEGIN)
		begin(ask);
	else if (state->phase == ASKED_TLS)
		hear_first(ask, said);
	else if (state->phase == STARTS_TLS && ask->in_tls)
		go_on_in_tls(ask);
	while (state->phase == LOGIN && !ask->is_judged &&
	       take_message(ask, said, &type, &payload))
		hear_message(ask, type, payload);
}

const struct asking postgresql_asking = {
	.transport = IPPROTO_TCP,
	.port = 5432,
	.has_starttls = true,
	.has_login = true,
	.is_harmless = true,
	.step = postgresql_step,
};
_Static_assert(sizeof(struct postgresql_asking) <= ASK_STATE_MAX, "state fits");
