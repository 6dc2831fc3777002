/*
 * pop3_ask.c: see pop3_ask.h.
 *
 * After the greeting we ask what the server can do (RFC 2449 5), start TLS and ask
 * again (RFC 2595 4), or log in.  Who is logged in has locked the letter box until
 * QUIT, which deletes nothing that was not marked.
 */
#include "protocol/pop3_ask.h"

#include <netinet/in.h>

#include "protocol/ask_line.h"

enum stage {
	STAGE_GREETING,
	STAGE_CAPA,
	STAGE_CAPABILITIES, /* its text, to a dot */
	STAGE_STLS,
	STAGE_USER,
	STAGE_PASS,
};

struct pop3_asking_state {
	uint8_t stage;
	bool offers_tls;
};

static const char quit[] = "QUIT\r\n";

static void ask_capabilities(struct ask *ask)
{
	struct pop3_asking_state *state = ASK_STATE(ask, struct pop3_asking_state);
	*state = (struct pop3_asking_state){ .stage = STAGE_CAPA };
	ask_say(ask, "CAPA\r\n");
}

/* What the server can do is known. */
static void go_on(struct ask *ask)
{
	struct pop3_asking_state *state = ASK_STATE(ask, struct pop3_asking_state);
	if (ask_would_start_tls(ask) && state->offers_tls) {
		state->stage = STAGE_STLS;
		ask_say(ask, "STLS\r\n");
	} else if (!ask->in_tls && ask->question->wants_tls) {
		ask_leave_without_tls(ask, quit, "STLS");
	} else if (ask_logs_in(ask)) {
		state->stage = STAGE_USER;
		ask_say(ask, "USER %s\r\n", ask->question->user);
	} else {
		ask_leave(ask, quit);
	}
}

static void agreed(struct ask *ask)
{
	struct pop3_asking_state *state = ASK_STATE(ask, struct pop3_asking_state);
	switch (state->stage) {
	case STAGE_GREETING:
		ask_capabilities(ask);
		break;
	case STAGE_CAPA:
		state->stage = STAGE_CAPABILITIES;
		break;
	case STAGE_STLS:
		ask->next = ASK_START_TLS;
		break;
	case STAGE_USER:
		state->stage = STAGE_PASS;
		ask_say(ask, "PASS %s\r\n", ask->question->password);
		break;
	default:
		ask_leave(ask, quit);
		break;
	}
}

/* RFC 3206 and RFC 2449 8: it is not always the password that is wrong. */
static enum reason login_reason(struct bytes text)
{
	if (line_starts_nocase(text, "[in-use]") ||
	    line_starts_nocase(text, "[login-delay]"))
		return REASON_overloaded;
	return line_starts_nocase(text, "[sys/") ? REASON_error : REASON_login_failed;
}

static void refused(struct ask *ask, struct bytes line, struct bytes text)
{
	struct pop3_asking_state *state = ASK_STATE(ask, struct pop3_asking_state);
	if (state->stage == STAGE_GREETING)
		ask_leave_unwell(ask, quit, ask_refusal(line), line);
	else if (state->stage == STAGE_CAPA) {
		/* It is alive, and too old for CAPA: it may still know STLS. */
		state->offers_tls = ask->question->wants_tls;
		go_on(ask);
	} else if (state->stage == STAGE_STLS) {
		ask_leave_unwell(ask, quit, REASON_tls_missing, line);
	} else {
		ask_leave_unwell(ask, quit, login_reason(text), line);
	}
}

static void line_said(struct ask *ask, struct bytes line)
{
	struct pop3_asking_state *state = ASK_STATE(ask, struct pop3_asking_state);
	struct bytes rest = line, word = line_word(&rest);
	if (state->stage == STAGE_CAPABILITIES) {
		state->offers_tls |= line_is_nocase(word, "stls");
		if (line_is_nocase(word, "."))
			go_on(ask);
	} else if (line_is_nocase(word, "+ok")) {
		agreed(ask);
	} else if (line_is_nocase(word, "-err")) {
		refused(ask, line, line_trim(rest));
	} else {
		ask_unwell_said(ask, REASON_wrong_protocol, ASK_CLOSE, line);
	}
}

static void pop3_step(struct ask *ask, struct bytes *said)
{
	struct pop3_asking_state *state = ASK_STATE(ask, struct pop3_asking_state);
	struct bytes line;
	if (state->stage == STAGE_STLS && ask->in_tls) {
		ask->next = ASK_LISTEN;
		ask_capabilities(ask);
	}
	while (ask_line(ask, said, state->stage == STAGE_CAPABILITIES ? NULL : "+-",
			&line))
		line_said(ask, line);
}

static void leave_doubtful(struct ask *ask, struct bytes *said)
{
	ask_leave_doubtful(ask, said, quit);
}

const struct asking pop3_asking = {
	.transport = IPPROTO_TCP,
	.port = 110,
	.secure_scheme = "pop3s",
	.secure_port = 995,
	.has_starttls = true,
	.has_login = true,
	.is_harmless = true,
	.check = ask_line_check,
	.step = pop3_step,
	.doubtful_step = leave_doubtful,
};
