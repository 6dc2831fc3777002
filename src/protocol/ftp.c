/*
 * ftp.c: File Transfer Protocol, the control connection, RFC 959.
 *
 * The server greets, the client commands, each command has a reply of three digits; a
 * reply 1yz is followed by another one.  Files go over connections of their own.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "protocol/ftp_ask.h"
#include "protocol/greeting.h"
#include "protocol/replies.h"
#include "protocol/said_line.h"
#include "protocol/starttls.h"

extern const struct protocol protocol_ftp;

enum command {
	COMMAND_NONE,
	COMMAND_USER,
	COMMAND_PASS,
	COMMAND_ACCT,
	COMMAND_AUTH_TLS,
	COMMAND_PORT,
	COMMAND_EPRT,
	COMMAND_SYST,
	COMMAND_CLNT,
	COMMAND_SECRET, /* others that may hold a secret */
	COMMAND_OTHER,
	COMMAND_UNKNOWN,
};

struct ftp_state {
	struct said_lines lines;
	struct waiting waiting;
	bool has_greeted;
	uint16_t goes_on;    /* code of the reply whose lines go on; 0: none */
	uint8_t asked, told; /* commands so far, and replies */
	uint8_t kept;        /* the command whose text is kept, as asked counts */
	char user[USER_MAX];
	char command[8], argument[160];
	int64_t asked_us;
	uint64_t took_us;
};
_Static_assert(sizeof(struct ftp_state) <= TALK_STATE_MAX, "fits a talk");

static const struct talk_notice cleartext_login = {
	.kind = "cleartext_login",
	.technique = "ftp_user",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "without TLS, anyone on the path reads the password (RFC 4217 1)",
};
static const struct talk_notice anonymous = {
	.kind = "weak_protocol",
	.technique = "ftp_anonymous",
	.severity = "notice",
	.about = ABOUT_SERVICE,
	.why = "whoever wants to may get what lies there (RFC 1635)",
};
static const struct talk_notice bounce = {
	.kind = "protocol_anomaly",
	.technique = "ftp_bounce",
	.severity = "medium",
	.mitre = "T1090",
	.about = ABOUT_CLIENT,
	.why = "a server that connects there attacks others for its client (RFC 2577 "
	       "3)",
};

/* Commands whose arguments are no secrets. */
static const struct {
	const char *word;
	enum command command;
} words[] = {
	{ "user", COMMAND_USER },   { "pass", COMMAND_PASS },
	{ "acct", COMMAND_ACCT },   { "port", COMMAND_PORT },
	{ "eprt", COMMAND_EPRT },   { "syst", COMMAND_SYST },
	{ "clnt", COMMAND_CLNT },   { "adat", COMMAND_SECRET },
	{ "site", COMMAND_SECRET }, { "mic", COMMAND_SECRET },
	{ "conf", COMMAND_SECRET }, { "enc", COMMAND_SECRET },
	{ "auth", COMMAND_OTHER },  { "retr", COMMAND_OTHER },
	{ "stor", COMMAND_OTHER },  { "stou", COMMAND_OTHER },
	{ "appe", COMMAND_OTHER },  { "dele", COMMAND_OTHER },
	{ "rnfr", COMMAND_OTHER },  { "rnto", COMMAND_OTHER },
	{ "cwd", COMMAND_OTHER },   { "cdup", COMMAND_OTHER },
	{ "mkd", COMMAND_OTHER },   { "rmd", COMMAND_OTHER },
	{ "xcwd", COMMAND_OTHER },  { "xmkd", COMMAND_OTHER },
	{ "xrmd", COMMAND_OTHER },  { "pwd", COMMAND_OTHER },
	{ "xpwd", COMMAND_OTHER },  { "list", COMMAND_OTHER },
	{ "nlst", COMMAND_OTHER },  { "mlsd", COMMAND_OTHER },
	{ "mlst", COMMAND_OTHER },  { "size", COMMAND_OTHER },
	{ "mdtm", COMMAND_OTHER },  { "mfmt", COMMAND_OTHER },
	{ "pasv", COMMAND_OTHER },  { "epsv", COMMAND_OTHER },
	{ "type", COMMAND_OTHER },  { "mode", COMMAND_OTHER },
	{ "stru", COMMAND_OTHER },  { "rest", COMMAND_OTHER },
	{ "abor", COMMAND_OTHER },  { "allo", COMMAND_OTHER },
	{ "pbsz", COMMAND_OTHER },  { "prot", COMMAND_OTHER },
	{ "ccc", COMMAND_OTHER },   { "opts", COMMAND_OTHER },
	{ "feat", COMMAND_OTHER },  { "help", COMMAND_OTHER },
	{ "stat", COMMAND_OTHER },  { "noop", COMMAND_OTHER },
	{ "quit", COMMAND_OTHER },  { "rein", COMMAND_OTHER },
	{ "host", COMMAND_OTHER },  { "lang", COMMAND_OTHER },
	{ "smnt", COMMAND_OTHER },
};

/* ---- recognising ---- */

/* A command with which a client may begin; and if it is of no other protocol. */
static enum verdict first_command(struct bytes said, bool *is_own)
{
	static const struct {
		const char *word;
		bool is_own;
	} firsts[] = {
		{ "user ", false },  { "auth tls", true }, { "auth ssl", true },
		{ "feat\r", true },  { "syst\r", true },   { "opts ", true },
		{ "host ", false },  { "clnt ", true },    { "quit\r", false },
		{ "noop\r", false }, { "help\r", false },
	};
	enum verdict verdict = VERDICT_NO;
	*is_own = false;
	for (unsigned i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		size_t len = strlen(firsts[i].word);
		size_t have = said.len < len ? said.len : len, k = 0;
		while (k < have && line_lower(said.at[k]) == (uint8_t)firsts[i].word[k])
			k++;
		if (k < have)
			continue;
		if (have < len && verdict == VERDICT_NO)
			verdict = VERDICT_MORE;
		if (have < len)
			continue;
		verdict = VERDICT_YES;
		*is_own = firsts[i].is_own;
	}
	return verdict;
}

/* "FTP" in a word of its own or in a name like vsFTPd, but not in that of a host. */
static bool names_itself(struct bytes text)
{
	while (text.len > 0) {
		struct bytes word = line_word(&text);
		if (memchr(word.at, '.', word.len) != NULL)
			continue;
		for (size_t i = 0; i + 3 <= word.len; i++)
			if (line_starts_nocase(bytes_of(word.at + i, word.len - i),
					       "ftp"))
				return true;
	}
	return false;
}

/* *is_likely: a whole line of a greeting, and not one for mail. */
static enum verdict greeting(struct bytes said, bool *is_likely)
{
	static const char *const codes[] = { "220", "120", "421" };
	enum verdict verdict = VERDICT_NO;
	struct bytes line;
	struct reply reply;
	*is_likely = false;
	for (unsigned i = 0; i < 3; i++)
		if (line_compare(said, codes[i]) != VERDICT_NO)
			verdict = VERDICT_MORE;
	bool is_ours = false;
	while (verdict == VERDICT_MORE && line_take(&said, &line)) {
		/* Lines in between may be anything (RFC 959 4.2). */
		if (!reply_read(line, &reply))
			reply.text = line;
		if (greeting_is_mail(reply.text))
			return VERDICT_NO;
		is_ours |= names_itself(reply.text);
		*is_likely = true;
	}
	return is_ours ? VERDICT_YES : verdict;
}

static enum verdict ftp_recognise(const struct opening *opening)
{
	struct bytes client = opening->said[CLIENT], server = opening->said[SERVER];
	bool is_own = false, is_likely = false;
	enum verdict greets =
		server.len > 0 ? greeting(server, &is_likely) : VERDICT_MORE;
	enum verdict commands =
		client.len > 0 ? first_command(client, &is_own) : VERDICT_MORE;
	if (greets == VERDICT_NO || commands == VERDICT_NO)
		return VERDICT_NO;
	if (greets == VERDICT_YES)
		return VERDICT_YES;
	/* A greeting of no words will do on the usual port, or with a command. */
	bool is_answered = is_likely && commands == VERDICT_YES &&
			   (is_own || line_lower(client.at[0]) == 'u');
	bool is_usual = is_likely && opening->port[SERVER] == 21;
	if (is_answered || is_usual)
		return VERDICT_YES;
	return commands == VERDICT_YES && is_own && server.len == 0 ? VERDICT_YES
								    : VERDICT_MORE;
}

/* ---- what is told ---- */

static bool is_anonymous(const struct ftp_state *state)
{
	return strcasecmp(state->user, "anonymous") == 0 ||
	       strcasecmp(state->user, "ftp") == 0;
}

static void tell_login(struct talk *talk, enum command command, enum outcome outcome,
		       int64_t at_us)
{
	struct ftp_state *state = STATE(talk, struct ftp_state);
	bool had_password = command != COMMAND_USER;
	struct login_seen login = {
		.user = bytes_of(state->user, strlen(state->user)),
		.outcome = outcome,
		.method = had_password ? "password" : NULL,
		.seen_by = "packets",
	};
	talk_login(talk, &login, at_us);
	if (outcome == OUTCOME_SUCCESS && is_anonymous(state))
		talk_notice(talk, &anonymous, at_us, "FTP login of %s", state->user);
	if (outcome != OUTCOME_UNKNOWN && had_password && !is_anonymous(state))
		talk_notice(talk, &cleartext_login, at_us, "FTP login of %s",
			    state->user[0] != '\0' ? state->user : "a user");
}

/* 331 and 332 ask for more; errors of syntax and order refuse nobody. */
static void login_answered(struct talk *talk, enum command command, unsigned code,
			   int64_t at_us)
{
	bool is_well =
		code == 230 || code == 232 || (code == 202 && command != COMMAND_USER);
	bool is_refused = code == 530 || code == 430 || code == 532 ||
			  (code > 504 && command != COMMAND_USER);
	if (is_well)
		tell_login(talk, command, OUTCOME_SUCCESS, at_us);
	else if (is_refused)
		tell_login(talk, command, OUTCOME_FAILURE, at_us);
	else if (code >= 400 && code < 500)
		tell_login(talk, command, OUTCOME_UNKNOWN, at_us);
}

static void tell_reply(struct talk *talk, const struct reply *reply, bool is_asked,
		       int64_t at_us)
{
	struct ftp_state *state = STATE(talk, struct ftp_state);
	struct ftp_record record;
	if (!talk_wants(talk, RECORD_ftp))
		return;
	record_init(RECORD_ftp, &record);
	record.code = reply->code;
	facts_text(record.reply, sizeof(record.reply), reply->text);
	if (is_asked && state->told == state->kept) {
		record_text(record.command, sizeof(record.command), state->command);
		record_text(record.argument, sizeof(record.argument), state->argument);
		record.took_us = state->took_us;
	}
	talk_record(talk, RECORD_ftp, &record, at_us);
}

/* ---- the client ---- */

/* Takes a number; false if there is none, or it is too large. */
static bool number_take(struct bytes *text, unsigned max, unsigned *number)
{
	size_t digits = 0;
	*number = 0;
	while (text->len > 0 && text->at[0] >= '0' && text->at[0] <= '9' &&
	       digits < 6) {
		*number = *number * 10 + (bytes_u8(text) - (unsigned)'0');
		digits++;
	}
	return digits > 0 && *number <= max;
}

/* "192,0,2,1,156,64" (RFC 959 5.2). */
static bool port_read(struct bytes text, struct addr *addr, uint16_t *port)
{
	uint8_t part[6];
	for (unsigned i = 0; i < 6; i++) {
		unsigned number;
		if (!number_take(&text, UINT8_MAX, &number))
			return false;
		part[i] = (uint8_t)number;
		if (i < 5 && (text.len == 0 || bytes_u8(&text) != ','))
			return false;
	}
	*addr = addr_v4(part);
	*port = (uint16_t)(part[4] << 8 | part[5]);
	return true;
}

/* "|1|192.0.2.1|40000|" (RFC 2428 2), with any delimiter. */
static bool eprt_read(struct bytes text, struct addr *addr, uint16_t *port)
{
	char place[ADDR_TEXT_MAX];
	uint8_t bar = bytes_u8(&text);
	unsigned family, number;
	if (!number_take(&text, 2, &family) || bytes_u8(&text) != bar)
		return false;
	const uint8_t *end = text.len > 0 ? memchr(text.at, bar, text.len) : NULL;
	if (end == NULL || (size_t)(end - text.at) >= sizeof(place))
		return false;
	facts_text(place, sizeof(place), bytes_take(&text, (size_t)(end - text.at)));
	bytes_take(&text, 1);
	if (!addr_parse(place, addr) || !number_take(&text, UINT16_MAX, &number))
		return false;
	*port = (uint16_t)number;
	return true;
}

/*
 * Where files are to be sent: to the client itself, on a port of its own choice.  One
 * behind a translator of addresses names the private one that it knows.
 */
static void judge_place(struct talk *talk, enum command command, struct bytes text,
			int64_t at_us)
{
	struct addr addr;
	uint16_t port;
	char place[ADDR_TEXT_MAX];
	bool is_place = command == COMMAND_PORT ? port_read(text, &addr, &port)
						: eprt_read(text, &addr, &port);
	if (!is_place)
		return;
	bool is_foreign =
		!addr_equal(&addr, &talk->addr[CLIENT]) && !addr_is_private(&addr);
	if (!is_foreign && port >= 1024)
		return;
	addr_text(&addr, place);
	talk_notice(talk, &bounce, at_us, "files are to be sent to %s port %u", place,
		    port);
}

static enum command command_of(struct bytes word, struct bytes argument)
{
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!line_is_nocase(word, words[i].word))
			continue;
		bool is_tls = line_is_nocase(word, "auth") &&
			      (line_starts_nocase(argument, "tls") ||
			       line_starts_nocase(argument, "ssl"));
		return is_tls ? COMMAND_AUTH_TLS : words[i].command;
	}
	return COMMAND_UNKNOWN;
}

static bool holds_no_secret(enum command command)
{
	return command != COMMAND_PASS && command != COMMAND_ACCT &&
	       command != COMMAND_SECRET && command != COMMAND_UNKNOWN;
}

/* The text of a command is kept until its reply; of one sent ahead it is not. */
static void keep_text(struct ftp_state *state, enum command command, struct bytes word,
		      struct bytes argument, int64_t at_us)
{
	state->asked++;
	if (state->waiting.runs > 0)
		return;
	state->told = (uint8_t)(state->asked - 1);
	state->kept = state->asked;
	state->asked_us = at_us;
	state->took_us = UNKNOWN_U64;
	state->command[0] = state->argument[0] = '\0';
	if (word.len <= 4) /* a longer one was meant as something else */
		facts_text(state->command, sizeof(state->command), word);
	if (holds_no_secret(command))
		facts_text(state->argument, sizeof(state->argument), argument);
}

static void command_said(struct talk *talk, struct bytes line, int64_t at_us)
{
	struct ftp_state *state = STATE(talk, struct ftp_state);
	struct facts *facts = &talk->facts;
	/* Telnet's signals before ABOR (RFC 959 4.1.3). */
	while (line.len > 0 && line.at[0] >= 0xf0)
		bytes_take(&line, 1);
	struct bytes word = line_word(&line), argument = line_trim(line);
	enum command command = command_of(word, argument);
	if (word.len == 0)
		return;
	keep_text(state, command, word, argument, at_us);
	if (command == COMMAND_USER)
		facts_text(state->user, sizeof(state->user), argument);
	if (command == COMMAND_CLNT)
		facts_text(facts->client_software, sizeof(facts->client_software),
			   argument);
	if (command == COMMAND_PORT || command == COMMAND_EPRT)
		judge_place(talk, command, argument, at_us);
	waiting_add(&state->waiting, (uint8_t)command);
}

static void client_said(struct talk *talk, struct said *said)
{
	struct ftp_state *state = STATE(talk, struct ftp_state);
	struct bytes line;
	while (said_lines_take(&state->lines, said, &line, NULL)) {
		if (waiting_last(&state->waiting) == COMMAND_AUTH_TLS)
			starttls_overtaken(talk, line, said->at_us);
		command_said(talk, line, said->at_us);
	}
}

/* ---- the server ---- */

/* Credentials that are wrong or missing are the client's fault. */
static bool is_server_error(enum command command, unsigned code)
{
	bool is_login = command == COMMAND_USER || command == COMMAND_PASS ||
			command == COMMAND_ACCT || code == 530 || code == 532 ||
			code == 430;
	return code >= 400 && !is_login;
}

static void command_answered(struct talk *talk, enum command command,
			     const struct reply *reply, int64_t at_us)
{
	struct facts *facts = &talk->facts;
	switch (command) {
	case COMMAND_USER:
	case COMMAND_PASS:
	case COMMAND_ACCT:
		login_answered(talk, command, reply->code, at_us);
		break;
	case COMMAND_SYST:
		if (facts->software[0] == '\0')
			greeting_software(facts->software, sizeof(facts->software),
					  reply->text);
		break;
	case COMMAND_AUTH_TLS:
		if (reply->code == 234)
			starttls_begin(talk);
		break;
	default:
		break;
	}
}

static void reply_said(struct talk *talk, const struct reply *reply, int64_t at_us)
{
	struct ftp_state *state = STATE(talk, struct ftp_state);
	enum command command = (enum command)waiting_next(&state->waiting);
	bool is_asked = command != COMMAND_NONE;
	/* The clock may have been set back between the two. */
	if (is_asked && (uint8_t)(state->told + 1) == state->kept &&
	    state->took_us == UNKNOWN_U64 && at_us >= state->asked_us)
		state->took_us = (uint64_t)(at_us - state->asked_us);
	if (reply->code < 200)
		return; /* another one follows */
	waiting_take(&state->waiting);
	state->told += is_asked;
	tell_reply(talk, reply, is_asked, at_us);
	if (is_asked || reply->code >= 400)
		talk_answered(talk, is_server_error(command, reply->code), UNKNOWN_U64);
	command_answered(talk, command, reply, at_us);
}

static void greeted(struct talk *talk, struct bytes text)
{
	struct facts *facts = &talk->facts;
	if (facts->software[0] == '\0')
		greeting_software(facts->software, sizeof(facts->software), text);
}

static void server_line(struct talk *talk, struct bytes line, int64_t at_us)
{
	struct ftp_state *state = STATE(talk, struct ftp_state);
	struct reply reply;
	bool is_reply = reply_read(line, &reply);
	bool is_greeting = !state->has_greeted && waiting_next(&state->waiting) == 0;
	if (is_greeting)
		greeted(talk, is_reply ? reply.text : line);
	/* Lines in between may be anything (RFC 959 4.2). */
	if (state->goes_on != 0 &&
	    (!is_reply || reply.goes_on || reply.code != state->goes_on))
		return;
	if (!is_reply)
		return;
	state->goes_on = reply.goes_on ? (uint16_t)reply.code : 0;
	if (reply.goes_on)
		return;
	state->has_greeted = true;
	reply_said(talk, &reply, at_us);
}

static void server_said(struct talk *talk, struct said *said)
{
	struct ftp_state *state = STATE(talk, struct ftp_state);
	struct bytes line;
	while (talk->protocol == &protocol_ftp &&
	       said_lines_take(&state->lines, said, &line, NULL))
		server_line(talk, line, said->at_us);
}

/* Which commands wait is no longer known. */
static void resume(struct ftp_state *state, unsigned by)
{
	waiting_clear(&state->waiting);
	state->lines.is_long[by] = false;
	state->goes_on = 0;
	state->told = state->asked;
	state->kept = (uint8_t)(state->asked - 1);
	state->has_greeted = true;
}

static void ftp_read(struct talk *talk, struct said *said)
{
	talk->facts.cleartext = 1;
	if (said->after_gap)
		resume(STATE(talk, struct ftp_state), said->by);
	if (said->by == CLIENT)
		client_said(talk, said);
	else
		server_said(talk, said);
}

const struct protocol protocol_ftp = {
	.name = "ftp",
	.doc = "File Transfer Protocol (RFC 959)",
	.transports = { IPPROTO_TCP },
	.ports = { 21, 2121 },
	.turn_max = SAID_LINE_MAX,
	.state_size = sizeof(struct ftp_state),
	.recognise = ftp_recognise,
	.read = ftp_read,
	.asking = &ftp_asking,
};
