/*
 * imap.c: Internet Message Access Protocol, RFC 9051 and 3501.
 *
 * The server greets with "* OK"; each command of the client has a tag, which its reply
 * begins with: "a1 OK", "a1 NO", "a1 BAD".  A line that ends with "{n}" goes on behind
 * n octets of anything, a literal.
 */
#include <netinet/in.h>
#include <string.h>

#include "protocol/greeting.h"
#include "protocol/imap_ask.h"
#include "protocol/said_line.h"
#include "protocol/sasl.h"
#include "protocol/starttls.h"

extern const struct protocol protocol_imap;

enum command {
	COMMAND_NONE,
	COMMAND_LOGIN,
	COMMAND_AUTHENTICATE,
	COMMAND_STARTTLS,
	COMMAND_COMPRESS,
	COMMAND_ID,
	COMMAND_OTHER,
};

/* A command whose reply matters. */
struct asked {
	uint8_t command;
	char tag[16], user[48];
};

enum { ASKED_MAX = 4 };
struct imap_state {
	struct said_lines lines;
	struct sasl sasl;
	struct asked asked[ASKED_MAX];
	uint8_t next; /* of asked, to be used */
	bool has_greeted;
	bool goes_on;         /* the client's line, behind a literal */
	bool is_user;         /* the literal at hand names who logs in */
	uint64_t literal_len; /* octets of it to come */
};
_Static_assert(sizeof(struct imap_state) <= TALK_STATE_MAX, "fits a talk");

static const struct talk_notice cleartext_login = {
	.kind = "cleartext_login",
	.technique = "imap_login",
	.severity = "medium",
	.mitre = "T1040",
	.about = ABOUT_SERVICE,
	.why = "without TLS, anyone on the path reads the password (RFC 8314 3)",
};

static const struct {
	const char *word;
	enum command command;
	bool is_opening; /* a client may begin with it */
} words[] = {
	{ "login", COMMAND_LOGIN, true },
	{ "authenticate", COMMAND_AUTHENTICATE, true },
	{ "starttls", COMMAND_STARTTLS, true },
	{ "compress", COMMAND_COMPRESS, false },
	{ "id", COMMAND_ID, true },
	{ "capability", COMMAND_OTHER, true },
	{ "noop", COMMAND_OTHER, true },
	{ "logout", COMMAND_OTHER, true },
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

/* ---- recognising ---- */

static enum verdict greeting(struct bytes said)
{
	static const char *const greetings[] = { "* OK ", "* PREAUTH ", "* BYE " };
	enum verdict verdict = VERDICT_NO;
	for (unsigned i = 0; i < 3; i++) {
		enum verdict fits = (enum verdict)line_compare(said, greetings[i]);
		if (fits != VERDICT_NO)
			verdict = fits;
	}
	return verdict;
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters and digits, at least one of these: "a001", "KJBA0", "1.2"; and a blank. */
static enum verdict take_tag(struct bytes *said)
{
	enum { TAG_MAX = 15 };
	bool has_digit = false;
	for (size_t i = 0; i < said->len; i++) {
		uint8_t c = said->at[i];
		bool is_digit = c >= '0' && c <= '9';
		if (c == ' ' && has_digit) {
			bytes_take(said, i + 1);
			return VERDICT_YES;
		}
		has_digit |= is_digit;
		if ((!is_letter(c) && !is_digit && c != '.') || i == TAG_MAX)
			return VERDICT_NO;
	}
	return VERDICT_MORE;
}

/* "a1 LOGIN " and the like. */
static enum verdict first_command(struct bytes said)
{
	enum { BEGIN_MAX = 32 };
	struct bytes line, rest = said;
	enum verdict tag = take_tag(&rest);
	if (tag != VERDICT_YES)
		return tag;
	bool is_whole = line_take(&rest, &line);
	if (!is_whole)
		line = rest;
	struct bytes word = line_word(&line);
	for (unsigned i = 0; i < WORDS; i++)
		if (words[i].is_opening && line_is_nocase(word, words[i].word) &&
		    (is_whole || line.len > 0))
			return VERDICT_YES;
	return is_whole || said.len >= BEGIN_MAX ? VERDICT_NO : VERDICT_MORE;
}

static enum verdict imap_recognise(const struct opening *opening)
{
	if (opening->said[SERVER].len > 0)
		return greeting(opening->said[SERVER]);
	return opening->said[CLIENT].len > 0 ? first_command(opening->said[CLIENT])
					     : VERDICT_MORE;
}

/* ---- words of a line ---- */

/* An atom or a quoted string, without its quotes. */
static struct bytes string_take(struct bytes *line)
{
	*line = line_trim(*line);
	if (line->len == 0 || line->at[0] != '"')
		return line_word(line);
	bytes_take(line, 1);
	size_t len = 0;
	while (len < line->len && line->at[len] != '"')
		len += line->at[len] == '\\' && len + 1 < line->len ? 2 : 1;
	struct bytes text = bytes_take(line, len);
	if (line->len > 0)
		bytes_take(line, 1);
	return text;
}

/* "... {123}" or "{123+}" (RFC 7888): so many octets follow. */
static bool ends_in_literal(struct bytes line, uint64_t *len)
{
	uint64_t value = 0, scale = 1;
	size_t at = line.len;
	if (at < 3 || line.at[--at] != '}')
		return false;
	if (line.at[at - 1] == '+')
		at--;
	size_t digits = at;
	while (at > 0 && digits - at < 12 && line.at[at - 1] >= '0' &&
	       line.at[at - 1] <= '9') {
		value += (uint64_t)(line.at[--at] - '0') * scale;
		scale *= 10;
	}
	*len = value;
	return at < digits && at > 0 && line.at[at - 1] == '{';
}

/* ID ("name" "x" "version" "y") of RFC 2971: "x y". */
static void id_read(struct bytes line, char *field, size_t size)
{
	struct bytes name = { 0 }, version = { 0 };
	const uint8_t *open = line.len > 0 ? memchr(line.at, '(', line.len) : NULL;
	if (open == NULL)
		return;
	bytes_take(&line, (size_t)(open - line.at) + 1);
	for (unsigned i = 0; i < 30 && line.len > 0; i++) {
		struct bytes key = string_take(&line), value = string_take(&line);
		if (line_is_nocase(key, "name"))
			name = value;
		else if (line_is_nocase(key, "version"))
			version = value;
	}
	if (name.len == 0 || name.len >= size)
		return;
	facts_text(field, size, name);
	if (version.len > 0 && name.len + 2 < size) {
		field[name.len] = ' ';
		facts_text(field + name.len + 1, size - name.len - 1, version);
	}
}

/* ---- what is asked ---- */

static struct asked *ask(struct imap_state *state, enum command command,
			 struct bytes tag)
{
	struct asked *asked = &state->asked[state->next++ % ASKED_MAX];
	asked->command = (uint8_t)command;
	asked->user[0] = '\0';
	facts_text(asked->tag, sizeof(asked->tag), tag);
	return asked;
}

static struct asked *newest(struct imap_state *state)
{
	return &state->asked[(state->next + ASKED_MAX - 1u) % ASKED_MAX];
}

/* The one with that tag, or NULL. */
static struct asked *asked_by(struct imap_state *state, struct bytes tag)
{
	for (unsigned i = 0; i < ASKED_MAX; i++) {
		struct asked *asked = &state->asked[i];
		if (asked->command != COMMAND_NONE && strlen(asked->tag) == tag.len &&
		    memcmp(asked->tag, tag.at, tag.len) == 0)
			return asked;
	}
	return NULL;
}

/* ---- the client ---- */

static void login_said(struct imap_state *state, struct asked *asked, struct bytes rest)
{
	uint64_t len;
	struct bytes user = string_take(&rest);
	state->is_user = ends_in_literal(user, &len) && rest.len == 0;
	if (!state->is_user)
		facts_text(asked->user, sizeof(asked->user), user);
}

static void command_said(struct talk *talk, struct bytes line)
{
	struct imap_state *state = STATE(talk, struct imap_state);
	enum command command = COMMAND_OTHER;
	struct bytes tag = line_word(&line), word = line_word(&line);
	for (unsigned i = 0; i < WORDS; i++)
		if (line_is_nocase(word, words[i].word))
			command = words[i].command;
	if (command == COMMAND_ID)
		id_read(line, talk->facts.client_software,
			sizeof(talk->facts.client_software));
	if (command == COMMAND_ID || command == COMMAND_OTHER || tag.len == 0)
		return;
	struct asked *asked = ask(state, command, tag);
	if (command == COMMAND_LOGIN)
		login_said(state, asked, line);
	if (command == COMMAND_AUTHENTICATE) {
		sasl_begin(&state->sasl, line_word(&line));
		line = line_word(&line);
		if (line.len > 0)
			sasl_answer(&state->sasl, line);
	}
}

static void client_line(struct talk *talk, struct bytes line, int64_t at_us)
{
	struct imap_state *state = STATE(talk, struct imap_state);
	uint8_t last = newest(state)->command;
	state->is_user = false;
	if (last == COMMAND_STARTTLS)
		starttls_overtaken(talk, line, at_us);
	/* What a client says behind AUTHENTICATE is no command (RFC 9051 6.2.2). */
	if (!state->goes_on && last == COMMAND_AUTHENTICATE) {
		sasl_answer(&state->sasl, line);
		return;
	}
	if (!state->goes_on)
		command_said(talk, line);
	state->goes_on = ends_in_literal(line, &state->literal_len);
}

/* Takes a literal, or what is here of it.  False if it goes on. */
static bool take_literal(struct imap_state *state, struct said *said)
{
	struct asked *asked = newest(state);
	if (state->literal_len == 0)
		return true;
	bool is_name = state->is_user && state->literal_len < sizeof(asked->user);
	if (is_name && said->data.len < state->literal_len && !said->ends)
		return false;
	size_t here = state->literal_len < said->data.len ? (size_t)state->literal_len
							  : said->data.len;
	struct bytes literal = bytes_take(&said->data, here);
	state->literal_len -= here;
	if (is_name)
		facts_text(asked->user, sizeof(asked->user), literal);
	return state->literal_len == 0;
}

static void client_said(struct talk *talk, struct said *said)
{
	struct imap_state *state = STATE(talk, struct imap_state);
	struct bytes line;
	state->has_greeted = true; /* else that was missed */
	while (take_literal(state, said) &&
	       said_lines_take(&state->lines, said, &line, NULL))
		client_line(talk, line, said->at_us);
}

/* ---- the server ---- */

/* RFC 5530: its own fault. */
static bool is_server_fault(struct bytes text)
{
	static const char *const codes[] = { "[serverbug]", "[unavailable]",
					     "[corruption]" };
	for (unsigned i = 0; i < 3; i++)
		if (line_starts_nocase(text, codes[i]))
			return true;
	return false;
}

/* Told to come again with TLS, or at another time, nobody was refused. */
static enum outcome outcome_of(struct bytes status, struct bytes text)
{
	if (line_is_nocase(status, "ok"))
		return OUTCOME_SUCCESS;
	bool is_refused = line_is_nocase(status, "no") && !is_server_fault(text) &&
			  !line_starts_nocase(text, "[privacyrequired]");
	return is_refused ? OUTCOME_FAILURE : OUTCOME_UNKNOWN;
}

static void login_answered(struct talk *talk, const struct asked *asked,
			   enum outcome outcome, int64_t at_us)
{
	struct imap_state *state = STATE(talk, struct imap_state);
	bool is_sasl = asked->command == COMMAND_AUTHENTICATE;
	const char *user = is_sasl ? state->sasl.user : asked->user;
	const char *method = is_sasl ? sasl_method(&state->sasl) : "LOGIN";
	struct login_seen login = {
		.user = bytes_of(user, strlen(user)),
		.outcome = outcome,
		.method = method,
		.seen_by = "packets",
	};
	if (outcome == OUTCOME_UNKNOWN)
		return;
	talk_login(talk, &login, at_us);
	if (!is_sasl || sasl_is_readable(&state->sasl))
		talk_notice(talk, &cleartext_login, at_us, "IMAP login of %s by %s",
			    user[0] != '\0' ? user : "a user", method);
}

static void command_answered(struct talk *talk, const struct asked *asked,
			     struct bytes status, struct bytes text, int64_t at_us)
{
	bool is_well = line_is_nocase(status, "ok");
	switch (asked->command) {
	case COMMAND_LOGIN:
	case COMMAND_AUTHENTICATE:
		login_answered(talk, asked, outcome_of(status, text), at_us);
		break;
	case COMMAND_STARTTLS:
		if (is_well)
			starttls_begin(talk);
		break;
	case COMMAND_COMPRESS:
		if (is_well)
			talk_done(talk); /* RFC 4978: what follows is packed */
		break;
	default:
		break;
	}
}

static void tagged_said(struct talk *talk, struct bytes tag, struct bytes status,
			struct bytes text, int64_t at_us)
{
	struct imap_state *state = STATE(talk, struct imap_state);
	struct asked *asked = asked_by(state, tag);
	talk_answered(talk, !line_is_nocase(status, "ok") && is_server_fault(text),
		      UNKNOWN_U64);
	if (!line_is_nocase(status, "ok")) {
		/* A literal that was not wanted does not come. */
		state->literal_len = 0;
		state->goes_on = false;
	}
	if (asked == NULL)
		return;
	struct asked answered = *asked;
	asked->command = COMMAND_NONE;
	command_answered(talk, &answered, status, text, at_us);
}

static void server_line(struct talk *talk, struct said *said, struct bytes line)
{
	struct imap_state *state = STATE(talk, struct imap_state);
	struct facts *facts = &talk->facts;
	struct bytes rest = line;
	struct bytes tag = line_word(&rest), status = line_word(&rest);
	uint64_t len;
	rest = line_trim(rest);
	if (line_is_nocase(tag, "*") && !state->has_greeted) {
		state->has_greeted = true;
		greeting_software(facts->software, sizeof(facts->software), rest);
	} else if (line_is_nocase(tag, "*") && line_is_nocase(status, "id")) {
		id_read(rest, facts->software, sizeof(facts->software));
	} else if (line_is_nocase(status, "ok") || line_is_nocase(status, "no") ||
		   line_is_nocase(status, "bad")) {
		if (!line_is_nocase(tag, "*"))
			tagged_said(talk, tag, status, rest, said->at_us);
	}
	if (talk->protocol == &protocol_imap && ends_in_literal(line, &len))
		talk_pass(talk, said, len);
}

static void server_said(struct talk *talk, struct said *said)
{
	struct imap_state *state = STATE(talk, struct imap_state);
	struct bytes line;
	while (talk->protocol == &protocol_imap && !talk->done &&
	       said_lines_take(&state->lines, said, &line, NULL))
		server_line(talk, said, line);
}

/* What was asked is no longer known. */
static void resume(struct imap_state *state, unsigned by)
{
	memset(state->asked, 0, sizeof(state->asked));
	memset(&state->sasl, 0, sizeof(state->sasl));
	state->lines.is_long[by] = false;
	state->goes_on = state->is_user = false;
	state->literal_len = 0;
	state->has_greeted = true;
}

static void imap_read(struct talk *talk, struct said *said)
{
	talk->facts.cleartext = 1;
	if (said->after_gap)
		resume(STATE(talk, struct imap_state), said->by);
	if (said->by == CLIENT)
		client_said(talk, said);
	else
		server_said(talk, said);
}

const struct protocol protocol_imap = {
	.name = "imap",
	.doc = "Internet Message Access Protocol (RFC 9051)",
	.transports = { IPPROTO_TCP },
	.ports = { 143 },
	.turn_max = SAID_LINE_MAX,
	.state_size = sizeof(struct imap_state),
	.recognise = imap_recognise,
	.read = imap_read,
	.asking = &imap_asking,
};
