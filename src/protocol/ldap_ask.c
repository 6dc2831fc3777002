/*
 * ldap_ask.c: the root entry, which every server has (RFC 4512, 5.1), and of it only
 * what names the software; before that StartTLS and a simple bind, if they are wanted.
 *
 * Lengths are written in the long form where they are not known beforehand: BER allows
 * it (RFC 4511, 5.1).
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/ber.h"
#include "protocol/ldap.h"

enum { MESSAGE_MAX = 65536, ID_MAX_LEN = 3, HEADER = 4 };

/* Each request has its number as message id. */
enum request { BEGIN, START_TLS, BIND, SEARCH };

#define OCTETS(text) text, sizeof(text) - 1

static void send_start_tls(struct ask *ask)
{
	ask_send(ask, OCTETS("\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
			     "1.3.6.1.4.1.1466.20037"));
	ask->state[0] = START_TLS;
}

/* The entry "" itself, if it has an object class, with two attributes. */
static void send_search(struct ask *ask)
{
	ask_send(ask, OCTETS("\x30\x40\x02\x01\x03\x63\x3b\x04\x00"
			     "\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00"
			     "\x01\x01\x00\x87\x0b"
			     "objectClass"
			     "\x30\x1b\x04\x0a"
			     "vendorName"
			     "\x04\x0d"
			     "vendorVersion"));
	ask->state[0] = SEARCH;
}

static void send_unbind(struct ask *ask)
{
	ask_send(ask, OCTETS("\x30\x05\x02\x01\x04\x42\x00"));
}

static void send_header(struct ask *ask, uint8_t tag, size_t len)
{
	const uint8_t header[HEADER] = { tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len };
	ask_send(ask, header, sizeof(header));
}

static void send_text(struct ask *ask, uint8_t tag, const char *text)
{
	send_header(ask, tag, strlen(text));
	ask_send(ask, text, strlen(text));
}

static void send_bind(struct ask *ask)
{
	enum { STRING = 0x04, SIMPLE = 0x80 };
	const char *user = ask->question->user, *password = ask->question->password;
	size_t len = 3 + HEADER + strlen(user) + HEADER + strlen(password);
	send_header(ask, LDAP_SEQUENCE, ID_MAX_LEN + HEADER + len);
	ask_send(ask, OCTETS("\x02\x01\x02"));
	send_header(ask, LDAP_BIND, len);
	ask_send(ask, OCTETS("\x02\x01\x03"));
	send_text(ask, STRING, user);
	send_text(ask, SIMPLE, password);
	ask->state[0] = BIND;
}

static void go_on(struct ask *ask)
{
	ask->next = ASK_LISTEN;
	if (ask->question->wants_tls && !ask->in_tls)
		send_start_tls(ask);
	else if (ask->question->user[0] != '\0' && ask->state[0] != BIND)
		send_bind(ask);
	else
		send_search(ask);
}

/* ---- judging ---- */

static void judge_nonsense(struct ask *ask)
{
	ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
		   "what came is no message of LDAP");
}

/* It lives, and tells nobody who it is without a login, or without a better one. */
static bool asks_for_more(int32_t code)
{
	/* strongerAuthRequired, confidentialityRequired */
	return code == 8 || code == 13 || ldap_is_denial(code);
}

static enum reason reason_of(enum request request, int32_t code)
{
	if (code == LDAP_BUSY)
		return REASON_overloaded;
	if (request == START_TLS)
		return REASON_tls_missing;
	if (request == BIND && asks_for_more(code))
		return REASON_login_failed;
	if (request == SEARCH && (code == LDAP_SUCCESS || asks_for_more(code)))
		return REASON_NONE;
	return REASON_error;
}

/* LDAPResult (4.1.9): behind the code are a name and words for people. */
static struct bytes words_of(struct bytes content)
{
	enum { ENUMERATED = 0x0a, STRING = 0x04 };
	ber_expect(&content, ENUMERATED);
	ber_expect(&content, STRING);
	return ber_expect(&content, STRING);
}

static void judge_result(struct ask *ask, int32_t code, struct bytes content)
{
	char text[128];
	enum reason reason = reason_of((enum request)ask->state[0], code);
	struct bytes words = words_of(content);
	if (reason == REASON_NONE)
		ask_well(ask, ASK_LEAVE);
	else if (words.len > 0)
		ask_unwell(ask, reason, ASK_LEAVE, "the server says \"%s\" (%d)",
			   ask_quote(text, sizeof(text), words), code);
	else
		ask_unwell(ask, reason, ASK_LEAVE, "the server's result is %d", code);
	send_unbind(ask);
}

/* ---- what the server says ---- */

static void hear_result(struct ask *ask, struct bytes content)
{
	int32_t code = ldap_read_result(content);
	if (code < 0) {
		judge_nonsense(ask);
	} else if (code != LDAP_SUCCESS || ask->state[0] == SEARCH) {
		judge_result(ask, code, content);
	} else if (ask->state[0] == START_TLS) {
		ask->next = ASK_START_TLS;
	} else {
		go_on(ask);
	}
}

/* Of a notice of disconnection (4.4.1) the server is the one who closes. */
static void hear_farewell(struct ask *ask, struct bytes content)
{
	char text[128];
	int32_t code = ldap_read_result(content);
	ask_unwell(ask, code == LDAP_BUSY ? REASON_overloaded : REASON_error, ASK_LEAVE,
		   "the server ends the session: \"%s\" (%d)",
		   ask_quote(text, sizeof(text), words_of(content)), code);
}

static void hear_message(struct ask *ask, struct bytes message)
{
	enum { INTEGER = 0x02, REFERENCE = 0x73 };
	static const uint8_t results[] = { [START_TLS] = LDAP_EXTENDED_RESPONSE,
					   [BIND] = LDAP_BIND_RESPONSE,
					   [SEARCH] = LDAP_SEARCH_DONE };
	size_t need;
	uint8_t operation;
	int32_t id = ber_int(&message, INTEGER);
	struct bytes content = ber_take(&message, &operation, &need);
	bool is_message = bytes_ok(&message);
	bool is_ours = is_message && id == ask->state[0];
	bool is_entry = operation == LDAP_ENTRY || operation == REFERENCE;
	if (is_message && id == 0 && operation == LDAP_EXTENDED_RESPONSE)
		hear_farewell(ask, content);
	else if (is_ours && operation == results[ask->state[0]])
		hear_result(ask, content);
	else if (!is_ours || !is_entry)
		judge_nonsense(ask);
}

/* False if none is here as a whole, or what is here is none. */
static bool take_message(struct ask *ask, struct bytes *said, struct bytes *message)
{
	struct bytes data = *said;
	uint8_t tag;
	size_t need;
	if (data.len == 0)
		return false;
	*message = ber_take(&data, &tag, &need);
	if (tag != LDAP_SEQUENCE || need == 0 || need > MESSAGE_MAX) {
		judge_nonsense(ask);
		return false;
	}
	if (!bytes_ok(&data))
		return false;
	*said = data;
	return true;
}

static void ldap_step(struct ask *ask, struct bytes *said)
{
	struct bytes message;
	if (ask->state[0] == BEGIN || (ask->state[0] == START_TLS && ask->in_tls))
		go_on(ask);
	while (!ask->is_judged && ask->next == ASK_LISTEN &&
	       take_message(ask, said, &message))
		hear_message(ask, message);
}

/* Servers take such a bind for an anonymous one, and it would never fail. */
static const char *ldap_check(const struct question *question)
{
	return question->user[0] != '\0' && question->password[0] == '\0'
		       ? "a bind without a password proves nothing (RFC 4513, 5.1.2)"
		       : NULL;
}

const struct asking ldap_asking = {
	.transport = IPPROTO_TCP,
	.port = 389,
	.secure_scheme = "ldaps",
	.secure_port = 636,
	.has_starttls = true,
	.has_login = true,
	.is_harmless = true,
	.check = ldap_check,
	.step = ldap_step,
};
