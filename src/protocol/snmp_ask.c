/*
 * snmp_ask.c: asking an SNMP agent how long it has been up (sysUpTime.0).
 *
 * The community is the password of the target, which is never shown, or the user, or
 * "public"; an agent that does not know it is silent.  Version 3 is asked without a
 * user: to tell its engine's identifier is the first thing an agent does for anybody
 * (RFC 3414 4).
 */
#include <netinet/in.h>

#include "protocol/protocol.h"
#include "protocol/snmp_ask.h"
#include "protocol/snmp_message.h"

enum {
	COMMUNITY_MAX = 80, /* so that every length is one octet (X.690 8.1.3.4) */
	NO_SUCH_NAME = 2,   /* RFC 3416 3 */
	NO_ACCESS = 6,
	AUTHORIZATION_ERROR = 16,
};

struct snmp_asking_state {
	bool is_asked;
	uint8_t version;
};

/* Positive, and four octets long. */
static int32_t our_id(const struct ask *ask)
{
	struct bytes nonce = bytes_of(ask->question->nonce, 4);
	return (int32_t)((bytes_be32(&nonce) & 0x3fffffff) | 0x40000000);
}

static void send_id(struct ask *ask)
{
	uint32_t id = htonl((uint32_t)our_id(ask));
	ask_send(ask, "\x02\x04", 2);
	ask_send(ask, &id, sizeof(id));
}

#define SEND(ask, octets) ask_send(ask, octets, sizeof(octets) - 1)

static const char *community_of(const struct question *question)
{
	if (question->password[0] != '\0')
		return question->password;
	return question->user[0] != '\0' ? question->user : "public";
}

/* RFC 1901 3, RFC 3416 3. */
static void ask_uptime(struct ask *ask, uint8_t version)
{
	const char *community = community_of(ask->question);
	size_t len = strlen(community);
	enum { AROUND = 3 + 2 + 2 + 0x1c };
	uint8_t head[] = {
		0x30, (uint8_t)(AROUND + len), 2, 1, version, 4, (uint8_t)len
	};
	ask_send(ask, head, sizeof(head));
	ask_send(ask, community, len);
	SEND(ask, "\xa0\x1c");
	send_id(ask);
	SEND(ask, "\x02\x01\0"
		  "\x02\x01\0" /* no error, at no index */
		  "\x30\x0e\x30\x0c"
		  "\x06\x08\x2b\x06\x01\x02\x01\x01\x03\0" /* 1.3.6.1.2.1.1.3.0 */
		  "\x05\0");
}

/* RFC 3412 6, RFC 3414 4: of no engine, by no user, about nothing. */
static void ask_engine(struct ask *ask)
{
	SEND(ask, "\x30\x3e"
		  "\x02\x01\x03"
		  "\x30\x11");
	send_id(ask);
	SEND(ask, "\x02\x03\0\xff\xe3" /* the longest message we take */
		  "\x04\x01\x04"       /* reports are welcome */
		  "\x02\x01\x03"
		  "\x04\x10\x30\x0e\x04\0"
		  "\x02\x01\0"
		  "\x02\x01\0"
		  "\x04\0\x04\0\x04\0"
		  "\x30\x14\x04\0\x04\0\xa0\x0e");
	send_id(ask);
	SEND(ask, "\x02\x01\0"
		  "\x02\x01\0"
		  "\x30\0");
}

static uint8_t version_of(const struct question *question)
{
	const char *version = question_option(question, "version");
	if (version == NULL || strcmp(version, "2c") == 0)
		return SNMP_V2C;
	return strcmp(version, "3") == 0 ? SNMP_V3 : SNMP_V1;
}

static void judge_error(struct ask *ask, unsigned error)
{
	/* Who is not shown this variable was answered, and knows the community. */
	if (error == 0 || error == NO_SUCH_NAME)
		ask_well(ask, ASK_CLOSE);
	else if (error == NO_ACCESS || error == AUTHORIZATION_ERROR)
		ask_unwell(ask, REASON_denied, ASK_CLOSE,
			   "the agent refuses access (error-status %u)", error);
	else
		ask_unwell(ask, REASON_error, ASK_CLOSE,
			   "the agent answers with error-status %u", error);
}

static void hear(struct ask *ask, struct bytes datagram, unsigned version)
{
	struct snmp_message message;
	if (!snmp_message_read(datagram, false, &message) || message.version != version)
		return;
	if (version == SNMP_V3) {
		if (message.pdu == SNMP_REPORT && message.message_id == our_id(ask) &&
		    message.engine.len > 0)
			ask_well(ask, ASK_CLOSE);
	} else if (message.pdu == SNMP_RESPONSE && message.request_id == our_id(ask)) {
		judge_error(ask, message.error);
	}
}

static void snmp_step(struct ask *ask, struct bytes *said)
{
	struct snmp_asking_state *state = ASK_STATE(ask, struct snmp_asking_state);
	if (state->is_asked) {
		hear(ask, *said, state->version);
		return;
	}
	state->is_asked = true;
	state->version = version_of(ask->question);
	if (state->version == SNMP_V3)
		ask_engine(ask);
	else
		ask_uptime(ask, state->version);
}

static const char *snmp_check(const struct question *question)
{
	const char *version = question_option(question, "version");
	if (version != NULL && strcmp(version, "1") != 0 &&
	    strcmp(version, "2c") != 0 && strcmp(version, "3") != 0)
		return "the version of SNMP is 1, 2c or 3";
	if (strlen(community_of(question)) > COMMUNITY_MAX)
		return "the community is longer than 80 octets";
	return NULL;
}

static const char *const snmp_options[] = { "version", NULL };

const struct asking snmp_asking = {
	.transport = IPPROTO_UDP,
	.port = 161,
	.has_login = true,
	.may_be_silent = true, /* who does not know the community */
	.options = snmp_options,
	.check = snmp_check,
	.step = snmp_step,
};
