/*
 * pop3.c: Post Office Protocol 3, RFC 1939.
 *
 * The server greets, the client commands, each command has a reply: "+OK" or "-ERR".
 * Some replies go on with text that ends with a dot on a line.  Commands may be sent
 * ahead (RFC 2449 6.6), so they queue for their replies.
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/dots.h"
#include "protocol/greeting.h"
#include "protocol/pop3_ask.h"
#include "protocol/replies.h"
#include "protocol/said_line.h"
#include "protocol/sasl.h"
#include "protocol/starttls.h"

extern const struct protocol protocol_pop3;

enum command {
	COMMAND_NONE,
	COMMAND_USER,
	COMMAND_PASS,
	COMMAND_APOP,
	COMMAND_AUTH,
	COMMAND_STLS,
	COMMAND_CAPA,
	COMMAND_TEXT, /* its reply goes on with text */
	COMMAND_OTHER,
};

struct pop3_state {
	struct said_lines lines;
	struct waiting waiting;
	struct dots dots;
	struct sasl sasl;
	bool has_greeted;
	bool in_capabilities, in_text; /* the server is */
	char user[USER_MAX];
};

static const struct talk_notice cleartext_login = {
	.kind = "cleartext_login",
	.technique = "pop3_user",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "without TLS, anyone on the path reads the password (RFC 8314 3)",
};

/* ---- recognising ---- */

/* A command of POP3's, with which a client may begin; and if it is of no other's. */
static enum verdict first_command(struct bytes said, bool *is_own)
{
	static const struct {
		const char *word;
		bool is_own;
	} words[] = {
		{ "user ", false }, { "auth", false }, { "quit", false },
		{ "noop", false },  { "apop ", true }, { "capa", true },
		{ "stls", true },
	};
	enum verdict verdict = VERDICT_NO;
	*is_own = false;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word),
		       have = said.len < len ? said.len : len;
		size_t k = 0;
		while (k < have && line_lower(said.at[k]) == (uint8_t)words[i].word[k])
			k++;
		if (k < have)
			continue;
		verdict = have == len ? VERDICT_YES : VERDICT_MORE;
		*is_own = have == len && words[i].is_own;
	}
	return verdict;
}

static enum verdict greeting(struct bytes said)
{
	if (line_compare(said, "+OK") != VERDICT_YES)
		return (enum verdict)line_compare(said, "+OK");
	if (said.len < 4)
		return VERDICT_MORE;
	return said.at[3] == ' ' || said.at[3] == '\r' ? VERDICT_YES : VERDICT_NO;
}

/* Redis says +OK, too, but never first. */
static enum verdict pop3_recognise(const struct opening *opening)
{
	struct bytes client = opening->said[CLIENT], server = opening->said[SERVER];
	bool is_own = false;
	enum verdict greets = server.len > 0 ? greeting(server) : VERDICT_MORE;
	enum verdict commands =
		client.len > 0 ? first_command(client, &is_own) : VERDICT_MORE;
	if (greets == VERDICT_NO || commands == VERDICT_NO)
		return VERDICT_NO;
	bool was_unasked = client.len == 0 || opening->first == SERVER;
	if (greets == VERDICT_YES && (was_unasked || commands == VERDICT_YES))
		return VERDICT_YES;
	return commands == VERDICT_YES && is_own && server.len == 0 ? VERDICT_YES
								    : VERDICT_MORE;
}

/* ---- logins ---- */

static void tell_login(struct talk *talk, struct bytes user, const char *method,
		       enum outcome outcome, bool is_readable, int64_t at_us)
{
	struct login_seen login = {
		.user = user,
		.outcome = outcome,
		.method = method,
		.seen_by = "packets",
	};
	char name[USER_MAX];
	facts_text(name, sizeof(name), user);
	talk_login(talk, &login, at_us);
	if (is_readable && outcome != OUTCOME_UNKNOWN)
		talk_notice(talk, &cleartext_login, at_us, "POP3 login of %s by %s",
			    name[0] != '\0' ? name : "a user", method);
}

/* RFC 2449 8 and 3206: why a login did not come to pass. */
static enum outcome outcome_of(bool is_well, struct bytes text)
{
	static const char *const others[] = { "[in-use]", "[login-delay]", "[sys/" };
	text = line_trim(text);
	for (unsigned i = 0; i < 3 && !is_well; i++)
		if (line_starts_nocase(text, others[i]))
			return OUTCOME_UNKNOWN;
	return is_well ? OUTCOME_SUCCESS : OUTCOME_FAILURE;
}

static void login_answered(struct talk *talk, enum command command, bool is_well,
			   struct bytes text, int64_t at_us)
{
	struct pop3_state *state = STATE(talk, struct pop3_state);
	enum outcome outcome = outcome_of(is_well, text);
	struct bytes user = bytes_of(state->user, strlen(state->user));
	if (command == COMMAND_PASS)
		tell_login(talk, user, "password", outcome, true, at_us);
	else if (command == COMMAND_APOP)
		tell_login(talk, user, "APOP", outcome, false, at_us);
	else if (state->sasl.responses > 0 || is_well)
		tell_login(talk, sasl_user(&state->sasl), sasl_method(&state->sasl),
			   outcome, sasl_is_readable(&state->sasl), at_us);
	memset(&state->sasl, 0, sizeof(state->sasl));
	state->user[0] = '\0';
}

/* ---- the client ---- */

static enum command command_of(struct bytes word, struct bytes argument)
{
	static const struct {
		const char *word;
		enum command alone, with_argument;
	} words[] = {
		{ "user", COMMAND_OTHER, COMMAND_USER },
		{ "pass", COMMAND_PASS, COMMAND_PASS },
		{ "apop", COMMAND_OTHER, COMMAND_APOP },
		{ "auth", COMMAND_TEXT, COMMAND_AUTH },
		{ "stls", COMMAND_STLS, COMMAND_STLS },
		{ "capa", COMMAND_CAPA, COMMAND_CAPA },
		{ "retr", COMMAND_TEXT, COMMAND_TEXT },
		{ "top", COMMAND_TEXT, COMMAND_TEXT },
		{ "list", COMMAND_TEXT, COMMAND_OTHER },
		{ "uidl", COMMAND_TEXT, COMMAND_OTHER },
	};
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (line_is_nocase(word, words[i].word))
			return argument.len > 0 ? words[i].with_argument
						: words[i].alone;
	return COMMAND_OTHER;
}

static void command_said(struct talk *talk, struct bytes line)
{
	struct pop3_state *state = STATE(talk, struct pop3_state);
	struct bytes word = line_word(&line), argument = line_trim(line);
	enum command command = command_of(word, argument);
	if (command == COMMAND_USER)
		facts_text(state->user, sizeof(state->user), argument);
	if (command == COMMAND_APOP)
		facts_text(state->user, sizeof(state->user), line_word(&argument));
	if (command == COMMAND_AUTH) {
		sasl_begin(&state->sasl, line_word(&argument));
		argument = line_word(&argument);
		if (argument.len > 0)
			sasl_answer(&state->sasl, argument);
	}
	waiting_add(&state->waiting, (uint8_t)command);
}

static void client_said(struct talk *talk, struct said *said)
{
	struct pop3_state *state = STATE(talk, struct pop3_state);
	struct bytes line;
	state->has_greeted = true; /* else that was missed */
	while (said_lines_take(&state->lines, said, &line, NULL)) {
		enum command last = (enum command)waiting_last(&state->waiting);
		if (last == COMMAND_STLS)
			starttls_overtaken(talk, line, said->at_us);
		/* What a client says behind AUTH is no command (RFC 5034 4). */
		if (last == COMMAND_AUTH)
			sasl_answer(&state->sasl, line);
		else
			command_said(talk, line);
	}
}

/* ---- the server ---- */

static void command_answered(struct talk *talk, enum command command, bool is_well,
			     struct bytes text, int64_t at_us)
{
	struct pop3_state *state = STATE(talk, struct pop3_state);
	switch (command) {
	case COMMAND_PASS:
	case COMMAND_APOP:
	case COMMAND_AUTH:
		login_answered(talk, command, is_well, text, at_us);
		break;
	case COMMAND_CAPA:
		state->in_capabilities = is_well;
		break;
	case COMMAND_TEXT:
		state->in_text = is_well;
		dots_begin(&state->dots);
		break;
	case COMMAND_STLS:
		if (is_well)
			starttls_begin(talk);
		break;
	default:
		break;
	}
}

static void capability_said(struct talk *talk, struct bytes line)
{
	struct facts *facts = &talk->facts;
	if (line_starts(line, "."))
		STATE(talk, struct pop3_state)->in_capabilities = false;
	bool is_software = line_starts_nocase(line, "implementation ");
	line_word(&line);
	if (is_software && facts->software[0] == '\0')
		facts_text(facts->software, sizeof(facts->software), line_trim(line));
}

static void server_line(struct talk *talk, struct bytes line, int64_t at_us)
{
	struct pop3_state *state = STATE(talk, struct pop3_state);
	bool is_well = line_starts(line, "+OK");
	if (state->in_capabilities) {
		capability_said(talk, line);
		return;
	}
	if (!is_well && !line_starts(line, "-ERR"))
		return; /* a challenge */
	line_word(&line);
	if (!state->has_greeted) {
		state->has_greeted = true;
		greeting_software(talk->facts.software, sizeof(talk->facts.software),
				  line_trim(line));
		return;
	}
	enum command command = (enum command)waiting_next(&state->waiting);
	waiting_take(&state->waiting);
	/* RFC 3206: all other errors are the client's. */
	bool is_error = !is_well && line_starts_nocase(line_trim(line), "[sys/");
	talk_answered(talk, is_error, UNKNOWN_U64);
	command_answered(talk, command, is_well, line, at_us);
}

static void server_said(struct talk *talk, struct said *said)
{
	struct pop3_state *state = STATE(talk, struct pop3_state);
	struct bytes line;
	while (talk->protocol == &protocol_pop3) {
		if (state->in_text)
			state->in_text = !dots_take(&state->dots, &said->data);
		if (state->in_text ||
		    !said_lines_take(&state->lines, said, &line, NULL))
			return;
		server_line(talk, line, said->at_us);
	}
}

/* Which commands wait is no longer known. */
static void resume(struct pop3_state *state, unsigned by)
{
	waiting_clear(&state->waiting);
	state->lines.is_long[by] = false;
	state->in_text = state->in_capabilities = false;
	state->has_greeted = true;
	memset(&state->sasl, 0, sizeof(state->sasl));
}

static void pop3_read(struct talk *talk, struct said *said)
{
	talk->facts.cleartext = 1;
	if (said->after_gap)
		resume(STATE(talk, struct pop3_state), said->by);
	if (said->by == CLIENT)
		client_said(talk, said);
	else
		server_said(talk, said);
}

const struct protocol protocol_pop3 = {
	.name = "pop3",
	.doc = "Post Office Protocol 3 (RFC 1939)",
	.transports = { IPPROTO_TCP },
	.ports = { 110 },
	.turn_max = SAID_LINE_MAX,
	.state_size = sizeof(struct pop3_state),
	.recognise = pop3_recognise,
	.read = pop3_read,
	.asking = &pop3_asking,
};
