/*
 * imap_ask.c: see imap_ask.h.
 *
 * After the greeting we ask what the server can do, start TLS and ask again (RFC 9051
 * 6.2.1), or log in; no mailbox is ever opened.
 */
#include "protocol/imap_ask.h"

#include <netinet/in.h>
#include <stdio.h>

#include "protocol/ask_line.h"

enum stage {
	STAGE_GREETING,
	STAGE_CAPABILITY,
	STAGE_STARTTLS,
	STAGE_AUTHENTICATE, /* PLAIN is named, the answer not yet sent */
	STAGE_LOGIN,        /* all is sent */
};

struct imap_asking_state {
	uint8_t stage, tag; /* the last command has "a<tag>" */
	bool offers_tls, offers_plain, offers_initial, denies_login;
};

static const char logout[] = "a0 LOGOUT\r\n";

/* Begins a command, which the caller ends. */
static void begin(struct ask *ask, enum stage stage, const char *command)
{
	struct imap_asking_state *state = ASK_STATE(ask, struct imap_asking_state);
	state->stage = (uint8_t)stage;
	ask_say(ask, "a%u %s", ++state->tag, command);
}

/* What was offered before TLS does not count (RFC 9051 6.2.1). */
static void ask_capability(struct ask *ask)
{
	struct imap_asking_state *state = ASK_STATE(ask, struct imap_asking_state);
	*state = (struct imap_asking_state){ .tag = state->tag };
	begin(ask, STAGE_CAPABILITY, "CAPABILITY\r\n");
}

/* A quoted string (RFC 9051 4.3). */
static void say_quoted(struct ask *ask, const char *text)
{
	ask_say(ask, " \"");
	for (; *text != '\0'; text++)
		ask_say(ask, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	ask_say(ask, "\"");
}

static void log_in(struct ask *ask)
{
	struct imap_asking_state *state = ASK_STATE(ask, struct imap_asking_state);
	if (state->offers_plain && state->offers_initial) { /* RFC 4959 */
		begin(ask, STAGE_LOGIN, "AUTHENTICATE PLAIN ");
		ask_say_plain(ask);
	} else if (state->offers_plain) {
		begin(ask, STAGE_AUTHENTICATE, "AUTHENTICATE PLAIN\r\n");
	} else if (!state->denies_login) {
		begin(ask, STAGE_LOGIN, "LOGIN");
		say_quoted(ask, ask->question->user);
		say_quoted(ask, ask->question->password);
		ask_say(ask, "\r\n");
	} else {
		ask_leave_without_login(ask, logout, "PLAIN or LOGIN");
	}
}

/* What the server can do is known. */
static void go_on(struct ask *ask)
{
	struct imap_asking_state *state = ASK_STATE(ask, struct imap_asking_state);
	if (ask_would_start_tls(ask) && state->offers_tls)
		begin(ask, STAGE_STARTTLS, "STARTTLS\r\n");
	else if (!ask->in_tls && ask->question->wants_tls)
		ask_leave_without_tls(ask, logout, "STARTTLS");
	else if (ask_logs_in(ask))
		log_in(ask);
	else
		ask_leave(ask, logout);
}

/* "* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN" */
static void read_offer(struct imap_asking_state *state, struct bytes words)
{
	for (;;) {
		struct bytes word = line_word(&words);
		if (word.len == 0)
			return;
		state->offers_tls |= line_is_nocase(word, "starttls");
		state->offers_plain |= line_is_nocase(word, "auth=plain");
		state->offers_initial |= line_is_nocase(word, "sasl-ir");
		state->denies_login |= line_is_nocase(word, "logindisabled");
	}
}

/* What RFC 5530 tells apart: it is not always the password that is wrong. */
static void login_refused(struct ask *ask, struct bytes line, struct bytes text)
{
	static const char *const faults[] = { "[unavailable]", "[serverbug]",
					      "[contactadmin]", "[corruption]" };
	enum reason reason = REASON_login_failed;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (line_starts_nocase(text, faults[i]))
			reason = REASON_error;
	if (line_starts_nocase(text, "[limit]") || line_starts_nocase(text, "[inuse]"))
		reason = REASON_overloaded;
	ask_leave_unwell(ask, logout, reason, line);
}

/* Behind the tag of our last command. */
static void answered(struct ask *ask, struct bytes line, struct bytes rest)
{
	struct imap_asking_state *state = ASK_STATE(ask, struct imap_asking_state);
	bool is_well = line_is_nocase(line_word(&rest), "ok");
	bool logs_in = state->stage >= STAGE_AUTHENTICATE;
	if (is_well && state->stage == STAGE_CAPABILITY)
		go_on(ask);
	else if (is_well && state->stage == STAGE_STARTTLS)
		ask->next = ASK_START_TLS;
	else if (is_well && state->stage == STAGE_LOGIN)
		ask_leave(ask, logout);
	else if (logs_in)
		login_refused(ask, line, line_trim(rest));
	else if (state->stage == STAGE_STARTTLS)
		ask_leave_unwell(ask, logout, REASON_tls_failed, line);
	else
		ask_leave_unwell(ask, logout, ask_refusal(line), line);
}

static void greeted(struct ask *ask, struct bytes line, struct bytes status)
{
	bool is_known = line_is_nocase(status, "preauth");
	if (is_known && ask->question->wants_tls) /* RFC 9051 6.2.1: too late for it */
		ask_leave_without_tls(ask, logout, "STARTTLS to who is logged in");
	else if (is_known || line_is_nocase(status, "ok"))
		ask_capability(ask);
	else
		ask_unwell_said(ask, REASON_wrong_protocol, ASK_CLOSE, line);
}

static void line_said(struct ask *ask, struct bytes line)
{
	struct imap_asking_state *state = ASK_STATE(ask, struct imap_asking_state);
	char tag[8];
	struct bytes rest = line, begin = line_word(&rest);
	snprintf(tag, sizeof(tag), "a%u", state->tag);
	if (line_is_nocase(begin, "*")) {
		struct bytes status = line_word(&rest);
		if (line_is_nocase(status, "bye"))
			ask_unwell_said(ask, ask_refusal(line), ASK_LEAVE, line);
		else if (state->stage == STAGE_GREETING)
			greeted(ask, line, status);
		else if (line_is_nocase(status, "capability"))
			read_offer(state, rest);
	} else if (state->stage == STAGE_GREETING) {
		ask_unwell_said(ask, REASON_wrong_protocol, ASK_CLOSE, line);
	} else if (line_is_nocase(begin, tag)) {
		answered(ask, line, rest);
	} else if (line_is_nocase(begin, "+") && state->stage == STAGE_AUTHENTICATE) {
		state->stage = STAGE_LOGIN;
		ask_say_plain(ask);
	}
}

static void imap_step(struct ask *ask, struct bytes *said)
{
	struct imap_asking_state *state = ASK_STATE(ask, struct imap_asking_state);
	struct bytes line;
	if (state->stage == STAGE_STARTTLS && ask->in_tls) {
		ask->next = ASK_LISTEN;
		ask_capability(ask);
	}
	while (ask_line(ask, said, state->stage == STAGE_GREETING ? "*" : "*+a", &line))
		line_said(ask, line);
}

static void leave_doubtful(struct ask *ask, struct bytes *said)
{
	ask_leave_doubtful(ask, said, logout);
}

const struct asking imap_asking = {
	.transport = IPPROTO_TCP,
	.port = 143,
	.secure_scheme = "imaps",
	.secure_port = 993,
	.has_starttls = true,
	.has_login = true,
	.is_harmless = true,
	.check = ask_line_check,
	.step = imap_step,
	.doubtful_step = leave_doubtful,
};
