/*
 * smtp.c: Simple Mail Transfer Protocol, RFC 5321, and its local sister LMTP (RFC
 * 2033).
 *
 * The server greets, the client commands, each command has a reply of three digits.
 * Commands may be sent ahead (RFC 2920), so they queue for their replies.  After DATA
 * comes the mail, which is looked through for its end and not kept.
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/dots.h"
#include "protocol/greeting.h"
#include "protocol/replies.h"
#include "protocol/said_line.h"
#include "protocol/sasl.h"
#include "protocol/smtp_ask.h"
#include "protocol/starttls.h"

extern const struct protocol protocol_smtp;

enum command {
	COMMAND_NONE,
	COMMAND_GREETING, /* what the server says first, unasked */
	COMMAND_HELLO,
	COMMAND_MAIL,
	COMMAND_RCPT,
	COMMAND_DATA,
	COMMAND_MESSAGE, /* what came after DATA */
	COMMAND_BDAT,
	COMMAND_BDAT_LAST,
	COMMAND_AUTH,
	COMMAND_STARTTLS,
	COMMAND_RESET,
	COMMAND_QUIT,
	COMMAND_OTHER,
};

struct smtp_state {
	struct said_lines lines;
	struct waiting waiting;
	struct dots dots;
	struct sasl sasl;
	bool has_greeted; /* the server, or it is too late to wait for it */
	bool is_early;    /* the client said something before */
	bool is_lmtp;
	bool in_message;   /* the client is after DATA */
	bool is_sent;      /* the mail, but not yet answered */
	bool has_mail;     /* a transaction is open (RFC 5321 3.3) */
	bool is_overtaken; /* the next mail began before the reply to the last one */
	bool has_recorded; /* a mail, or that there was none */
	uint16_t code;     /* of the last reply */
	uint32_t recipients;
	char helo[56], mail_from[104], rcpt_to[104], reply[80];
};
_Static_assert(sizeof(struct smtp_state) <= TALK_STATE_MAX, "fits a talk");

static const struct talk_notice cleartext_login = {
	.kind = "cleartext_login",
	.technique = "smtp_auth",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "without TLS, anyone on the path reads the password (RFC 4954 4)",
};
static const struct talk_notice early_talker = {
	.kind = "protocol_anomaly",
	.technique = "smtp_early_talker",
	.severity = "low",
	.about = ABOUT_CLIENT,
	.why = "software that sends spam does not wait for the greeting (RFC 5321 "
	       "4.3.1)",
};
static const struct talk_notice long_line = {
	.kind = "protocol_anomaly",
	.technique = "smtp_long_line",
	.severity = "low",
	.about = ABOUT_CLIENT,
	.why = "commands have 512 octets at most, overlong ones try to overflow "
	       "servers "
	       "(RFC 5321 4.5.3.1.4)",
};
static const struct talk_notice smuggling = {
	.kind = "protocol_anomaly",
	.technique = "smtp_smuggling",
	.severity = "high",
	.mitre = "T1566",
	.about = ABOUT_CLIENT,
	.why = "a server that takes it for the end of the mail accepts a forged one "
	       "behind it (CVE-2023-51764, RFC 5321 4.1.1.4)",
};

/* ---- recognising ---- */

/* Commands with which a client begins. */
static enum verdict first_command(struct bytes said)
{
	static const char *const hellos[] = { "ehlo ", "helo ", "lhlo " };
	struct bytes line = said;
	enum verdict verdict = VERDICT_NO;
	if (line_take(&said, &line) && line.len == 0)
		return VERDICT_NO;
	for (unsigned i = 0; i < 3; i++) {
		size_t len = line.len < 5 ? line.len : 5;
		bool fits = true;
		for (size_t k = 0; k < len && fits; k++)
			fits = line_lower(line.at[k]) == (uint8_t)hellos[i][k];
		if (fits)
			verdict = len < 5 ? VERDICT_MORE : VERDICT_YES;
	}
	return verdict;
}

/* A greeting; NO if there can't be one. */
static enum verdict greeting(struct bytes said)
{
	static const char *const codes[] = { "220", "554", "421" };
	enum verdict verdict = VERDICT_NO;
	struct bytes line;
	struct reply reply;
	for (unsigned i = 0; i < 3; i++)
		if (line_compare(said, codes[i]) != VERDICT_NO)
			verdict = VERDICT_MORE;
	while (verdict == VERDICT_MORE && line_take(&said, &line)) {
		if (!reply_read(line, &reply))
			return VERDICT_NO;
		if (greeting_is_mail(reply.text))
			return VERDICT_YES;
	}
	return verdict;
}

static bool is_mail_port(uint16_t port)
{
	return port == 25 || port == 587 || port == 2525;
}

/* On a port for mail, a greeting will do that any server of replies might give. */
static bool is_likely(struct bytes client, struct bytes server, uint16_t port)
{
	static const char *const others[] = { "user ", "auth ", "feat", "syst",
					      "pass " };
	struct bytes line;
	if (!is_mail_port(port) || !line_take(&server, &line))
		return false;
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (line_starts_nocase(client, others[i]))
			return false;
	return memmem(line.at, line.len, "FTP", 3) == NULL;
}

static enum verdict smtp_recognise(const struct opening *opening)
{
	struct bytes client = opening->said[CLIENT], server = opening->said[SERVER];
	enum verdict greets = server.len > 0 ? greeting(server) : VERDICT_MORE;
	enum verdict commands = client.len > 0 ? first_command(client) : VERDICT_MORE;
	if (greets == VERDICT_NO)
		return VERDICT_NO;
	if (commands == VERDICT_YES || greets == VERDICT_YES ||
	    is_likely(client, server, opening->port[SERVER]))
		return VERDICT_YES;
	return commands;
}

/* ---- what is told ---- */

static void tell_mail(struct talk *talk, int64_t at_us)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	struct smtp_record record;
	record_init(RECORD_smtp, &record);
	record_text(record.helo, sizeof(record.helo), state->helo);
	record_text(record.mail_from, sizeof(record.mail_from), state->mail_from);
	record_text(record.rcpt_to, sizeof(record.rcpt_to), state->rcpt_to);
	if (state->has_mail)
		record.recipients = state->recipients;
	if (state->code != 0)
		record.code = state->code;
	record_text(record.reply, sizeof(record.reply), state->reply);
	talk_record(talk, RECORD_smtp, &record, at_us);
	state->has_recorded = true;
}

static void forget_mail(struct smtp_state *state)
{
	state->has_mail = state->is_sent = false;
	state->recipients = 0;
	state->mail_from[0] = state->rcpt_to[0] = '\0';
}

/* A transaction ends, handed over or not. */
static void end_mail(struct talk *talk, int64_t at_us)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	if (state->has_mail)
		tell_mail(talk, at_us);
	forget_mail(state);
}

static void forget_reply(struct smtp_state *state)
{
	state->code = 0;
	state->reply[0] = '\0';
}

/* Whose mail follows another at once is not told how that one ended. */
static void begin_mail(struct talk *talk, int64_t at_us)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	state->is_overtaken = state->has_mail && state->is_sent;
	if (state->is_overtaken)
		forget_reply(state);
	end_mail(talk, at_us);
	state->has_mail = true;
}

static void tell_login(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	const char *method = sasl_method(&state->sasl);
	struct login_seen login = {
		.user = sasl_user(&state->sasl),
		.outcome = outcome,
		.method = method,
		.seen_by = "packets",
	};
	talk_login(talk, &login, at_us);
	if (outcome != OUTCOME_UNKNOWN && sasl_is_readable(&state->sasl))
		talk_notice(talk, &cleartext_login, at_us, "SMTP AUTH %s of %s", method,
			    state->sasl.user[0] != '\0' ? state->sasl.user : "a user");
}

/* ---- the client ---- */

/* "MAIL FROM:<a@b> SIZE=1": what is in the brackets, or the word behind the colon. */
static struct bytes address_in(struct bytes line)
{
	const uint8_t *colon = line.len > 0 ? memchr(line.at, ':', line.len) : NULL;
	if (colon == NULL)
		return (struct bytes){ 0 };
	bytes_take(&line, (size_t)(colon - line.at) + 1);
	line = line_trim(line);
	if (line.len == 0 || line.at[0] != '<')
		return line_word(&line);
	bytes_take(&line, 1);
	const uint8_t *end = line.len > 0 ? memchr(line.at, '>', line.len) : NULL;
	return end != NULL ? bytes_take(&line, (size_t)(end - line.at)) : line;
}

static enum command command_of(struct bytes line)
{
	static const struct {
		const char *word;
		enum command command;
	} words[] = {
		{ "ehlo", COMMAND_HELLO },        { "helo", COMMAND_HELLO },
		{ "lhlo", COMMAND_HELLO },        { "mail", COMMAND_MAIL },
		{ "rcpt", COMMAND_RCPT },         { "data", COMMAND_DATA },
		{ "bdat", COMMAND_BDAT },         { "auth", COMMAND_AUTH },
		{ "starttls", COMMAND_STARTTLS }, { "rset", COMMAND_RESET },
		{ "quit", COMMAND_QUIT },
	};
	struct bytes word = line_word(&line);
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (line_is_nocase(word, words[i].word))
			return words[i].command;
	return COMMAND_OTHER;
}

/* "BDAT 1000 LAST" (RFC 3030): the octets follow, unasked. */
static enum command read_chunk(struct talk *talk, struct said *said, struct bytes line)
{
	uint64_t len = 0;
	struct bytes size = line_word(&line);
	for (size_t i = 0; i < size.len && i < 12; i++)
		if (size.at[i] >= '0' && size.at[i] <= '9')
			len = len * 10 + (uint64_t)(size.at[i] - '0');
	talk_pass(talk, said, len);
	bool is_last = line_is_nocase(line_word(&line), "last");
	STATE(talk, struct smtp_state)->is_sent = is_last;
	return is_last ? COMMAND_BDAT_LAST : COMMAND_BDAT;
}

static void command_said(struct talk *talk, struct said *said, struct bytes line)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	enum command command = command_of(line);
	struct bytes rest = line;
	line_word(&rest);
	switch (command) {
	case COMMAND_HELLO:
		facts_text(state->helo, sizeof(state->helo), line_trim(rest));
		state->is_lmtp = line_lower(line.at[0]) == 'l';
		break;
	case COMMAND_MAIL:
		begin_mail(talk, said->at_us);
		facts_text(state->mail_from, sizeof(state->mail_from),
			   address_in(line));
		break;
	case COMMAND_RCPT:
		if (state->rcpt_to[0] == '\0')
			facts_text(state->rcpt_to, sizeof(state->rcpt_to),
				   address_in(line));
		break;
	case COMMAND_DATA:
		state->in_message = true;
		dots_begin(&state->dots);
		break;
	case COMMAND_BDAT:
		command = read_chunk(talk, said, rest);
		break;
	case COMMAND_AUTH:
		sasl_begin(&state->sasl, line_word(&rest));
		rest = line_word(&rest);
		if (rest.len > 0)
			sasl_answer(&state->sasl, rest);
		break;
	default:
		break;
	}
	waiting_add(&state->waiting, (uint8_t)command);
}

/* What a client says behind AUTH is no command (RFC 4954 4). */
static void client_line(struct talk *talk, struct said *said, struct bytes line)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	enum command last = (enum command)waiting_last(&state->waiting);
	/* A proxy may tell first whom it speaks for. */
	if (!state->has_greeted && !line_starts(line, "PROXY "))
		state->is_early = true;
	if (last == COMMAND_AUTH) {
		sasl_answer(&state->sasl, line);
		return;
	}
	if (last == COMMAND_STARTTLS)
		starttls_overtaken(talk, line, said->at_us);
	command_said(talk, said, line);
}

static void client_said(struct talk *talk, struct said *said)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	struct bytes line;
	bool was_long = false;
	for (;;) {
		if (state->in_message) {
			bool was_smuggled = state->dots.is_smuggled;
			state->is_sent = dots_take(&state->dots, &said->data);
			state->in_message = !state->is_sent;
			if (state->dots.is_smuggled && !was_smuggled)
				talk_notice(talk, &smuggling, said->at_us,
					    "a dot between bare line ends, and a "
					    "command behind it");
		}
		if (state->in_message ||
		    !said_lines_take(&state->lines, said, &line, &was_long))
			break;
		client_line(talk, said, line);
	}
	/* Proofs of identity may be long. */
	if (was_long && waiting_last(&state->waiting) != COMMAND_AUTH)
		talk_notice(talk, &long_line, said->at_us,
			    "an SMTP command of more than %d octets", SAID_LINE_MAX);
}

/* ---- the server ---- */

static void greeted(struct talk *talk, const struct reply *reply, int64_t at_us)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	greeting_software(talk->facts.software, sizeof(talk->facts.software),
			  reply->text);
	if (state->is_early && reply->code == 220)
		talk_notice(talk, &early_talker, at_us,
			    "commands before the greeting of the server");
	if (!reply->goes_on)
		state->has_greeted = true;
}

static void auth_answered(struct talk *talk, unsigned code, int64_t at_us)
{
	if (code == 235)
		tell_login(talk, OUTCOME_SUCCESS, at_us);
	else if (code == 535 || code == 534 || code == 432 || code == 550 ||
		 code == 554)
		tell_login(talk, OUTCOME_FAILURE, at_us);
	else if (code == 454)
		tell_login(talk, OUTCOME_UNKNOWN, at_us);
	memset(&STATE(talk, struct smtp_state)->sasl, 0, sizeof(struct sasl));
}

/* Wrong or missing credentials are the client's fault (RFC 4954 6). */
static bool is_server_error(enum command command, unsigned code)
{
	bool is_login = code == 530 || code == 534 || code == 535 || code == 538 ||
			(command == COMMAND_AUTH && code != 454);
	return code >= 400 && !is_login;
}

static void data_answered(struct smtp_state *state, unsigned code)
{
	if (code != 354) {
		state->in_message = false;
		return;
	}
	/* LMTP answers for each recipient (RFC 2033 4.2). */
	uint32_t replies =
		state->is_lmtp && state->recipients < UINT8_MAX ? state->recipients : 1;
	for (uint32_t i = 0; i < replies; i++)
		waiting_add(&state->waiting, COMMAND_MESSAGE);
}

static void command_answered(struct talk *talk, enum command command, unsigned code,
			     int64_t at_us)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	bool is_well = code < 400;
	switch (command) {
	case COMMAND_RCPT:
		state->recipients += is_well;
		break;
	case COMMAND_DATA:
		data_answered(state, code);
		break;
	case COMMAND_MESSAGE:
	case COMMAND_BDAT_LAST:
		state->in_message = false;
		if (!state->is_overtaken &&
		    waiting_next(&state->waiting) != COMMAND_MESSAGE)
			end_mail(talk, at_us);
		state->is_overtaken = false;
		break;
	case COMMAND_AUTH:
		auth_answered(talk, code, at_us);
		break;
	case COMMAND_STARTTLS:
		if (code == 220)
			starttls_begin(talk);
		break;
	default:
		break;
	}
}

static void reply_said(struct talk *talk, const struct reply *reply, int64_t at_us)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	if (!state->has_greeted) {
		greeted(talk, reply, at_us);
		if (reply->code == 220)
			return;
	}
	if (reply->goes_on)
		return;
	enum command command = (enum command)waiting_next(&state->waiting);
	if (command == COMMAND_AUTH && reply->code == 334)
		return; /* a challenge */
	waiting_take(&state->waiting);
	if (command == COMMAND_RESET || command == COMMAND_QUIT)
		end_mail(talk, at_us); /* with the reply before */
	state->code = (uint16_t)reply->code;
	facts_text(state->reply, sizeof(state->reply), reply->text);
	talk_answered(talk, is_server_error(command, reply->code), UNKNOWN_U64);
	command_answered(talk, command, reply->code, at_us);
}

static void server_said(struct talk *talk, struct said *said)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	struct bytes line;
	struct reply reply;
	/* What follows the reply to STARTTLS is another's. */
	while (talk->protocol == &protocol_smtp &&
	       said_lines_take(&state->lines, said, &line, NULL))
		if (reply_read(line, &reply))
			reply_said(talk, &reply, said->at_us);
}

/* Which commands wait, and in what, is no longer known. */
static void resume(struct smtp_state *state, unsigned by)
{
	waiting_clear(&state->waiting);
	state->lines.is_long[by] = false;
	state->in_message = false;
	state->has_greeted = true;
	memset(&state->sasl, 0, sizeof(state->sasl));
}

static void smtp_read(struct talk *talk, struct said *said)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	talk->facts.cleartext = 1;
	if (said->after_gap)
		resume(state, said->by);
	if (said->by == CLIENT)
		client_said(talk, said);
	else
		server_said(talk, said);
}

static void smtp_end(struct talk *talk, int64_t at_us)
{
	struct smtp_state *state = STATE(talk, struct smtp_state);
	end_mail(talk, at_us);
	if (!state->has_recorded)
		tell_mail(talk, at_us);
}

const struct protocol protocol_smtp = {
	.name = "smtp",
	.doc = "Simple Mail Transfer Protocol (RFC 5321), LMTP",
	.transports = { IPPROTO_TCP },
	.ports = { 25, 587, 2525, 24 },
	.turn_max = SAID_LINE_MAX,
	.state_size = sizeof(struct smtp_state),
	.recognise = smtp_recognise,
	.read = smtp_read,
	.end = smtp_end,
	.asking = &smtp_asking,
};
