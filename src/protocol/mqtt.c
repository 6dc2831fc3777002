/*
 * mqtt.c: MQTT 3.1, 3.1.1 and 5.0 (OASIS).
 *
 * The client says CONNECT, with its user and password if it has one, and the server
 * CONNACK: who is let in.  What is published then is nobody's business.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "protocol/line.h"
#include "protocol/protocol.h"
#include "protocol/text.h"

/* Packet types, with their flags (2.1.2). */
enum { CONNECT = 0x10, CONNACK = 0x20, AUTH = 0xf0 };

/* Flags of CONNECT (3.1.2.3). */
enum { CLEAN_SESSION = 0x02, WILL = 0x04, PASSWORD = 0x40, USER = 0x80 };

/* The highest bit of a version says that it is a bridge. */
enum {
	VERSION_31 = 3,
	VERSION_311 = 4,
	VERSION_5 = 5,
	VERSION_BITS = 0x7f,
	ENOUGH = 1024
};

struct mqtt_state {
	bool is_login; /* a user was named: CONNACK is the outcome */
	bool has_password;
	uint8_t user_len;
	char user[USER_MAX];
};

static const struct talk_notice cleartext_password = {
	.kind = "cleartext_login",
	.technique = "mqtt_password",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "CONNECT carries the password as it is: without TLS, anyone on the path "
	       "reads it (MQTT 5.0, 5.4)",
};

/* ---- what packets say ---- */

/* A Variable Byte Integer (1.5.5); bad if it is cut or longer than four octets. */
static uint32_t take_variable(struct bytes *data)
{
	uint32_t value = 0;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t octet = bytes_u8(data);
		value |= (uint32_t)(octet & 0x7f) << 7 * i;
		if (!(octet & 0x80))
			return value;
	}
	data->bad = true;
	return 0;
}

static struct bytes take_string(struct bytes *data)
{
	return bytes_take(data, bytes_be16(data));
}

struct connect {
	uint8_t version;
	bool has_user, has_password;
	struct bytes user;
};

/* CONNECT (3.1) behind its length; false if it is none. */
static bool read_connect(struct bytes data, struct connect *connect)
{
	struct bytes name = take_string(&data);
	*connect = (struct connect){ .version = bytes_u8(&data) & VERSION_BITS };
	uint8_t flags = bytes_u8(&data);
	bytes_take(&data, 2); /* keep alive */
	if (!bytes_ok(&data) || !(text_is(name, "MQTT") || text_is(name, "MQIsdp")))
		return false;
	bool has_properties = connect->version >= VERSION_5;
	if (has_properties)
		bytes_take(&data, take_variable(&data));
	take_string(&data); /* client identifier */
	if ((flags & WILL) && has_properties)
		bytes_take(&data, take_variable(&data));
	if (flags & WILL) {
		take_string(&data); /* topic */
		take_string(&data); /* message */
	}
	connect->has_user = (flags & USER) != 0;
	if (connect->has_user)
		connect->user = take_string(&data);
	connect->has_password = (flags & PASSWORD) != 0 && bytes_be16(&data) > 0;
	return true;
}

static const char *version_name(uint8_t version)
{
	switch (version) {
	case VERSION_31:
		return "MQTT 3.1";
	case VERSION_311:
		return "MQTT 3.1.1";
	case VERSION_5:
		return "MQTT 5.0";
	default:
		return "";
	}
}

/* Return codes of 3.1.1 (3.2.2.3), reason codes of 5.0 (3.2.2.2). */
static bool is_denial(uint8_t code)
{
	/* bad user name or password, not authorized; banned, bad method */
	return code == 4 || code == 5 || code == 0x86 || code == 0x87 || code == 0x8a ||
	       code == 0x8c;
}

static bool is_fault(uint8_t code)
{
	/* server unavailable; unspecified, unavailable, busy, quota exceeded */
	return code == 3 || code == 0x80 || code == 0x88 || code == 0x89 ||
	       code == 0x97;
}

/* ---- recognising ---- */

static enum verdict name_verdict(struct bytes said)
{
	enum verdict new = (enum verdict)line_compare(said, "\x04MQTT"),
		     old = (enum verdict)line_compare(said, "\x06MQIsdp");
	size_t len = new == VERDICT_NO ? 7 : 5;
	if (new != VERDICT_YES && old != VERDICT_YES)
		return new > old ? new : old;
	bytes_take(&said, len);
	if (said.len < 2)
		return VERDICT_MORE;
	uint8_t version = bytes_u8(&said) & VERSION_BITS, flags = bytes_u8(&said);
	return version >= VERSION_31 && version <= VERSION_5 && !(flags & 1)
		       ? VERDICT_YES
		       : VERDICT_NO;
}

static enum verdict mqtt_recognise(const struct opening *opening)
{
	struct bytes said = opening->said[CLIENT];
	if (said.len == 0)
		return opening->said[SERVER].len == 0 ||
				       opening->said[SERVER].at[0] == CONNACK
			       ? VERDICT_MORE
			       : VERDICT_NO;
	if (bytes_u8(&said) != CONNECT)
		return VERDICT_NO;
	struct bytes rest = said;
	uint32_t len = take_variable(&rest);
	if (!bytes_ok(&rest))
		return said.len < 4 ? VERDICT_MORE : VERDICT_NO;
	if (len < 12)
		return VERDICT_NO;
	if (rest.len == 0)
		return VERDICT_MORE;
	return bytes_u8(&rest) == 0 ? name_verdict(rest) : VERDICT_NO;
}

/* ---- reading ---- */

/* False, and nothing taken, if more of the packet must be here first. */
static bool take_packet(struct talk *talk, struct said *said, uint8_t *type,
			struct bytes *content)
{
	struct bytes data = said->data;
	*type = bytes_u8(&data);
	uint32_t len = take_variable(&data);
	if (!bytes_ok(&data)) {
		if (said->data.len >= 5)
			talk_done(talk);
		return false;
	}
	size_t want = len < ENOUGH ? len : ENOUGH;
	if (data.len < want && said->data.len < ENOUGH && !said->ends)
		return false;
	*content = bytes_of(data.at, data.len < len ? data.len : len);
	talk_pass(talk, said, (said->data.len - data.len) + (uint64_t)len);
	return true;
}

static void begin(struct talk *talk, const struct connect *connect, int64_t at_us)
{
	struct mqtt_state *state = STATE(talk, struct mqtt_state);
	size_t len = connect->user.len < USER_MAX ? connect->user.len : USER_MAX;
	if (len > 0)
		memcpy(state->user, connect->user.at, len);
	state->user_len = (uint8_t)len;
	state->is_login = connect->has_user;
	state->has_password = connect->has_password;
	talk->facts.cleartext = 1;
	snprintf(talk->facts.version, sizeof(talk->facts.version), "%s",
		 version_name(connect->version));
	if (connect->has_password)
		talk_notice(talk, &cleartext_password, at_us,
			    "an MQTT login without TLS");
}

static void read_client(struct talk *talk, struct said *said)
{
	struct connect connect;
	struct bytes content;
	uint8_t type;
	while (!talk->done && take_packet(talk, said, &type, &content))
		if (type == CONNECT && read_connect(content, &connect))
			begin(talk, &connect, said->at_us);
}

static void tell_login(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	struct mqtt_state *state = STATE(talk, struct mqtt_state);
	struct login_seen login = { .user = bytes_of(state->user, state->user_len),
				    .outcome = outcome,
				    .method = state->has_password ? "password" : NULL,
				    .seen_by = "packets" };
	if (state->is_login)
		talk_login(talk, &login, at_us);
	state->is_login = false;
}

static void read_server(struct talk *talk, struct said *said)
{
	struct bytes content;
	uint8_t type;
	if (!take_packet(talk, said, &type, &content) || type == AUTH)
		return;
	bytes_take(&content, 1); /* flags */
	uint8_t code = bytes_u8(&content);
	if (type == CONNACK && bytes_ok(&content)) {
		tell_login(talk,
			   code == 0         ? OUTCOME_SUCCESS
			   : is_denial(code) ? OUTCOME_FAILURE
					     : OUTCOME_UNKNOWN,
			   said->at_us);
		talk_answered(talk, is_fault(code), UNKNOWN_U64);
	}
	talk_done(talk);
}

static void mqtt_read(struct talk *talk, struct said *said)
{
	if (said->by == CLIENT)
		read_client(talk, said);
	else
		read_server(talk, said);
}

static void mqtt_end(struct talk *talk, int64_t at_us)
{
	tell_login(talk, OUTCOME_UNKNOWN, at_us);
}

/* ---- asking ---- */

enum { KEEP_ALIVE_S = 60, CLIENT_ID_MAX = 23 };

static void send_string(struct ask *ask, const char *text)
{
	size_t len = strlen(text);
	const uint8_t octets[] = { (uint8_t)(len >> 8), (uint8_t)len };
	ask_send(ask, octets, sizeof(octets));
	ask_send(ask, text, len);
}

/* CONNECT and its length, a Variable Byte Integer, which must be as short as it can. */
static void send_head(struct ask *ask, size_t len)
{
	const uint8_t long_head[] = { CONNECT, (uint8_t)(len | 0x80),
				      (uint8_t)(len >> 7) };
	const uint8_t short_head[] = { CONNECT, (uint8_t)len };
	if (len < 0x80)
		ask_send(ask, short_head, sizeof(short_head));
	else
		ask_send(ask, long_head, sizeof(long_head));
}

static void send_connect(struct ask *ask)
{
	const char *user = ask->question->user, *password = ask->question->password;
	const uint8_t *nonce = ask->question->nonce;
	bool has_user = user[0] != '\0', has_password = password[0] != '\0';
	char id[CLIENT_ID_MAX + 1]; /* letters and digits: any server must take it */
	snprintf(id, sizeof(id), "breakwater%02x%02x%02x%02x", nonce[0], nonce[1],
		 nonce[2], nonce[3]);
	uint8_t flags =
		CLEAN_SESSION | (has_user ? USER : 0) | (has_password ? PASSWORD : 0);
	const uint8_t head[] = { VERSION_311, flags, 0, KEEP_ALIVE_S };
	send_head(ask, 2 + strlen("MQTT") + sizeof(head) + 2 + strlen(id) +
			       (has_user ? 2 + strlen(user) : 0) +
			       (has_password ? 2 + strlen(password) : 0));
	send_string(ask, "MQTT");
	ask_send(ask, head, sizeof(head));
	send_string(ask, id);
	if (has_user)
		send_string(ask, user);
	if (has_password)
		send_string(ask, password);
}

static enum reason reason_of(const struct ask *ask, uint8_t code)
{
	enum { BAD_VERSION = 1, BAD_CLIENT_ID = 2, UNAVAILABLE = 3 };
	if (code == UNAVAILABLE)
		return REASON_overloaded;
	if (code == BAD_CLIENT_ID)
		return REASON_denied;
	if (code == BAD_VERSION)
		return REASON_error;
	return ask->question->user[0] != '\0' ? REASON_login_failed : REASON_NONE;
}

/* Return codes of 3.1.1 (3.2.2.3), in its words. */
static void judge_refusal(struct ask *ask, uint8_t code)
{
	static const char *const words[] = {
		[1] = "it does not speak MQTT 3.1.1",
		[2] = "it does not take our client identifier",
		[3] = "it is unavailable",
		[4] = "bad user name or password",
		[5] = "not authorized",
	};
	enum reason reason = reason_of(ask, code);
	/* The server closes behind a refusal (3.2.2.3). */
	if (reason == REASON_NONE)
		ask_well(ask, ASK_LEAVE);
	else
		ask_unwell(ask, reason, ASK_LEAVE, "the server says: %s (%u)",
			   words[code], code);
}

/* CONNACK (3.2): a bit for a session that is present, a code; MORE: as far as it is. */
static enum verdict take_answer(struct bytes *said, uint8_t *code)
{
	enum { CODES = 6, IS_PRESENT = 1 };
	struct bytes data = *said;
	uint8_t type = bytes_u8(&data), len = bytes_u8(&data), flags = bytes_u8(&data);
	*code = bytes_u8(&data);
	if ((said->len > 0 && type != CONNACK) || (said->len > 1 && len != 2) ||
	    flags > IS_PRESENT || *code >= CODES)
		return VERDICT_NO;
	if (!bytes_ok(&data))
		return VERDICT_MORE;
	*said = data;
	return VERDICT_YES;
}

static void mqtt_step(struct ask *ask, struct bytes *said)
{
	static const uint8_t disconnect[] = { 0xe0, 0x00 };
	uint8_t code;
	if (ask->state[0] == 0) {
		ask->state[0] = 1;
		send_connect(ask);
	}
	enum verdict verdict = take_answer(said, &code);
	if (verdict == VERDICT_NO) {
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "what came is no CONNACK of MQTT 3.1.1");
	} else if (verdict == VERDICT_YES && code != 0) {
		judge_refusal(ask, code);
	} else if (verdict == VERDICT_YES) {
		ask_well(ask, ASK_LEAVE);
		ask_send(ask, disconnect, sizeof(disconnect));
	}
}

/* 3.1.2.9: no password without a user. */
static const char *mqtt_check(const struct question *question)
{
	enum { MOST = 2000 };
	if (question->user[0] == '\0' && question->password[0] != '\0')
		return "MQTT 3.1.1 has no password without a user (3.1.2.9)";
	return strlen(question->user) + strlen(question->password) > MOST
		       ? "user and password are too long"
		       : NULL;
}

static const struct asking mqtt_asking = {
	.transport = IPPROTO_TCP,
	.port = 1883,
	.secure_scheme = "mqtts",
	.secure_port = 8883,
	.has_login = true,
	.check = mqtt_check,
	.step = mqtt_step,
};

const struct protocol protocol_mqtt = {
	.name = "mqtt",
	.doc = "MQTT 3.1, 3.1.1, 5.0",
	.transports = { IPPROTO_TCP },
	.ports = { 1883 },
	.turn_max = ENOUGH,
	.state_size = sizeof(struct mqtt_state),
	.recognise = mqtt_recognise,
	.read = mqtt_read,
	.end = mqtt_end,
	.asking = &mqtt_asking,
};
_Static_assert(sizeof(struct mqtt_state) <= TALK_STATE_MAX, "state fits");
