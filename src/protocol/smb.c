/*
 * smb.c: Server Message Block 1, 2 and 3, over the NetBIOS session service (RFC 1002)
 * or TCP alone.
 *
 * Either way a message has four octets before it, a type and a length.  The dialect is
 * agreed on by NEGOTIATE, a user logs in by SESSION_SETUP, in one step or several; then
 * all that is read is whether requests succeed.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "protocol/protocol.h"
#include "protocol/smb.h"

enum {
	FRAME = 4, /* type and length (RFC 1002, 4.3.1) */
	TYPE_MESSAGE = 0x00,
	TYPE_REQUEST = 0x81,
	TYPE_REFUSAL = 0x83,
	TYPE_KEEP_ALIVE = 0x85,
	NAME = 34, /* an encoded name: length, 32 letters, end */
};

struct smb_state {
	uint64_t login_id; /* of the SESSION_SETUP whose response is its outcome */
	bool is_login;
	bool wants_passwords;
	uint8_t user_len;
	const char *method;
	char user[USER_MAX];
};

static const struct talk_notice smb1 = {
	.kind = "weak_protocol",
	.technique = "smb1",
	.severity = "medium",
	.mitre = "T1210",
	.about = ABOUT_SERVICE,
	.why = "SMB 1 has no encryption, weak signatures and a history of remote "
	       "execution; Microsoft deprecated it in 2014",
};

static const struct talk_notice unsigned_messages = {
	.kind = "weak_protocol",
	.technique = "smb_signing_not_required",
	.severity = "notice",
	.mitre = "T1557.001",
	.about = ABOUT_SERVICE,
	.why = "logins to it can be relayed by who stands between (MS-SMB2 3.3.5.4)",
};

static const struct talk_notice cleartext_password = {
	.kind = "cleartext_login",
	.technique = "smb_password",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "the server asks for passwords themselves (MS-CIFS 2.2.4.52.2), which "
	       "anyone on the path reads",
};

/* A request for a session (RFC 1002, 4.3.2): two encoded names. */
static enum verdict request_verdict(struct bytes said)
{
	static const uint8_t begin[FRAME + 1] = { TYPE_REQUEST, 0, 0, 2 * NAME, 32 };
	for (size_t i = 0; i < said.len && i < FRAME + NAME; i++) {
		bool fits = i < sizeof(begin) ? said.at[i] == begin[i]
			    : i == FRAME + NAME - 1
				    ? said.at[i] == 0
				    : said.at[i] >= 'A' && said.at[i] <= 'P';
		if (!fits)
			return VERDICT_NO;
	}
	return said.len >= FRAME + NAME ? VERDICT_YES : VERDICT_MORE;
}

static enum verdict message_verdict(struct bytes said)
{
	static const char name[] = "SMB";
	if (said.len > 0 && said.at[0] != TYPE_MESSAGE)
		return request_verdict(said);
	if (said.len > FRAME && (said.at[FRAME] < 0xfc))
		return VERDICT_NO;
	for (size_t i = 0; i < 3; i++) {
		if (said.len <= FRAME + 1 + i)
			return VERDICT_MORE;
		if (said.at[FRAME + 1 + i] != (uint8_t)name[i])
			return VERDICT_NO;
	}
	return VERDICT_YES;
}

static enum verdict smb_recognise(const struct opening *opening)
{
	if (opening->said[CLIENT].len > 0)
		return message_verdict(opening->said[CLIENT]);
	return message_verdict(opening->said[SERVER]);
}

/* How much of a message must be here, as far as that is known yet. */
static size_t enough_of(struct bytes data)
{
	enum { HEADER = 64 };
	struct smb_message message;
	if (smb_read_message(data, &message) && message.command != SMB_COMMAND_OTHER)
		return SMB_ENOUGH - FRAME;
	return HEADER;
}

/*
 * False, and nothing taken, if more is to come and not enough is here; false, and the
 * turn is over, if it is no message.
 */
static bool take_frame(struct talk *talk, struct said *said, uint8_t *type,
		       struct bytes *content)
{
	struct bytes data = said->data;
	*type = bytes_u8(&data);
	size_t len = bytes_be24(&data);
	if (!bytes_ok(&data))
		return false;
	if (*type != TYPE_MESSAGE &&
	    (*type < TYPE_REQUEST || *type > TYPE_KEEP_ALIVE)) {
		talk_skip_turn(talk, said->by);
		return false;
	}
	*content = bytes_of(data.at, data.len < len ? data.len : len);
	size_t enough = enough_of(*content), want = len < enough ? len : enough;
	if (content->len < want && !said->ends)
		return false;
	talk_pass(talk, said, FRAME + (uint64_t)len);
	return true;
}

/* The name of who is called (RFC 1001, 14.1): two letters are an octet. */
static void keep_called(struct talk *talk, struct bytes content)
{
	char name[16];
	size_t len = 0;
	bytes_take(&content, 1);
	for (; len < 15; len++) { /* the 16th says what kind of name it is */
		unsigned high = bytes_u8(&content), low = bytes_u8(&content);
		if (!bytes_ok(&content) || high < 'A' || high > 'P' || low < 'A' ||
		    low > 'P')
			return;
		name[len] = (char)((high - 'A') << 4 | (low - 'A'));
	}
	while (len > 0 && name[len - 1] == ' ')
		len--;
	facts_text(talk->facts.name, sizeof(talk->facts.name), bytes_of(name, len));
}

static void tell_login(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	struct smb_state *state = STATE(talk, struct smb_state);
	struct login_seen login = { .user = bytes_of(state->user, state->user_len),
				    .outcome = outcome,
				    .method = state->method,
				    .seen_by = "packets" };
	talk_login(talk, &login, at_us);
	state->is_login = false;
}

/* From here on all is encrypted. */
static void stop_reading(struct talk *talk)
{
	talk->facts.cleartext = 0;
	talk_done(talk);
}

static void read_setup(struct talk *talk, const struct smb_message *message,
		       int64_t at_us)
{
	struct smb_state *state = STATE(talk, struct smb_state);
	struct smb_setup setup;
	smb_read_setup(message, &setup);
	if (setup.software[0] != '\0')
		memcpy(talk->facts.client_software, setup.software,
		       sizeof(setup.software));
	state->login_id = message->id;
	if (setup.method == NULL || !setup.is_login)
		return;
	state->is_login = true;
	state->method = setup.method;
	state->user_len = setup.user_len;
	memcpy(state->user, setup.user, sizeof(state->user));
	if (setup.shows_password && state->wants_passwords) {
		state->method = "password";
		talk_notice(talk, &cleartext_password, at_us,
			    "an SMB login by its password");
	}
}

static void read_client(struct talk *talk, struct said *said)
{
	struct smb_message message;
	struct bytes content;
	uint8_t type;
	while (!talk->done && take_frame(talk, said, &type, &content)) {
		if (type == TYPE_REQUEST)
			keep_called(talk, content);
		if (type != TYPE_MESSAGE || !smb_read_message(content, &message))
			continue;
		if (message.kind == SMB_ENCRYPTED)
			stop_reading(talk);
		else if (message.command == SMB_SESSION_SETUP)
			read_setup(talk, &message, said->at_us);
	}
}

static void read_negotiated(struct talk *talk, const struct smb_message *message,
			    int64_t at_us)
{
	struct smb_negotiated negotiated;
	struct facts *facts = &talk->facts;
	if (!smb_read_negotiated(message, &negotiated) || negotiated.version[0] == '\0')
		return;
	memcpy(facts->version, negotiated.version, sizeof(facts->version));
	STATE(talk, struct smb_state)->wants_passwords = negotiated.wants_passwords;
	if (message->kind == SMB_1)
		talk_notice(talk, &smb1, at_us, "SMB 1 was agreed on");
	if (!negotiated.requires_signing)
		talk_notice(talk, &unsigned_messages, at_us,
			    "%s without signatures required", facts->version);
}

static void read_admission(struct talk *talk, const struct smb_message *message,
			   int64_t at_us)
{
	struct smb_state *state = STATE(talk, struct smb_state);
	struct smb_admission admission;
	smb_read_admission(message, &admission);
	if (admission.software[0] != '\0')
		memcpy(talk->facts.software, admission.software,
		       sizeof(admission.software));
	if (smb_goes_on(message->status) || message->id != state->login_id)
		return;
	/* A guest is let in whatever the password. */
	bool is_in = message->status == SMB_SUCCESS;
	if (state->is_login)
		tell_login(talk,
			   smb_is_denial(message->status) ? OUTCOME_FAILURE
			   : is_in && !admission.is_guest ? OUTCOME_SUCCESS
							  : OUTCOME_UNKNOWN,
			   at_us);
	if (is_in && admission.encrypts)
		stop_reading(talk);
}

static void read_server(struct talk *talk, struct said *said)
{
	struct smb_message message;
	struct bytes content;
	uint8_t type;
	while (!talk->done && take_frame(talk, said, &type, &content)) {
		if (type != TYPE_MESSAGE || !smb_read_message(content, &message))
			continue;
		if (message.kind == SMB_ENCRYPTED) {
			stop_reading(talk);
			return;
		}
		if (message.kind == SMB_OTHER || message.is_unasked)
			continue;
		talk_answered(talk, smb_is_fault(message.status), UNKNOWN_U64);
		if (message.command == SMB_NEGOTIATE)
			read_negotiated(talk, &message, said->at_us);
		else if (message.command == SMB_SESSION_SETUP)
			read_admission(talk, &message, said->at_us);
	}
}

static void smb_read(struct talk *talk, struct said *said)
{
	talk->facts.cleartext = 1;
	if (said->by == CLIENT)
		read_client(talk, said);
	else
		read_server(talk, said);
}

static void smb_end(struct talk *talk, int64_t at_us)
{
	if (STATE(talk, struct smb_state)->is_login)
		tell_login(talk, OUTCOME_UNKNOWN, at_us);
}

/* ---- asking ---- */

/*
 * NEGOTIATE (MS-SMB2 2.2.3) of a client that knows every dialect of SMB 2 and 3, and
 * never SMB 1.  For 3.1.1 it says which hash it takes for the greetings (2.2.3.1.1).
 */
static void ask_dialect(struct ask *ask)
{
	enum { GUID = 16, SALT = 32, CONTEXTS_AT = 112, LEN = CONTEXTS_AT + 14 + SALT };
	static const uint8_t head[FRAME + 76] = {
		[3] = LEN, [4] = 0xfe, [5] = 'S', [6] = 'M',
		[7] = 'B', [8] = 64,   [18] = 1, /* a credit is asked for */
		[68] = 36, [70] = 5,             /* dialects */
		[72] = 1,                        /* signatures are possible */
	};
	static const char tail[] = "\x70\0\0\0" /* CONTEXTS_AT */
				   "\x01\0\0\0" /* one */
				   "\x02\x02\x10\x02\0\x03\x02\x03\x11\x03\0\0"
				   "\x01\0\x26\0\0\0\0\0"
				   "\x01\0\x20\0\x01\0"; /* SHA-512 */
	_Static_assert(sizeof(head) + GUID + sizeof(tail) - 1 + SALT == FRAME + LEN,
		       "as long as it says");
	const uint8_t *nonce = ask->question->nonce;
	ask_send(ask, head, sizeof(head));
	ask_send(ask, nonce, GUID);
	ask_send(ask, tail, sizeof(tail) - 1);
	ask_send(ask, nonce, SALT / 2);
	ask_send(ask, nonce, SALT / 2);
}

/* MS-ERREF 2.3.1 */
static void judge_status(struct ask *ask, uint32_t status)
{
	enum reason reason = REASON_error;
	switch (status) {
	case 0xc000009a: /* STATUS_INSUFFICIENT_RESOURCES */
	case 0xc0000205: /* STATUS_INSUFF_SERVER_RESOURCES */
	case 0xc00000ce: /* STATUS_TOO_MANY_SESSIONS */
	case 0xc00000d0: /* STATUS_REQUEST_NOT_ACCEPTED */
		reason = REASON_overloaded;
		break;
	case 0xc0000022: /* STATUS_ACCESS_DENIED */
		reason = REASON_denied;
		break;
	default:
		break;
	}
	ask_unwell(ask, reason, ASK_CLOSE, "the server answers with status 0x%08x",
		   status);
}

static void judge_message(struct ask *ask, struct bytes content)
{
	struct smb_message message;
	struct smb_negotiated negotiated;
	if (!smb_read_message(content, &message) || message.kind != SMB_2 ||
	    message.command != SMB_NEGOTIATE)
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "the answer is no NEGOTIATE of SMB 2");
	else if (message.status != SMB_SUCCESS)
		judge_status(ask, message.status);
	else if (smb_read_negotiated(&message, &negotiated) &&
		 negotiated.version[0] != '\0')
		ask_well(ask, ASK_CLOSE);
	else
		ask_unwell(ask, REASON_wrong_answer, ASK_CLOSE,
			   "the server agrees on no dialect");
}

/* RFC 1002 4.3.4: how Samba turns away a host, too. */
static void judge_refusal(struct ask *ask, struct bytes content)
{
	enum { NOT_FOR_THIS_CALLER = 0x81, NO_RESOURCES = 0x83 };
	unsigned why = bytes_u8(&content);
	ask_unwell(ask,
		   why == NOT_FOR_THIS_CALLER ? REASON_denied
		   : why == NO_RESOURCES      ? REASON_overloaded
					      : REASON_error,
		   ASK_CLOSE, "the server refuses the session (error 0x%02x)", why);
}

static void hear_answer(struct ask *ask, struct bytes said)
{
	struct bytes data = said;
	uint8_t type = bytes_u8(&data);
	size_t len = bytes_be24(&data);
	struct bytes content = bytes_take(&data, len);
	if (type != TYPE_REFUSAL && message_verdict(said) == VERDICT_NO)
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "the answer is no message of SMB");
	else if (bytes_ok(&data) && type == TYPE_REFUSAL)
		judge_refusal(ask, content);
	else if (bytes_ok(&data))
		judge_message(ask, content);
}

static void smb_step(struct ask *ask, struct bytes *said)
{
	bool *is_asked = ASK_STATE(ask, bool);
	if (!*is_asked)
		ask_dialect(ask);
	else
		hear_answer(ask, *said);
	*is_asked = true;
}

static const struct asking smb_asking = {
	.transport = IPPROTO_TCP,
	.port = 445,
	.is_harmless = true,
	.step = smb_step,
};

const struct protocol protocol_smb = {
	.name = "smb",
	.doc = "Server Message Block 1, 2 and 3",
	.transports = { IPPROTO_TCP },
	.ports = { 445, 139 },
	.turn_max = SMB_ENOUGH,
	.state_size = sizeof(struct smb_state),
	.recognise = smb_recognise,
	.read = smb_read,
	.end = smb_end,
	.asking = &smb_asking,
};
_Static_assert(sizeof(struct smb_state) <= TALK_STATE_MAX, "state fits");
