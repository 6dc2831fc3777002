/*
 * rdp.c: Remote Desktop Protocol, MS-RDPBCGR.
 *
 * Client and server first agree on who encrypts: RDP itself, as of old, TLS, or TLS
 * with the login before the session (CredSSP, "Network Level Authentication").  Behind
 * TLS nothing can be read; but how often the client speaks tells how a login ended:
 *
 *   client: NTLM's or Kerberos' first token    server: a token (challenge)
 *   client: last token                         server: its proof, or it closes
 *   client: password                           server: the session begins
 *
 * So who speaks a third time was let in, and who was left after the second was not. Who
 * leaves after the first only looked.  A long first token is a ticket of Kerberos,
 * behind which NTLM may have to follow: that needs two messages more to be sure.  With
 * TLS alone the login is a picture: that there was one can be seen, not how it ended.
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/rdp_pdu.h"
#include "protocol/tls.h"

enum stage {
	STAGE_NEGOTIATION,
	STAGE_CLASSIC, /* RDP's own security was chosen */
	STAGE_TLS,     /* handshake */
	STAGE_LOGIN,   /* CredSSP, inside TLS */
};

struct rdp_state {
	uint8_t stage;
	uint8_t messages; /* of the client in STAGE_LOGIN */
	bool is_told : 1, has_request : 1;
	bool client_spoke : 1; /* last, in STAGE_LOGIN */
	bool may_finish : 1;   /* the client's Finished of TLS 1.3 may yet come */
	bool has_ticket : 1;   /* the first token was one of Kerberos */
	uint32_t security, failure, client_build;
	union {
		struct {
			char cookie[64], client_name[32];
		};
		struct tls_state tls; /* from STAGE_TLS on */
	};
};

static const struct talk_notice classic = {
	.kind = "weak_protocol",
	.technique = "classic_rdp_security",
	.severity = "medium",
	.mitre = "T1557",
	.why = "the server proves nothing and RC4 hides little: who is between can "
	       "read it (MS-RDPBCGR 5.3)",
};

/* ---- recognising ---- */

/*
 * TPKT and X.224 carry other protocols, too: a cookie or a negotiation tells RDP, and
 * where neither is, the port.
 */
static enum verdict connection_tpdu(struct bytes said, bool usual_port)
{
	static const uint8_t tpkt[] = { 3, 0, 0 };
	enum { LENGTH_MAX = 0xff, CODE_AT = 5 };
	struct bytes content;
	struct rdp_request request;
	struct rdp_confirm confirm;
	for (size_t i = 0; i < sizeof(tpkt) && i < said.len; i++)
		if (said.at[i] != tpkt[i])
			return VERDICT_NO;
	if (said.len > CODE_AT && said.at[CODE_AT] != 0xe0 && said.at[CODE_AT] != 0xd0)
		return VERDICT_NO;
	/* The length of the TPDU is all but five octets. */
	if (said.len > CODE_AT && said.at[4] + 5 != said.at[3])
		return VERDICT_NO;
	if (!tpkt_take(&said, &content))
		return said.bad ? VERDICT_NO : VERDICT_MORE;
	if (rdp_request_parse(content, &request))
		return request.asks || request.user.len > 0 || request.token.len > 0 ||
				       usual_port
			       ? VERDICT_YES
			       : VERDICT_MORE;
	if (rdp_confirm_parse(content, &confirm))
		return confirm.answers || usual_port ? VERDICT_YES : VERDICT_MORE;
	return VERDICT_NO;
}

static enum verdict rdp_recognise(const struct opening *opening)
{
	bool usual_port = opening->port[SERVER] == 3389;
	enum verdict client = connection_tpdu(opening->said[CLIENT], usual_port);
	enum verdict server = connection_tpdu(opening->said[SERVER], usual_port);
	if (client == VERDICT_YES || server == VERDICT_YES)
		return VERDICT_YES;
	return client == VERDICT_NO || server == VERDICT_NO ? VERDICT_NO : VERDICT_MORE;
}

/* ---- what is told ---- */

static void tell(struct talk *talk, struct rdp_state *state, bool is_agreed,
		 int64_t at_us)
{
	struct rdp_record record;
	if (state->is_told)
		return;
	state->is_told = true;
	record_init(RECORD_rdp, &record);
	record_text(record.cookie, sizeof(record.cookie), state->cookie);
	record_text(record.client_name, sizeof(record.client_name), state->client_name);
	if (is_agreed)
		record.security = rdp_security_name(state->security);
	if (state->failure != 0)
		record.error = state->failure;
	if (state->client_build != 0)
		record.client_build = state->client_build;
	talk_record(talk, RECORD_rdp, &record, at_us);
}

static void tell_login(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	/* Copied: telling writes the fact. */
	char user[sizeof(talk->facts.user)];
	memcpy(user, talk->facts.user, sizeof(user));
	struct login_seen login = { .user = bytes_of(user, strlen(user)),
				    .outcome = outcome,
				    .method = "shape",
				    .seen_by = "size" };
	talk_login(talk, &login, at_us);
	talk_done(talk);
}

/* ---- negotiation ---- */

static void read_request(struct talk *talk, struct rdp_state *state,
			 struct bytes content)
{
	struct rdp_request request;
	if (!rdp_request_parse(content, &request))
		return;
	bool is_user = request.user.len > 0;
	state->has_request = true;
	facts_text(state->cookie, sizeof(state->cookie),
		   is_user ? request.user : request.token);
	if (is_user)
		facts_text(talk->facts.user, sizeof(talk->facts.user), request.user);
}

static void begin_tls(struct talk *talk, struct rdp_state *state, int64_t at_us)
{
	tell(talk, state, true, at_us);
	memset(&state->tls, 0, sizeof(state->tls));
	state->stage = STAGE_TLS;
}

static void read_confirm(struct talk *talk, struct rdp_state *state,
			 struct bytes content, int64_t at_us)
{
	struct rdp_confirm confirm;
	if (!rdp_confirm_parse(content, &confirm))
		return;
	state->security = confirm.security;
	state->failure = confirm.failure;
	if (confirm.failure != 0) {
		tell(talk, state, false, at_us);
		talk_done(talk);
	} else if (confirm.security == RDP_CLASSIC) {
		state->stage = STAGE_CLASSIC;
	} else {
		begin_tls(talk, state, at_us);
	}
}

/* UTF-16 with ASCII in it; ends with a NUL. */
static void put_wide_text(char *field, size_t size, struct bytes wide)
{
	char text[16];
	size_t len = 0;
	while (wide.len >= 2 && len < sizeof(text)) {
		uint16_t c = bytes_le16(&wide);
		if (c == 0)
			break;
		text[len++] = c < 0x80 ? (char)c : '.';
	}
	facts_text(field, size, bytes_of(text, len));
}

static void read_classic(struct talk *talk, struct rdp_state *state,
			 struct bytes content, const struct said *said)
{
	struct rdp_client client;
	uint32_t method;
	if (said->by == CLIENT && rdp_client_parse(content, &client)) {
		state->client_build = client.build;
		put_wide_text(state->client_name, sizeof(state->client_name),
			      client.name);
	} else if (said->by == SERVER && rdp_server_parse(content, &method)) {
		talk->facts.cleartext = method == 0;
		talk_notice(talk, &classic, said->at_us,
			    method == 0 ? "RDP without encryption"
					: "RDP with its own security");
		tell(talk, state, true, said->at_us);
		talk_done(talk);
	}
}

/* ---- inside TLS ---- */

/*
 * TLS 1.3 has the look of data for all: what is no message is known by its length,
 * which is that of the content, a type and the tag.
 */
static bool is_message(struct rdp_state *state, size_t len)
{
	enum { AROUND = 1 + 16, ALERT = 2 + AROUND };
	enum { FINISHED_SHA256 = 4 + 32 + AROUND, FINISHED_SHA384 = 4 + 48 + AROUND };
	bool may_finish = state->may_finish;
	if (state->tls.handshake.version != TLS_1_3)
		return true;
	state->may_finish = false;
	return len != ALERT &&
	       !(may_finish && (len == FINISHED_SHA256 || len == FINISHED_SHA384));
}

static void note_message(struct talk *talk, struct rdp_state *state, size_t len,
			 int64_t at_us)
{
	/* NTLM's first token has about 100 octets, a ticket 1000 and more. */
	enum { LET_IN = 3, LET_IN_AFTER_TICKET = 5, NTLM_MAX = 400 };
	/* Without CredSSP: the first long message but one has user and password. */
	enum { INFO_MIN = 150 };
	state->client_spoke = true;
	if (++state->messages == 1)
		state->has_ticket = len > NTLM_MAX;
	else if (state->security == RDP_TLS && len >= INFO_MIN)
		tell_login(talk, OUTCOME_UNKNOWN, at_us);
	if (state->security != RDP_TLS &&
	    state->messages == (state->has_ticket ? LET_IN_AFTER_TICKET : LET_IN))
		tell_login(talk, OUTCOME_SUCCESS, at_us);
}

static void note_record(struct talk *talk, struct rdp_state *state,
			const struct tls_side *side, const struct said *said)
{
	if (side->type != RECORD_DATA)
		return;
	if (said->by == SERVER)
		state->client_spoke = false;
	else if (is_message(state, side->record_left) && !state->client_spoke)
		note_message(talk, state, side->record_left, said->at_us);
}

/* A record is noted once, when its header was read. */
static void read_login(struct talk *talk, struct rdp_state *state, struct said *said)
{
	struct tls_side *side = &state->tls.side[said->by];
	if (said->after_gap)
		side->is_lost = true;
	while (!talk->done && !side->is_lost && said->data.len > 0 &&
	       tls_next_record(side, &said->data)) {
		note_record(talk, state, side, said);
		tls_skip_record(talk, side, said);
	}
	if (side->is_lost)
		talk_done(talk);
}

static void read_tls(struct talk *talk, struct rdp_state *state, struct said *said)
{
	struct tls_side *side = &state->tls.side[said->by];
	uint32_t telling = RDP_TLS | RDP_CREDSSP | RDP_CREDSSP_EX;
	if (tls_read(talk, &state->tls, said))
		return;
	if ((state->security & telling) == 0 || side->is_lost ||
	    state->tls.handshake.alert != 0) {
		talk_done(talk);
		return;
	}
	state->stage = STAGE_LOGIN;
	state->may_finish = true;
	if (side->record_left > 0) {
		note_record(talk, state, side, said);
		tls_skip_record(talk, side, said);
	}
	read_login(talk, state, said);
}

/* ---- */

static void read_clear(struct talk *talk, struct rdp_state *state, struct said *said)
{
	struct bytes content;
	while (!talk->done && state->stage < STAGE_TLS &&
	       tpkt_take(&said->data, &content)) {
		if (state->stage == STAGE_CLASSIC)
			read_classic(talk, state, content, said);
		else if (said->by == CLIENT)
			read_request(talk, state, content);
		else
			read_confirm(talk, state, content, said->at_us);
	}
	if (said->data.bad)
		talk_done(talk);
}

static void rdp_read(struct talk *talk, struct said *said)
{
	struct rdp_state *state = STATE(talk, struct rdp_state);
	if (state->stage < STAGE_TLS)
		read_clear(talk, state, said);
	if (state->stage == STAGE_TLS && !talk->done && said->data.len > 0)
		read_tls(talk, state, said);
	else if (state->stage == STAGE_LOGIN && !talk->done)
		read_login(talk, state, said);
}

static void rdp_end(struct talk *talk, int64_t at_us)
{
	enum { TRIED = 2 };
	struct rdp_state *state = STATE(talk, struct rdp_state);
	if (state->stage < STAGE_TLS && (state->has_request || state->failure != 0))
		tell(talk, state, state->stage == STAGE_CLASSIC, at_us);
	if (state->stage == STAGE_TLS)
		handshake_tell(talk, &state->tls.handshake, at_us);
	if (state->stage == STAGE_LOGIN && !talk->done && state->messages >= TRIED &&
	    state->security != RDP_TLS)
		tell_login(talk, state->has_ticket ? OUTCOME_UNKNOWN : OUTCOME_FAILURE,
			   at_us);
}

/*
 * ---- asking ----
 *
 * Once it is agreed who encrypts, we go.  There is no way to go that xrdp does not log
 * as errors, as it does of a bare connection; the shorter the way, the fewer.
 */

/* MS-RDPBCGR 2.2.1.2.2 */
enum {
	FAILURE_TLS_NOT_ALLOWED = 2,
	FAILURE_NO_CERTIFICATE = 3,
};

static void ask_security(struct ask *ask)
{
	static const char request[] = "\x03\0\0\x13"            /* TPKT */
				      "\x0e\xe0\0\0\0\0\0"      /* X.224 */
				      "\x01\0\x08\0\x03\0\0\0"; /* TLS, CredSSP */
	ask_send(ask, request, sizeof(request) - 1);
}

/* No TLS, which we asked for, is nothing bad unless the user wants it, too. */
static void judge_classic(struct ask *ask)
{
	if (ask->question->wants_tls)
		ask_unwell(ask, REASON_tls_missing, ASK_CLOSE,
			   "the server speaks only RDP's own security");
	else
		ask_well(ask, ASK_CLOSE);
}

static void judge_confirm(struct ask *ask, const struct rdp_confirm *confirm)
{
	if (confirm->failure == FAILURE_TLS_NOT_ALLOWED ||
	    (confirm->failure == 0 && confirm->security == RDP_CLASSIC))
		judge_classic(ask);
	else if (confirm->failure == FAILURE_NO_CERTIFICATE)
		ask_unwell(ask, REASON_error, ASK_CLOSE,
			   "the server says that it has no certificate");
	else if (confirm->failure != 0)
		ask_unwell(ask, REASON_denied, ASK_CLOSE,
			   "the server refuses to negotiate (failure code %u)",
			   confirm->failure);
	else if (ask->question->wants_tls)
		ask->next = ASK_START_TLS;
	else
		ask_well(ask, ASK_CLOSE);
}

static void rdp_step(struct ask *ask, struct bytes *said)
{
	struct bytes content, data = *said;
	struct rdp_confirm confirm;
	bool *is_asked = ASK_STATE(ask, bool);
	if (!*is_asked)
		ask_security(ask);
	else if (ask->in_tls && ask->question->wants_tls)
		ask_well(ask, ASK_CLOSE);
	else if (tpkt_take(&data, &content) && rdp_confirm_parse(content, &confirm))
		judge_confirm(ask, &confirm);
	else if (data.bad || content.len > 0)
		ask_unwell(ask, REASON_wrong_protocol, ASK_CLOSE,
			   "the answer is no connection confirm of X.224");
	*is_asked = true;
}

static const struct asking rdp_asking = {
	.transport = IPPROTO_TCP,
	.port = 3389,
	.has_starttls = true,
	.is_harmless = true,
	.step = rdp_step,
};

const struct protocol protocol_rdp = {
	.name = "rdp",
	.doc = "Remote Desktop Protocol (MS-RDPBCGR)",
	.transports = { IPPROTO_TCP },
	.ports = { 3389 },
	.turn_max = TURN_MAX,
	.state_size = sizeof(struct rdp_state),
	.recognise = rdp_recognise,
	.read = rdp_read,
	.end = rdp_end,
	.asking = &rdp_asking,
};
_Static_assert(sizeof(struct rdp_state) <= TALK_STATE_MAX, "fits into a talk");
