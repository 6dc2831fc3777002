/*
 * vnc.c: the Remote Framebuffer protocol of VNC (RFC 6143), and VeNCrypt within it.
 *
 * Server and client say their versions, the server what security it offers, the client
 * what it takes; what follows depends on that.  Each step has one speaker and a length:
 * who speaks out of turn is not read on.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "protocol/protocol.h"
#include "protocol/starttls.h"
#include "protocol/vnc.h"

enum { PLAIN_MAX = 256 };

/* Subtypes of VeNCrypt. */
enum {
	VENCRYPT_PLAIN = 256,
	VENCRYPT_LAST = 262,
};

enum phase {
	SERVER_VERSION,
	CLIENT_VERSION,
	OFFER,
	CHOICE,
	CHALLENGE,
	RESPONSE,
	RESULT,
	VENCRYPT_VERSION,
	VENCRYPT_ANSWER,
	VENCRYPT_OFFER,
	VENCRYPT_CHOICE,
	VENCRYPT_CONSENT,
	CREDENTIALS,
	PHASES,
};

struct vnc_state {
	uint8_t phase;
	bool is_login; /* the result will be its outcome */
	uint16_t server_minor, minor;
	uint32_t security;
	uint8_t user_len;
	const char *method;
	char user[USER_MAX];
};

static const struct talk_notice no_authentication = {
	.kind = "weak_protocol",
	.technique = "vnc_no_authentication",
	.severity = "medium",
	.mitre = "T1021.005",
	.about = ABOUT_SERVICE,
	.why = "whoever reaches the port sees and steers the screen, and what passes "
	       "is "
	       "not encrypted (RFC 6143, 7.2.1)",
};

static const struct talk_notice cleartext_password = {
	.kind = "cleartext_login",
	.technique = "vnc_plain",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "VeNCrypt's Plain without TLS carries the password as it is: anyone on "
	       "the "
	       "path reads it",
};

static enum verdict vnc_recognise(const struct opening *opening)
{
	if (opening->said[SERVER].len > 0)
		return vnc_version(opening->said[SERVER]);
	return vnc_version(opening->said[CLIENT]);
}

/* Takes a version; false if it is not all here, or there is none. */
static bool take_version(struct talk *talk, struct said *said, uint16_t *minor)
{
	enum verdict verdict = vnc_version(said->data);
	if (verdict == VERDICT_NO)
		talk_done(talk);
	if (verdict != VERDICT_YES)
		return false;
	struct bytes line = bytes_take(&said->data, VNC_VERSION_LEN);
	if (line.bad)
		return false;
	*minor = vnc_minor(line);
	return true;
}

static bool read_server_version(struct talk *talk, struct said *said)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	if (!take_version(talk, said, &state->server_minor))
		return false;
	state->phase = CLIENT_VERSION;
	return true;
}

/* The lower one is spoken; those that nobody defined are 3.3, or at least 3.8. */
static bool read_client_version(struct talk *talk, struct said *said)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	if (!take_version(talk, said, &state->minor))
		return false;
	if (state->minor > state->server_minor)
		state->minor = state->server_minor;
	state->minor = state->minor < 7 ? 3 : state->minor == 7 ? 7 : 8;
	snprintf(talk->facts.version, sizeof(talk->facts.version), "RFB 3.%u",
		 state->minor);
	state->phase = OFFER;
	return true;
}

/* The client is in without having said who it is. */
static void note_open(struct talk *talk, int64_t at_us)
{
	talk_notice(talk, &no_authentication, at_us, "a VNC server lets anyone in");
}

static void begin_security(struct talk *talk, uint32_t security, int64_t at_us)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	state->security = security;
	switch (security) {
	case VNC_SECURITY_NONE:
		talk->facts.cleartext = 1;
		state->phase = RESULT;
		if (state->minor >= 8)
			return;
		note_open(talk, at_us); /* before 3.8 there is no result of it */
		talk_done(talk);
		return;
	case VNC_SECURITY_PASSWORD:
		talk->facts.cleartext = 1;
		state->phase = CHALLENGE;
		return;
	case VNC_SECURITY_TLS:
		starttls_begin(talk);
		return;
	case VNC_SECURITY_VENCRYPT:
		state->phase = VENCRYPT_VERSION;
		return;
	default:
		talk_done(talk);
	}
}

/* The server refuses before anything was tried. */
static void note_refusal(struct talk *talk)
{
	talk_answered(talk, true, UNKNOWN_U64);
	talk_done(talk);
}

/* 3.3: one type, as the server likes; later: a list (7.1.2). */
static bool read_offer(struct talk *talk, struct said *said)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	struct bytes data = said->data;
	if (state->minor == 3) {
		uint32_t security = bytes_be32(&data);
		if (!bytes_ok(&data))
			return false;
		said->data = data;
		if (security == VNC_SECURITY_FAILED)
			note_refusal(talk);
		else
			begin_security(talk, security, said->at_us);
		return true;
	}
	uint8_t count = bytes_u8(&data);
	bytes_take(&data, count);
	if (!bytes_ok(&data))
		return false;
	said->data = data;
	if (count == 0)
		note_refusal(talk);
	state->phase = CHOICE;
	return true;
}

static bool read_choice(struct talk *talk, struct said *said)
{
	begin_security(talk, bytes_u8(&said->data), said->at_us);
	return true;
}

static bool pass(struct said *said, size_t len)
{
	if (said->data.len < len)
		return false;
	bytes_take(&said->data, len);
	return true;
}

static bool read_challenge(struct talk *talk, struct said *said)
{
	if (!pass(said, VNC_CHALLENGE_LEN))
		return false;
	STATE(talk, struct vnc_state)->phase = RESPONSE;
	return true;
}

static bool read_response(struct talk *talk, struct said *said)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	if (!pass(said, VNC_CHALLENGE_LEN))
		return false;
	state->is_login = true;
	state->method = "VNC";
	state->phase = RESULT;
	return true;
}

static void tell_login(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	struct login_seen login = { .user = bytes_of(state->user, state->user_len),
				    .outcome = outcome,
				    .method = state->method,
				    .seen_by = "packets" };
	if (state->is_login)
		talk_login(talk, &login, at_us);
	state->is_login = false;
}

/* 7.1.3; 2 is "too many attempts", as some have it. */
static bool read_result(struct talk *talk, struct said *said)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	struct bytes data = said->data;
	uint32_t result = bytes_be32(&data);
	if (!bytes_ok(&data))
		return false;
	tell_login(talk,
		   result == 0   ? OUTCOME_SUCCESS
		   : result <= 2 ? OUTCOME_FAILURE
				 : OUTCOME_UNKNOWN,
		   said->at_us);
	talk_answered(talk, false, UNKNOWN_U64);
	if (result == 0 && state->security == VNC_SECURITY_NONE)
		note_open(talk, said->at_us);
	talk_done(talk);
	return true;
}

/* VeNCrypt: both say two octets of version. */
static bool read_vencrypt_version(struct talk *talk, struct said *said)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	if (!pass(said, 2))
		return false;
	state->phase++;
	return true;
}

/* Zero, then a count and subtypes of four octets. */
static bool read_vencrypt_offer(struct talk *talk, struct said *said)
{
	struct bytes data = said->data;
	uint8_t refusal = bytes_u8(&data);
	if (bytes_ok(&data) && refusal != 0) {
		talk_done(talk);
		return false;
	}
	bytes_take(&data, (size_t)bytes_u8(&data) * 4);
	if (!bytes_ok(&data))
		return false;
	said->data = data;
	STATE(talk, struct vnc_state)->phase = VENCRYPT_CHOICE;
	return true;
}

static bool read_vencrypt_choice(struct talk *talk, struct said *said)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	struct bytes data = said->data;
	uint32_t subtype = bytes_be32(&data);
	if (!bytes_ok(&data))
		return false;
	said->data = data;
	if (subtype < VENCRYPT_PLAIN || subtype > VENCRYPT_LAST)
		talk_done(talk);
	state->phase = subtype == VENCRYPT_PLAIN ? CREDENTIALS : VENCRYPT_CONSENT;
	return true;
}

/* One octet that is not zero: TLS begins. */
static bool read_vencrypt_consent(struct talk *talk, struct said *said)
{
	if (bytes_u8(&said->data) == 0) {
		talk_done(talk);
		return true;
	}
	starttls_begin(talk);
	return true;
}

/* Length of user, length of password, user, password. */
static bool read_credentials(struct talk *talk, struct said *said)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	struct bytes data = said->data;
	uint32_t user_len = bytes_be32(&data), password_len = bytes_be32(&data);
	if (bytes_ok(&data) && (user_len > PLAIN_MAX || password_len > PLAIN_MAX)) {
		talk_done(talk);
		return false;
	}
	struct bytes user = bytes_take(&data, user_len);
	bytes_take(&data, password_len);
	if (!bytes_ok(&data))
		return false;
	said->data = data;
	state->user_len = (uint8_t)(user_len < USER_MAX ? user_len : USER_MAX);
	memcpy(state->user, user.at, state->user_len);
	state->is_login = true;
	state->method = "Plain";
	state->phase = RESULT;
	talk->facts.cleartext = 1;
	if (password_len > 0)
		talk_notice(talk, &cleartext_password, said->at_us,
			    "a VNC login by VeNCrypt Plain without TLS");
	return true;
}

static const struct {
	unsigned by;
	bool (*read)(struct talk *talk, struct said *said);
} steps[PHASES] = {
	[SERVER_VERSION] = { SERVER, read_server_version },
	[CLIENT_VERSION] = { CLIENT, read_client_version },
	[OFFER] = { SERVER, read_offer },
	[CHOICE] = { CLIENT, read_choice },
	[CHALLENGE] = { SERVER, read_challenge },
	[RESPONSE] = { CLIENT, read_response },
	[RESULT] = { SERVER, read_result },
	[VENCRYPT_VERSION] = { SERVER, read_vencrypt_version },
	[VENCRYPT_ANSWER] = { CLIENT, read_vencrypt_version },
	[VENCRYPT_OFFER] = { SERVER, read_vencrypt_offer },
	[VENCRYPT_CHOICE] = { CLIENT, read_vencrypt_choice },
	[VENCRYPT_CONSENT] = { SERVER, read_vencrypt_consent },
	[CREDENTIALS] = { CLIENT, read_credentials },
};

static void vnc_read(struct talk *talk, struct said *said)
{
	struct vnc_state *state = STATE(talk, struct vnc_state);
	const struct protocol *self = talk->protocol;
	if (said->after_gap)
		talk_done(talk);
	while (said->data.len > 0 && !talk->done && talk->protocol == self) {
		if (steps[state->phase].by != said->by)
			talk_done(talk);
		else if (!steps[state->phase].read(talk, said))
			return;
	}
}

static void vnc_end(struct talk *talk, int64_t at_us)
{
	tell_login(talk, OUTCOME_UNKNOWN, at_us);
}

const struct protocol protocol_vnc = {
	.name = "vnc",
	.doc = "Remote Framebuffer protocol (RFC 6143)",
	.transports = { IPPROTO_TCP },
	.ports = { 5900, 5901, 5902, 5903 },
	.state_size = sizeof(struct vnc_state),
	.recognise = vnc_recognise,
	.read = vnc_read,
	.end = vnc_end,
	.asking = &vnc_asking,
};
_Static_assert(sizeof(struct vnc_state) <= TALK_STATE_MAX, "state fits");
