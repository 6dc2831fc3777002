/*
 * telnet.c: Telnet, RFC 854.
 *
 * Text goes both ways, with commands in it that begin with IAC; either side opens with
 * options: WILL, WONT, DO or DONT.  Who logs in answers the server's prompts, a key at
 * a time or a line at a time.  A prompt is what the server's text ends with when the
 * client types on.
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/line.h"
#include "protocol/protocol.h"
#include "protocol/telnet.h"

enum {
	OPTION_MAX = 49,
	OPTION_OLD_ENVIRON = 36, /* RFC 1408 */
	OPTION_ENCRYPT = 38,     /* RFC 2946 */
	OPTION_ENVIRON = 39,     /* RFC 1572 */
	ENCRYPT_START = 3,
	/* Of a server that asks nobody for a name. */
	TEXT_MAX = 16384,
};

enum stage {
	STAGE_TEXT,
	STAGE_COMMAND,     /* behind IAC */
	STAGE_OPTION,      /* behind WILL and the like */
	STAGE_SUB,         /* between SB and SE */
	STAGE_SUB_COMMAND, /* behind IAC there */
};

/* Where a login is. */
enum step {
	STEP_IDLE,
	STEP_USER,     /* a name is asked for */
	STEP_NAMED,    /* and was given */
	STEP_PASSWORD, /* a password is asked for */
	STEP_RESULT,   /* and was given */
};

struct telnet_state {
	uint8_t stage[2];
	uint8_t step;
	bool has_spoken; /* the server, since the client typed */
	bool is_ahead;   /* the password was typed before it was asked for */
	bool had_password;
	bool was_return; /* the client's last octet */
	uint8_t line_len, user_len, sub_len;
	uint16_t text;    /* octets of the server without a prompt */
	uint8_t line[96]; /* the server's line at hand: its end, if it is longer */
	uint8_t sub[112]; /* the client's options at hand: their begin */
	char user[USER_MAX];
};
_Static_assert(sizeof(struct telnet_state) <= TALK_STATE_MAX, "fits a talk");

static const struct talk_notice telnet = {
	.kind = "weak_protocol",
	.technique = "telnet",
	.severity = "low",
	.about = ABOUT_SERVICE,
	.why = "all of it can be read and changed on the way (RFC 854)",
};
static const struct talk_notice cleartext_login = {
	.kind = "cleartext_login",
	.technique = "telnet",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "anyone on the path reads the password",
};
static const struct talk_notice user_option = {
	.kind = "protocol_anomaly",
	.technique = "telnet_user_option",
	.severity = "high",
	.mitre = "T1190",
	.about = ABOUT_CLIENT,
	.why = "servers that hand it to login as an option let anybody in "
	       "(CVE-2026-24061, CVE-2007-0882)",
};

/* ---- recognising ---- */

static enum verdict negotiation(struct bytes said)
{
	if (said.len == 0)
		return VERDICT_MORE;
	if (said.at[0] != TELNET_IAC)
		return VERDICT_NO;
	if (said.len < 3)
		return VERDICT_MORE;
	bool asks = said.at[1] >= TELNET_WILL && said.at[1] <= TELNET_DONT;
	if (!asks || said.at[2] > OPTION_MAX)
		return VERDICT_NO;
	/* UTF-16 begins like DONT. */
	if (said.at[1] != TELNET_DONT)
		return VERDICT_YES;
	if (said.len < 4)
		return VERDICT_MORE;
	return said.at[3] == TELNET_IAC ? VERDICT_YES : VERDICT_NO;
}

static bool ends_with(struct bytes text, const char *word)
{
	size_t len = strlen(word);
	text = line_trim(text);
	return text.len >= len &&
	       line_starts_nocase(bytes_of(text.at + text.len - len, len), word);
}

static bool asks_for_user(struct bytes line)
{
	bool is_history = line_starts_nocase(line_trim(line), "last ");
	return !is_history &&
	       (ends_with(line, "login:") || ends_with(line, "username:") ||
		ends_with(line, "user name:") || ends_with(line, "user:"));
}

/* On the usual port some ask for a name without any option. */
static enum verdict prompt(const struct opening *opening)
{
	struct bytes said = opening->said[SERVER];
	if (opening->port[SERVER] != 23)
		return VERDICT_NO;
	for (size_t i = 0; i < said.len; i++)
		if (said.at[i] >= 0x7f || (said.at[i] < 0x20 && said.at[i] != '\r' &&
					   said.at[i] != '\n' && said.at[i] != '\t'))
			return VERDICT_NO;
	return asks_for_user(said) ? VERDICT_YES : VERDICT_MORE;
}

static enum verdict telnet_recognise(const struct opening *opening)
{
	enum verdict client = negotiation(opening->said[CLIENT]);
	enum verdict server = negotiation(opening->said[SERVER]);
	if (client == VERDICT_YES || server == VERDICT_YES)
		return VERDICT_YES;
	if (server == VERDICT_NO)
		return prompt(opening);
	return client == VERDICT_NO && server == VERDICT_MORE &&
			       opening->said[SERVER].len == 0
		       ? VERDICT_NO
		       : VERDICT_MORE;
}

/* ---- logins ---- */

static void tell_login(struct talk *talk, enum outcome outcome, int64_t at_us)
{
	struct telnet_state *state = STATE(talk, struct telnet_state);
	struct login_seen login = {
		.user = bytes_of(state->user, state->user_len),
		.outcome = outcome,
		.method = state->had_password ? "password" : NULL,
		.seen_by = "packets",
	};
	talk_login(talk, &login, at_us);
	if (outcome != OUTCOME_UNKNOWN && state->had_password)
		talk_notice(talk, &cleartext_login, at_us, "Telnet login of %s",
			    state->user_len > 0 ? talk->facts.user : "a user");
	state->step = STEP_IDLE;
	state->had_password = state->is_ahead = false;
	state->user_len = 0;
	if (outcome == OUTCOME_SUCCESS)
		talk_done(talk);
}

static bool contains(struct bytes line, const char *word)
{
	for (size_t i = 0; i + strlen(word) <= line.len; i++)
		if (line_starts_nocase(bytes_of(line.at + i, line.len - i), word))
			return true;
	return false;
}

/* A line that the server ended, while the outcome is open. */
static void judge_line(struct talk *talk, struct bytes line, int64_t at_us)
{
	static const char *const refusals[] = { "incorrect", "invalid",      "fail",
						"denied",    "bad password", "wrong" };
	enum { REFUSAL_MAX = 64 }; /* longer ones are what is told to all */
	line = line_trim(line);
	/* "Last login:", and even "Last failed login:", greet who got in. */
	if (line_starts_nocase(line, "last ") || contains(line, "welcome")) {
		tell_login(talk, OUTCOME_SUCCESS, at_us);
		return;
	}
	for (unsigned i = 0; i < 6 && line.len <= REFUSAL_MAX; i++) {
		if (contains(line, refusals[i])) {
			tell_login(talk, OUTCOME_FAILURE, at_us);
			return;
		}
	}
}

static bool is_shell_prompt(struct bytes line)
{
	line = line_trim(line);
	return line.len > 0 && memchr("$#>%", line.at[line.len - 1], 4) != NULL;
}

/* The server's text is complete: the client types on, or it is over. */
static void judge_prompt(struct talk *talk, int64_t at_us)
{
	struct telnet_state *state = STATE(talk, struct telnet_state);
	struct bytes line = bytes_of(state->line, state->line_len);
	bool is_open = state->step == STEP_NAMED || state->step == STEP_RESULT;
	bool was_given = state->step == STEP_RESULT && !state->is_ahead;
	if (asks_for_user(line)) {
		if (is_open && state->had_password)
			tell_login(talk, OUTCOME_FAILURE, at_us);
		state->step = STEP_USER;
		state->user_len = 0;
		state->text = 0;
	} else if (ends_with(line, "password:") || ends_with(line, "passcode:")) {
		uint8_t user_len = state->user_len;
		if (was_given)
			tell_login(talk, OUTCOME_FAILURE, at_us);
		state->user_len = user_len; /* asked for again */
		state->step = state->is_ahead ? STEP_RESULT : STEP_PASSWORD;
		state->is_ahead = false;
		state->text = 0;
	} else if (is_open && is_shell_prompt(line)) {
		tell_login(talk, OUTCOME_SUCCESS, at_us);
	}
}

/* ---- text ---- */

static void server_text(struct talk *talk, uint8_t c, int64_t at_us)
{
	struct telnet_state *state = STATE(talk, struct telnet_state);
	size_t half = sizeof(state->line) / 2;
	if (state->text == 0)
		talk_notice(talk, &telnet, at_us, "Telnet is spoken");
	state->has_spoken = true;
	if (++state->text > TEXT_MAX) {
		talk_done(talk);
		return;
	}
	if (c == '\n') {
		struct bytes line = bytes_of(state->line, state->line_len);
		if (state->step == STEP_NAMED || state->step == STEP_RESULT)
			judge_line(talk, line, at_us);
		state->line_len = 0;
		return;
	}
	if (c == '\r' || c == '\0')
		return;
	if (state->line_len == sizeof(state->line)) {
		memmove(state->line, state->line + half, half);
		state->line_len = (uint8_t)half;
	}
	state->line[state->line_len++] = c;
}

static void user_typed(struct telnet_state *state, uint8_t c)
{
	enum { BACKSPACE = 8, CANCEL = 21, DELETE = 127 };
	if (c == CANCEL)
		state->user_len = 0;
	else if ((c == BACKSPACE || c == DELETE) && state->user_len > 0)
		state->user_len--;
	else if (c >= ' ' && c != DELETE && state->user_len < sizeof(state->user))
		state->user[state->user_len++] = (char)c;
}

/* The client ended a line. */
static void line_typed(struct telnet_state *state)
{
	switch ((enum step)state->step) {
	case STEP_USER:
		if (state->user_len > 0)
			state->step = STEP_NAMED;
		break;
	case STEP_NAMED:
		/* Whoever does not wait types the password next. */
		state->is_ahead = state->had_password = true;
		break;
	case STEP_PASSWORD:
		state->step = STEP_RESULT;
		state->had_password = true;
		break;
	default:
		break;
	}
}

static void client_text(struct talk *talk, uint8_t c, int64_t at_us)
{
	struct telnet_state *state = STATE(talk, struct telnet_state);
	/* CR comes with LF or NUL behind it (RFC 854); some say LF alone. */
	bool ends_twice = c == '\0' || (c == '\n' && state->was_return);
	state->was_return = c == '\r';
	if (ends_twice)
		return;
	if (state->has_spoken)
		judge_prompt(talk, at_us);
	state->has_spoken = false;
	if (c == '\r' || c == '\n')
		line_typed(state);
	else if (state->step == STEP_USER)
		user_typed(state, c);
}

/* ---- options ---- */

/* Takes a variable or its value; ESC makes the next octet an ordinary one. */
static struct bytes word_take(struct bytes *list)
{
	enum { VAR = 0, VALUE = 1, ESC = 2, USERVAR = 3 };
	size_t len = 0;
	while (len < list->len && list->at[len] != VAR && list->at[len] != VALUE &&
	       list->at[len] != USERVAR)
		len += list->at[len] == ESC && len + 1 < list->len ? 2 : 1;
	return bytes_take(list, len);
}

/* The user's name that the client sends ahead (RFC 1572). */
static void environment_said(struct talk *talk, struct bytes list, int64_t at_us)
{
	struct telnet_state *state = STATE(talk, struct telnet_state);
	bytes_u8(&list); /* IS or INFO */
	for (unsigned i = 0; i < sizeof(state->sub) && list.len > 0; i++) {
		bytes_u8(&list);
		struct bytes name = word_take(&list), value = { 0 };
		if (list.len > 0 && list.at[0] == 1) {
			bytes_u8(&list);
			value = word_take(&list);
		}
		if (!line_is_nocase(name, "user") || value.len == 0)
			continue;
		state->user_len = 0;
		for (size_t k = 0; k < value.len; k++)
			user_typed(state, value.at[k]);
		facts_text(talk->facts.user, sizeof(talk->facts.user), value);
		if (value.at[0] == '-')
			talk_notice(talk, &user_option, at_us,
				    "a user called \"%s\" in the environment",
				    talk->facts.user);
	}
}

static void sub_said(struct talk *talk, unsigned by, int64_t at_us)
{
	struct telnet_state *state = STATE(talk, struct telnet_state);
	struct bytes list = bytes_of(state->sub, state->sub_len);
	uint8_t option = bytes_u8(&list);
	if (by != CLIENT || list.len == 0)
		return;
	if (option == OPTION_ENVIRON || option == OPTION_OLD_ENVIRON)
		environment_said(talk, list, at_us);
	if (option == OPTION_ENCRYPT && list.at[0] == ENCRYPT_START) {
		talk->facts.cleartext = 0;
		talk_done(talk);
	}
}

static void sub_add(struct telnet_state *state, unsigned by, uint8_t c)
{
	if (by == CLIENT && state->sub_len < sizeof(state->sub))
		state->sub[state->sub_len++] = c;
}

static void command_said(struct telnet_state *state, unsigned by, uint8_t c)
{
	state->stage[by] = STAGE_TEXT;
	if (c >= TELNET_WILL && c <= TELNET_DONT)
		state->stage[by] = STAGE_OPTION;
	if (c == TELNET_SB)
		state->stage[by] = STAGE_SUB;
	if (c == TELNET_SB && by == CLIENT)
		state->sub_len = 0;
}

static void octet_said(struct talk *talk, unsigned by, uint8_t c, int64_t at_us)
{
	struct telnet_state *state = STATE(talk, struct telnet_state);
	uint8_t *stage = &state->stage[by];
	switch ((enum stage) * stage) {
	case STAGE_TEXT:
		if (c == TELNET_IAC)
			*stage = STAGE_COMMAND;
		else if (by == CLIENT)
			client_text(talk, c, at_us);
		else
			server_text(talk, c, at_us);
		break;
	case STAGE_COMMAND:
		command_said(state, by, c);
		break;
	case STAGE_OPTION:
		*stage = STAGE_TEXT;
		break;
	case STAGE_SUB:
		if (c == TELNET_IAC)
			*stage = STAGE_SUB_COMMAND;
		else
			sub_add(state, by, c);
		break;
	case STAGE_SUB_COMMAND:
		*stage = c == TELNET_SE ? STAGE_TEXT : STAGE_SUB;
		if (c == TELNET_SE)
			sub_said(talk, by, at_us);
		else
			sub_add(state, by, c);
		break;
	}
}

/* Whose words were lost may have been asked, or have answered, in them. */
static void resume(struct telnet_state *state, unsigned by)
{
	state->stage[by] = STAGE_TEXT;
	state->step = STEP_IDLE;
	state->had_password = state->is_ahead = state->has_spoken = false;
	state->line_len = state->user_len = 0;
}

static void telnet_read(struct talk *talk, struct said *said)
{
	struct telnet_state *state = STATE(talk, struct telnet_state);
	talk->facts.cleartext = 1;
	if (said->after_gap)
		resume(state, said->by);
	while (said->data.len > 0 && !talk->done)
		octet_said(talk, said->by, bytes_u8(&said->data), said->at_us);
}

static void telnet_end(struct talk *talk, int64_t at_us)
{
	struct telnet_state *state = STATE(talk, struct telnet_state);
	if (talk->done)
		return;
	if (state->has_spoken)
		judge_prompt(talk, at_us);
	if (state->had_password)
		tell_login(talk, OUTCOME_UNKNOWN, at_us);
}

const struct protocol protocol_telnet = {
	.name = "telnet",
	.doc = "Telnet (RFC 854)",
	.transports = { IPPROTO_TCP },
	.ports = { 23, 2323 },
	.state_size = sizeof(struct telnet_state),
	.recognise = telnet_recognise,
	.read = telnet_read,
	.asking = &telnet_asking,
	.end = telnet_end,
};
